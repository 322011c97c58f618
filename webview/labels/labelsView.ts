/** The whole view: verdict, shares of all tokens, the card of the run, the examples. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText } from '../../src/curves/numberText';
import type { LabelTotals, RunCard } from '../../src/protocol/labelsView';
import { iconButton, segments, textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import { exampleView } from './exampleView';
import { keyHelp } from './keys';
import type { LabelsApp } from './labelsApp';

export function labelsView(app: LabelsApp): TemplateResult {
  const { connection, snapshot, isNarrow, isHelpOpen } = app.state;
  if (connection !== 'ready' || !snapshot) return opening();
  const { totals, card, examples, problem } = snapshot;
  return html`
    <div class="view ${isNarrow ? 'narrow' : 'wide'}">
      ${toolbar(app)}
      <main class="labels" tabindex="-1">
        ${
          problem
            ? html`<p class="callout error" role="alert">
                ${icon('error', 'bad')}<span>${problem.message}</span>
              </p>`
            : nothing
        }
        ${totals ? [verdict(totals), shares(totals)] : nothing}
        ${card ? runCard(app, card) : nothing}
        ${!totals && snapshot.isReading ? reading() : nothing}
        <ol class="examples" aria-label="Examples">
          ${examples.map((example, place) => exampleView(app, example, place))}
        </ol>
      </main>
      ${footer(app)} ${isHelpOpen ? keyHelp(app) : nothing}
    </div>
  `;
}

const opening = (): TemplateResult => html` <main class="empty appears-late">${reading()}</main> `;

const reading = (): TemplateResult => html`
  <p role="status">${icon('loading', 'active', true)} Reading the examples</p>
`;

function toolbar(app: LabelsApp): TemplateResult {
  const { snapshot, isNarrow, shows, isHelpOpen } = app.state;
  return html`
    <header class="toolbar">
      <h1>Labels</h1>
      ${isNarrow ? nothing : html`<p class="faint about">${snapshot?.label}</p>`}
      <span class="spacer"></span>
      ${segments(
        'shows',
        'Show',
        [
          { value: 'tokens', label: 'Tokens', title: 'Token by token, with ids on hover (T)' },
          { value: 'text', label: 'Text', title: 'As it reads (T)' },
        ],
        shows,
        value => app.show(value),
      )}
      ${
        snapshot?.isTrusted
          ? iconButton({
              icon: 'refresh',
              label: 'Read again',
              isDisabled: snapshot.isReading,
              onClick: () => void app.ask('read', { from: snapshot.examples[0]?.index ?? 0 }),
            })
          : textButton({
              icon: 'shield',
              label: 'Manage workspace trust',
              onClick: () => void app.ask('trust', null),
            })
      }
      ${iconButton({
        icon: 'question',
        label: 'Keys (?)',
        isPressed: isHelpOpen,
        onClick: () => app.set({ isHelpOpen: !isHelpOpen }),
      })}
    </header>
  `;
}

/** What is wrong, or that nothing is. */
function verdict({ examples, unmarked, cutBefore, cut }: LabelTotals): TemplateResult {
  const left = unmarked + cutBefore;
  const isBad = left === examples;
  const kind = isBad ? 'bad' : left + cut > 0 ? 'warn' : 'ok';
  const iconOf = { bad: 'error', warn: 'warning', ok: 'pass' } as const;
  const notes = [
    unmarked > 0 ? `${countOf(unmarked, 'example')} without a trained token` : '',
    cutBefore > 0 ? `${countOf(cutBefore, 'example')} cut before the answer begins` : '',
    cut > cutBefore ? `${countOf(cut - cutBefore, 'example')} cut in the answer` : '',
  ].filter(Boolean);
  return html`
    <p class="verdict" role="status">
      ${icon(iconOf[kind], kind)}
      <strong
        >${isBad ? 'Nothing would be trained' : `${countText(examples - left)} of ${countOf(examples, 'example')} train`}</strong
      >
      ${notes.length > 0 ? html`<span class="faint">${notes.join(' · ')}</span>` : nothing}
    </p>
  `;
}

/** Of all tokens of all rows. */
function shares({ tokens, rows, rowLength, padding }: LabelTotals): TemplateResult {
  const all = { ...tokens, padding: Math.round(padding * rows * rowLength) };
  const total = Math.max(1, all.trained + all.masked + all.padding + all.cut);
  const kinds = ['trained', 'masked', 'padding', 'cut'] as const;
  const percent = (n: number) => `${((100 * n) / total).toFixed(1)} %`;
  return html`
    <div class="shares">
      <div class="bar" aria-hidden="true">
        ${kinds.map(kind =>
          all[kind] > 0
            ? html`<span class=${kind} .style=${`flex-grow: ${all[kind]}`}></span>`
            : nothing,
        )}
      </div>
      <dl class="legend">
        ${kinds.map(
          kind => html`
            <div>
              <dt><span class="swatch ${kind}"></span>${kind}</dt>
              <dd>${countText(all[kind])} <span class="faint">${percent(all[kind])}</span></dd>
            </div>
          `,
        )}
        <div>
          <dt>rows</dt>
          <dd>${countText(rows)} <span class="faint">of ${countOf(rowLength, 'token')}</span></dd>
        </div>
      </dl>
    </div>
  `;
}

const runCard = (app: LabelsApp, { facts, warnings }: RunCard): TemplateResult => html`
  <section class="run-card" aria-label="The run">
    <dl>
      ${facts.map(
        ({ label, value }) =>
          html`<div>
            <dt class="faint">${label}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${warnings.map(
      ({ isError, message }) =>
        html`<p
          class="callout ${isError ? 'error' : 'warning'}"
          role=${isError ? 'alert' : 'status'}
        >
          ${icon(isError ? 'error' : 'warning', isError ? 'bad' : 'warn')}<span>${message}</span>
        </p>`,
    )}
    <p class="actions">
      ${textButton({
        kind: 'primary',
        icon: 'play',
        label: 'Train',
        onClick: () => void app.ask('train', null),
      })}
      ${textButton({ label: 'Plan', onClick: () => void app.ask('openPlan', null) })}
      ${textButton({ label: 'Config', onClick: () => void app.ask('openConfig', null) })}
    </p>
  </section>
`;

function footer(app: LabelsApp): TemplateResult {
  const { snapshot, notice } = app.state;
  const { examples = [], totals, isReading } = snapshot ?? {};
  const first = examples[0]?.index ?? 0;
  return html`
    <footer class="footer">
      ${
        totals && examples.length > 0
          ? html`<span
                >examples ${countText(first)}–${countText(first + examples.length - 1)} of
                ${countText(totals.examples)}</span
              >
              ${iconButton({
                icon: 'arrowUp',
                label: 'Examples before',
                isDisabled: first === 0 || isReading === true,
                onClick: () => void app.page(-1),
              })}
              ${iconButton({
                icon: 'arrowDown',
                label: 'Next examples',
                isDisabled: first + examples.length >= totals.examples || isReading === true,
                onClick: () => void app.page(1),
              })}`
          : nothing
      }
      <span class="spacer"></span>
      ${
        notice
          ? html`<span class="notice error" role="status">${icon('error', 'bad')}${notice}</span>`
          : isReading
            ? html`<span role="status">${icon('loading', 'active', true)} reading</span>`
            : nothing
      }
    </footer>
  `;
}
