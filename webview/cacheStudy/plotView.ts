/** Quality against memory of every way of keeping caches, the Pareto front marked; also as a table. */
import { type SVGTemplateResult, type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import type { StudyReport, VariantSummary } from '../../src/protocol/cacheStudy';
import { iconButton } from '../controls/toolkit';
import type { CacheStudyApp } from './cacheStudyApp';
import { markAt, markOf } from './marks';
import { klText, memoryText, percentText, strategyLooks, variantName } from './words';

const [WIDTH, HEIGHT] = [400, 270];
const AREA = { left: 52, right: 380, top: 16, bottom: 224 };

export function plotView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { asTable } = app.state.taste;
  return html`
    <section class="plot-part" aria-label="Quality against memory">
      <div class="part-head">
        <h2>Quality against memory</h2>
        <span class="spacer"></span>
        <span class="faint">logit KL, mean of ${report.adapters.length}</span>
        ${iconButton({
          icon: 'table',
          label: asTable ? 'Show as a plot' : 'Show as a table',
          isPressed: asTable,
          onClick: () => app.prefer({ asTable: !asTable }),
        })}
      </div>
      ${asTable ? tableView(app, report) : pictureView(app, report)}
    </section>
  `;
}

interface Axes {
  x(bytes: number): number;
  y(kl: number): number;
  bytes: readonly number[];
  kls: readonly number[];
}

function axesOf(variants: readonly VariantSummary[]): Axes {
  const bytes = variants.map(v => v.total_bytes);
  const [least, most] = [Math.min(...bytes) / 1.08, Math.max(...bytes) * 1.08];
  const kls = variants.flatMap(v => (v.kl > 0 ? [v.kl] : []));
  const low = Math.floor(Math.log10(Math.max(1e-12, Math.min(...kls, 1))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...kls, 1e-12))));
  const span = Math.log(most / least) || 1;
  const room = AREA.bottom - AREA.top - 24; // below it, 0
  const decades = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (high - i));
  return {
    x: b => AREA.left + (Math.log(b / least) / span) * (AREA.right - AREA.left),
    y: kl => (kl <= 0 ? AREA.bottom : AREA.top + ((high - Math.log10(kl)) / (high - low)) * room),
    bytes: ticksBetween(least, most),
    kls: decades.length > 6 ? decades.filter((_, i) => i % 2 === 0) : decades,
  };
}

/** Round numbers of bytes, by halves and doubles. */
function ticksBetween(least: number, most: number): number[] {
  const steps =
    most / least > 3
      ? [1]
      : most / least > 1.6
        ? [1, 1.25, 1.5, 1.75]
        : [1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9];
  const ticks: number[] = [];
  for (let power = 2 ** Math.floor(Math.log2(least)); power < most; power *= 2)
    for (const step of steps)
      if (power * step >= least && power * step <= most) ticks.push(power * step);
  const most4 = Math.ceil(ticks.length / 5);
  return ticks.filter((_, i) => i % most4 === 0);
}

