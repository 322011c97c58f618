/** What the caches of all adapters take, each way as a bar, and what it costs to build and go on. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { StudyReport, VariantSummary } from '../../src/protocol/cacheStudy';
import { css } from '../theme/cssProperties';
import type { CacheStudyApp } from './cacheStudyApp';
import { memoryText, strategyLooks, variantName } from './words';

export function memoryView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { variants, adapters } = report;
  const { variant } = app;
  const rows = rowsOf(variants, variant);
  const most = Math.max(...rows.map(v => v.total_bytes));
  return html`
    <section class="memory-part" aria-label="Memory">
      <div class="part-head">
        <h2>Memory for ${adapters.length === 1 ? 'an adapter' : `${adapters.length} adapters`}</h2>
        <span class="spacer"></span>
        <span class="faint"><span class="swatch shared"></span>shared base</span>
      </div>
      <ul class="bars">
        ${rows.map(v => barView(v, { most, isChosen: v.variant === variant?.variant, report }))}
      </ul>
      ${variant ? factsView(variant, report) : ''}
    </section>
  `;
}

/** One of each strategy: the chosen one, or its first. */
const rowsOf = (all: readonly VariantSummary[], chosen: VariantSummary | undefined) =>
  [...new Set(all.map(v => v.strategy))].map(strategy =>
    chosen?.strategy === strategy ? chosen : all.find(v => v.strategy === strategy)!,
  );

interface Bar {
  most: number;
  isChosen: boolean;
  report: StudyReport;
}

function barView(v: VariantSummary, { most, isChosen, report }: Bar): TemplateResult {
  const percent = (bytes: number) => `${(100 * bytes) / most}%`;
  const own = report.results.filter(r => r.variant === v.variant).map(r => r.bytes);
  const { slot } = strategyLooks[v.strategy];
  return html`
    <li class=${isChosen ? 'chosen' : ''} ${css({ '--own': `var(--wr-series-${slot})` })}>
      <span class="name">${variantName(v)}</span>
      <span class="bar" aria-hidden="true">
        ${
          v.shared_bytes > 0
            ? html`<span class="shared" ${css({ width: percent(v.shared_bytes) })}></span>`
            : nothing
        }${own
          .filter(bytes => bytes > 0)
          .map(bytes => html`<span class="own" ${css({ width: percent(bytes) })}></span>`)}
      </span>
      <span class="bytes">${memoryText(v.total_bytes)}</span>
      <span class="ratio">${v.ratio.toFixed(1)}×</span>
    </li>
  `;
}

function factsView(v: VariantSummary, { adapters }: StudyReport): TemplateResult {
  const without = adapters.flatMap(a => a.tokens_per_second_without_cache ?? []);
  const none = without.reduce((sum, x) => sum + x, 0) / Math.max(1, without.length);
  const ms = (seconds: number) => `${Number((seconds * 1000).toPrecision(2))}\u2009ms`;
  const speed = (x: number) => x.toFixed(x >= 100 ? 0 : 1);
  const facts: [string, string][] = [
    [
      'Pays from',
      v.break_even === null
        ? 'never: it is the full cache'
        : v.break_even === 1
          ? '1 adapter'
          : `${v.break_even} adapters`,
    ],
    ['Build, expand per adapter', `${ms(v.build_seconds)}, ${ms(v.expand_seconds)}`],
    ['Decode from it, without a cache', `${speed(v.tokens_per_second)}, ${speed(none)} tok/s`],
  ];
  return html`<dl class="facts">
    ${facts.map(
      ([what, value]) =>
        html`<div>
          <dt>${what}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
