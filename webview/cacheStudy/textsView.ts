/** What the model goes on with from each cache, side by side, the first difference marked. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { StudyReport, StudyResult } from '../../src/protocol/cacheStudy';
import { menuView } from '../controls/menu';
import { textButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import type { CacheStudyApp } from './cacheStudyApp';
import { markOf } from './marks';
import { equalText, klText, memoryText, strategyLooks, variantName } from './words';

export function textsView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const shown = shownResults(app, report);
  const [truth] = shown;
  return html`
    <section class="texts-part" aria-label="Greedy continuation">
      <div class="part-head">
        <h2>Greedy continuation</h2>
        ${adapterMenu(app, report)}
        <span class="spacer"></span>
        <span class="chips"
          >${shown
            .slice(1)
            .map(
              result => html`
                <span class="chip ${result.first_divergence === null ? 'equal' : 'differs'}">
                  ${icon(result.first_divergence === null ? 'pass' : 'gitCompare')}
                  ${nameOf(result)}: ${equalText(result)}
                </span>
              `,
            )}</span
        >
      </div>
      <div class="texts" tabindex="0" role="group" aria-label="Texts">
        ${shown.map(result => textView(result, truth!, report))}
      </div>
    </section>
  `;
}

/** The truth, what is chosen, and something to hold against it. */
function shownResults(app: CacheStudyApp, report: StudyReport): StudyResult[] {
  const { adapter, variant } = app;
  if (!adapter || !variant) return [];
  const own = report.results.filter(r => r.adapter === adapter.adapter);
  const truth = own.find(r => r.strategy === 'full');
  const chosen = own.find(r => r.variant === variant.variant);
  const order = ['lowrank-v-pinv', 'lowrank-kv', 'base', 'lowrank-v'] as const;
  const rest = order.filter(name => name !== variant.strategy);
  const against = rest.flatMap(
    name =>
      own.find(r => r.strategy === name && r.store === variant.store) ??
      own.find(r => r.strategy === name) ??
      [],
  );
  const picked = [truth, chosen?.strategy === 'full' ? undefined : chosen, ...against];
  return picked.filter(r => r !== undefined).slice(0, 3);
}

const nameOf = (result: StudyResult): string =>
  variantName({
    ...result,
    rank: result.variant.endsWith('/own') ? 'own' : (result.rank ?? 'own'),
  });

function textView(result: StudyResult, truth: StudyResult, report: StudyReport): TemplateResult {
  const { slot } = strategyLooks[result.strategy];
  const isTruth = result.strategy === 'full';
  return html`
    <article class="text" ${css({ '--own': `var(--wr-series-${slot})` })}>
      <h3>${markOf(result.strategy)}${nameOf(result)}</h3>
      <div class="words">${wordsOf(result, truth)}</div>
      <p class="faint">
        ${isTruth ? 'truth' : `KL ${klText(result.kl)}`} ·
        ${memoryText(result.bytes + (isTruth ? 0 : report.base_bytes))}
      </p>
    </article>
  `;
}

/** Split where the texts part; in ids when there is no text. */
function wordsOf(result: StudyResult, truth: StudyResult): TemplateResult {
  const at = result.first_divergence;
  const ids = result.greedy_ids;
  if (result.greedy_text === undefined) {
    const words = ids.map((id, i) =>
      i === at
        ? html`<mark>${id}</mark> `
        : html`<span class=${at !== null && i < at ? 'same' : ''}>${id} </span>`,
    );
    return html`${words}`;
  }
  const text = result.greedy_text;
  const other = truth.greedy_text ?? '';
  if (at === null) return html`${text}`;
  let parts = 0;
  while (parts < text.length && text[parts] === other[parts]) parts++;
  const length = /^\s*\S+/.exec(text.slice(parts))?.[0].length ?? 1;
  return html`<span class="same">${text.slice(0, parts)}</span
    ><mark>${text.slice(parts, parts + length)}</mark>${text.slice(parts + length)}`;
}

function adapterMenu(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { menu } = app.state;
  return html`
    <span class="menu-anchor">
      ${textButton({
        label: app.adapter?.adapter ?? '',
        isExpanded: menu === 'adapter',
        onClick: () => app.toggleMenu('adapter'),
      })}
      ${
        menu === 'adapter'
          ? menuView({
              label: 'Adapter',
              checks: 'one',
              items: report.adapters.map(({ adapter, r }) => ({
                label: adapter,
                detail: `r ${r}`,
                isChecked: adapter === app.adapter?.adapter,
                choose: () => app.prefer({ adapter }),
              })),
              close: () => app.set({ menu: null }),
            })
          : nothing
      }
    </span>
  `;
}
