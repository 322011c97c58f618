/** What would make the step fit, of which one is chosen, and how full the banks are in each phase. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText, shortText } from '../../src/curves/numberText';
import type { MemoryPlan, MemorySuggestion } from '../../src/protocol/memoryView';
import { textButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { megabytes } from './bankMap';
import type { MemoryApp } from './memoryApp';

export function suggestionsView(app: MemoryApp, plan: MemoryPlan): TemplateResult {
  const { offered, chosen } = app;
  const { showsPairs } = app.state;
  const most = Math.max(plan.bankBytes, ...offered.map(s => s.perBankBytes));
  return html`
    <section class="suggestions" aria-label=${plan.fits ? 'What takes less' : 'What would fit'}>
      <h2>${plan.fits ? 'What takes less' : 'What would fit'}</h2>
      <fieldset role="radiogroup" aria-label="Changes of the config">
        ${offered.map(s => suggestionView(app, s, { isChosen: s === chosen, most, plan }))}
      </fieldset>
      <p class="actions">
        ${
          chosen?.canApply
            ? textButton({
                kind: 'primary',
                label: 'Apply to YAML',
                onClick: () => void app.apply(),
              })
            : nothing
        }
        ${
          plan.pairs.length > 0
            ? textButton({
                label: showsPairs ? 'One change' : 'Combine two',
                onClick: () => app.set({ showsPairs: !showsPairs, suggestion: null }),
              })
            : nothing
        }
      </p>
    </section>
  `;
}

interface Shown {
  isChosen: boolean;
  most: number;
  plan: MemoryPlan;
}

function suggestionView(
  app: MemoryApp,
  { id, title, detail, perBankBytes, fits }: MemorySuggestion,
  { isChosen, most, plan }: Shown,
): TemplateResult {
  const percent = (bytes: number) => `${(100 * bytes) / most}%`;
  return html`
    <label class="suggestion ${isChosen ? 'chosen' : ''} ${fits ? 'fits' : 'short'}">
      <input
        type="radio"
        name="suggestion"
        .checked=${isChosen}
        @change=${() => app.set({ suggestion: id })}
      />
      <span class="name">${title}</span>
      <span class="verdict-word"
        >${icon(fits ? 'pass' : 'error', fits ? 'ok' : 'bad')}
        ${fits ? 'fits' : 'still short'}</span
      >
      <span class="detail faint">${detail}</span>
      <span class="meter" aria-hidden="true"
        ><span class="full" ${css({ width: percent(perBankBytes) })}></span
        ><span class="limit" ${css({ left: percent(plan.bankBytes) })}></span
      ></span>
      <span class="bytes">${megabytes(perBankBytes)} MB</span>
    </label>
  `;
}

export function phasesView(plan: MemoryPlan): TemplateResult {
  const { phases, bankBytes, failure, largestFreeBlockBytes, lostShare, largestBatch } = plan;
  const most = Math.max(bankBytes, ...phases.map(p => p.perBankBytes)) * 1.1;
  const height = (bytes: number) => `${(100 * bytes) / most}%`;
  return html`
    <section class="phases" aria-label="Peak by phase">
      <h2>Peak by phase</h2>
      <div class="phase-bars">
        <span class="limit" ${css({ bottom: height(bankBytes) })} aria-hidden="true"></span>
        ${phases.map(
          p => html`
            <div class="phase ${p.isPeak ? 'peak' : ''}">
              <span class="share ${p.perBankBytes > bankBytes ? 'over' : ''}"
                >${shortText((100 * p.perBankBytes) / bankBytes)} %</span
              >
              <span class="column" ${css({ height: height(p.perBankBytes) })}></span>
            </div>
          `,
        )}
      </div>
      <div class="phase-names">
        ${phases.map(p => html`<span class=${p.isPeak ? 'peak' : ''}>${p.title}</span>`)}
      </div>
      <dl>
        ${
          failure
            ? html`<div>
                  <dt>First buffer that fails</dt>
                  <dd title=${failure.buffer}>${failure.category}</dd>
                </div>
                <div>
                  <dt class="faint buffer-name">${failure.buffer}</dt>
                  <dd></dd>
                </div>
                <div>
                  <dt>It needs, per bank</dt>
                  <dd>${megabytes(failure.perBankBytes)} MB</dd>
                </div>
                <div>
                  <dt>Largest free block then</dt>
                  <dd>${megabytes(failure.largestFreeBlockBytes)} MB</dd>
                </div>`
            : html`<div>
                <dt>Largest free block</dt>
                <dd>${megabytes(largestFreeBlockBytes)} MB</dd>
              </div>`
        }
        <div>
          <dt>Lost to padding and alignment</dt>
          <dd>${shortText(100 * lostShare)} %</dd>
        </div>
        <div>
          <dt>Largest batch that fits</dt>
          <dd>${largestBatch === 0 ? 'none' : countText(largestBatch)}</dd>
        </div>
      </dl>
    </section>
  `;
}
