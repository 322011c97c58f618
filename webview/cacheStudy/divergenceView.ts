/** Where each adapter's text first differs from that of its full cache, a row for each strategy. */
import { type TemplateResult, html, svg } from 'lit/html.js';
import type { StudyReport, VariantSummary } from '../../src/protocol/cacheStudy';
import type { CacheStudyApp } from './cacheStudyApp';
import { markAt } from './marks';
import { variantName } from './words';

const ROW = 24;
const NAME = 128;
const RIGHT = 28;

export function divergenceView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const rows = rowsOf(app, report);
  const tokens = report.results[0]?.greedy_ids.length ?? 0;
  const width = Math.max(240, app.state.mapWidth);
  const x = (at: number) => NAME + (at / tokens) * (width - NAME - RIGHT);
  const ticks = [0, 0.25, 0.5, 0.75].map(share => Math.round(share * tokens));
  const height = rows.length * ROW;
  const summary = rows
    .map(
      row =>
        `${variantName(row)}: ${divergences(report, row)
          .map(d => d ?? 'none')
          .join(', ')}`,
    )
    .join('; ');
  return html`
    <section class="divergence-part" aria-label="First divergence">
      <div class="part-head">
        <h2>First divergence</h2>
        <span class="faint">one mark for each adapter</span>
      </div>
      <svg
        class="plot"
        width=${width}
        height=${height + 20}
        role="img"
        aria-label="First divergent token. ${summary}"
      >
        ${[...new Set(ticks), tokens].map(
          tick => svg`
            <line class="grid-line" x1=${x(tick)} x2=${x(tick)} y1="0" y2=${height} />
            <text x=${x(tick)} y=${height + 14} text-anchor="middle">${tick === tokens ? 'none' : tick}</text>
          `,
        )}
        <text class="row-name" x=${NAME - 12} y=${height + 14} text-anchor="end">token</text>
        ${rows.map((row, i) => {
          const y = i * ROW + ROW / 2;
          return svg`
            <line class="row-line" x1=${NAME} x2=${width - RIGHT} y1=${y} y2=${y} />
            <text
              class="row-name ${row.variant === app.variant?.variant ? 'chosen' : ''}"
              x=${NAME - 12} y=${y + 4} text-anchor="end">${variantName(row)}</text>
            ${divergences(report, row).map(at => markAt(row.strategy, { x: x(at ?? tokens), y }))}
          `;
        })}
      </svg>
    </section>
  `;
}

/** A variant of each strategy but the truth, the chosen one first. */
function rowsOf(app: CacheStudyApp, { variants }: StudyReport): VariantSummary[] {
  const { variant } = app;
  const strategies = [...new Set(variants.map(v => v.strategy))].filter(s => s !== 'full');
  const rows = strategies.map(
    strategy =>
      (variant?.strategy === strategy ? variant : undefined) ??
      variants.find(v => v.strategy === strategy && v.store === variant?.store) ??
      variants.find(v => v.strategy === strategy)!,
  );
  const isChosen = (v: VariantSummary) => (v.variant === variant?.variant ? 0 : 1);
  return rows.sort((a, b) => isChosen(a) - isChosen(b));
}

const divergences = ({ results }: StudyReport, { variant }: VariantSummary): (number | null)[] =>
  results.filter(r => r.variant === variant).map(r => r.first_divergence);