function pictureView(app: CacheStudyApp, report: StudyReport): TemplateResult {
  const { variants, adapters } = report;
  const axes = axesOf(variants);
  const chosen = app.variant;
  const front = variants
    .filter(v => v.on_front)
    .sort((a, b) => a.total_bytes - b.total_bytes)
    .map(v => `${axes.x(v.total_bytes)},${axes.y(v.kl)}`);
  const strategies = [...new Set(variants.map(v => v.strategy))];
  return html`
    <svg
      class="plot quality"
      viewBox="0 0 ${WIDTH} ${HEIGHT}"
      role="img"
      aria-label="KL against bytes of ${variants.length} ways; on the front: ${variants
        .filter(v => v.on_front)
        .map(variantName)
        .join(', ')}. T shows a table."
    >
      ${axes.kls.map(
        kl => svg`
          <line class="grid-line" x1=${AREA.left} x2=${AREA.right} y1=${axes.y(kl)} y2=${axes.y(kl)} />
          <text x=${AREA.left - 8} y=${axes.y(kl) + 4} text-anchor="end">${klText(kl)}</text>`,
      )}
      <line
        class="axis-line"
        x1=${AREA.left}
        x2=${AREA.right}
        y1=${AREA.bottom}
        y2=${AREA.bottom}
      />
      <text x=${AREA.left - 8} y=${AREA.bottom + 4} text-anchor="end">0</text>
      ${axes.bytes.map(
        bytes => svg`
          <line class="axis-line" x1=${axes.x(bytes)} x2=${axes.x(bytes)} y1=${AREA.bottom} y2=${AREA.bottom + 4} />
          <text x=${axes.x(bytes)} y=${AREA.bottom + 16} text-anchor="middle">${memoryText(bytes)}</text>`,
      )}
      <text class="faint-text" x=${AREA.left} y=${AREA.bottom + 34}>↓ lower is better</text>
      <text class="faint-text" x=${AREA.right} y=${AREA.bottom + 34} text-anchor="end">
        cache for ${adapters.length}
      </text>
      <polyline class="front" points=${front.join(' ')} />
      ${variants.map(v => pointView(app, v, axes))} ${chosen ? labelView(chosen, axes) : nothing}
    </svg>
    <p class="marks-legend">
      ${strategies.map(s => html`<span>${markOf(s)}${strategyLooks[s].name}</span>`)}
      <span class="faint">hollow: beaten by another; dashed: Pareto front</span>
    </p>
  `;
}

function pointView(app: CacheStudyApp, v: VariantSummary, axes: Axes): SVGTemplateResult {
  const at = { x: axes.x(v.total_bytes), y: axes.y(v.kl) };
  const isChosen = v.variant === app.variant?.variant;
  return svg`
    <g class="point" @click=${() => app.choose(v)}>
      <title>${variantName(v)}: KL ${klText(v.kl)}, ${memoryText(v.total_bytes)}</title>
      ${isChosen ? svg`<circle class="ring" cx=${at.x} cy=${at.y} r="10" />` : nothing}
      ${markAt(v.strategy, { ...at, isHollow: !v.on_front })}
      <circle class="target" cx=${at.x} cy=${at.y} r="11" />
    </g>
  `;
}

function labelView(v: VariantSummary, axes: Axes): SVGTemplateResult {
  const [x, y] = [axes.x(v.total_bytes), axes.y(v.kl)];
  const isRight = x > (AREA.left + AREA.right) / 2;
  return svg`<text
    class="chosen-label"
    x=${isRight ? x - 14 : x + 14}
    y=${y - 8}
    text-anchor=${isRight ? 'end' : 'start'}
  >${variantName(v)}</text>`;
}

const tableView = (app: CacheStudyApp, { variants }: StudyReport): TemplateResult => html`
  <div class="table-frame" tabindex="0" role="group" aria-label="Ways of keeping caches">
    <table class="numbers">
      <thead>
        <tr>
          <th scope="col">Kept</th>
          <th scope="col">Cache</th>
          <th scope="col">KL</th>
          <th scope="col">Top-1</th>
          <th scope="col">Tok/s</th>
        </tr>
      </thead>
      <tbody>
        ${variants.map(
          v => html`
            <tr class=${v.variant === app.variant?.variant ? 'chosen' : ''}>
              <th scope="row">
                <button type="button" class="link" @click=${() => app.choose(v)}>
                  ${variantName(v)}</button
                >${v.on_front ? ' ●' : ''}
              </th>
              <td>${memoryText(v.total_bytes)}</td>
              <td>${klText(v.kl)}</td>
              <td>${percentText(v.top1_agreement)}</td>
              <td>${countText(v.tokens_per_second)}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
    <p class="faint">● on the Pareto front</p>
  </div>
`;
