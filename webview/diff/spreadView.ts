/** How values of both sides and their differences are spread: pictures, or the same as a table. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import type { DiffApp } from './diffApp';
import { differenceText } from './texts';
import type { Spread } from './viewState';

const HEIGHT = 64;

export function spreadView(app: DiffApp): TemplateResult | typeof nothing {
  const { detail, taste, paneWidth } = app.state;
  const spread = detail?.row === app.chosen ? detail?.spread : undefined;
  if (spread === null) return nothing;
  const width = Math.floor((paneWidth - 16) / 2);
  if (taste.asTable && spread) return asTable(spread);
  return html`
    <div class="spreads">
      <section aria-label="Values">
        <header>
          <h3>Values</h3>
          <span class="spacer"></span>
          <span class="line-key"><span class="solid" aria-hidden="true"></span> left</span>
          <span class="line-key"><span class="dashed" aria-hidden="true"></span> right</span>
        </header>
        ${spread ? valuesPicture(spread, width) : empty(width)}
      </section>
      <section aria-label="Difference">
        <header>
          <h3>Difference</h3>
          <span class="spacer"></span>
          <span class="faint">log count</span>
        </header>
        ${spread ? differencePicture(spread, width) : empty(width)}
      </section>
    </div>
  `;
}

const empty = (width: number): TemplateResult =>
  html`<svg width=${width} height=${HEIGHT + 14} aria-hidden="true"></svg>`;

function valuesPicture({ left, right, values }: Spread, width: number): TemplateResult {
  const most = Math.max(1, ...left, ...right);
  const line = (counts: Float64Array) => {
    const step = width / counts.length;
    const points = [...counts].map((count, i) => {
      const y = HEIGHT - (count / most) * (HEIGHT - 4);
      return `${i === 0 ? 'M' : 'L'}${(i * step).toFixed(1)} ${y.toFixed(1)}H${((i + 1) * step).toFixed(1)}`;
    });
    return points.join('');
  };
  return html`
    <svg
      class="spread"
      width=${width}
      height=${HEIGHT + 14}
      role="img"
      aria-label="Values of both sides from ${differenceText(values.from)} to ${differenceText(values.to)}"
    >
      <path class="left-area" d="${line(left)}V${HEIGHT}H0Z" />
      <path class="left-line" d=${line(left)} />
      <path class="right-line" d=${line(right)} />
      ${axis(values, width)}
    </svg>
  `;
}

function differencePicture({ difference, differences }: Spread, width: number): TemplateResult {
  const most = Math.log1p(Math.max(1, ...difference));
  const step = width / difference.length;
  const middle = (difference.length - 1) / 2;
  return html`
    <svg
      class="spread"
      width=${width}
      height=${HEIGHT + 14}
      role="img"
      aria-label="Differences from ${differenceText(differences.from)} to ${differenceText(differences.to)}"
    >
      ${[...difference].map((count, i) => {
        const height = count === 0 ? 0 : Math.max(1, (Math.log1p(count) / most) * (HEIGHT - 4));
        return svg`<rect
          class=${i === middle ? 'none' : 'some'}
          x=${i * step} y=${HEIGHT - height} width=${Math.max(0.5, step - 1)} height=${height}
        ><title>${binText(differences, i, difference.length)}: ${countText(count)}</title></rect>`;
      })}
      ${axis(differences, width)}
    </svg>
  `;
}

const axis = ({ from, to }: { from: number; to: number }, width: number) => svg`
  <line class="axis" x2=${width} y1=${HEIGHT + 0.5} y2=${HEIGHT + 0.5} />
  <text x="0" y=${HEIGHT + 12}>${differenceText(from)}</text>
  ${from < 0 && to > 0 ? svg`<text x=${(-from / (to - from)) * width} y=${HEIGHT + 12} text-anchor="middle">0</text>` : nothing}
  <text x=${width} y=${HEIGHT + 12} text-anchor="end">${differenceText(to)}</text>
`;

const binText = ({ from, to }: { from: number; to: number }, bin: number, bins: number): string => {
  const width = (to - from) / bins;
  return `${differenceText(from + bin * width)} to ${differenceText(from + (bin + 1) * width)}`;
};

const asTable = ({ values, left, right, differences, difference }: Spread): TemplateResult => html`
  <div class="bins" role="region" tabindex="0" aria-label="Values and differences as tables">
    <table>
      <thead>
        <tr>
          <th scope="col">Values</th>
          <th scope="col">Left</th>
          <th scope="col">Right</th>
        </tr>
      </thead>
      <tbody>
        ${[...left].map(
          (count, bin) =>
            html`<tr>
              <td>${binText(values, bin, left.length)}</td>
              <td>${countText(count)}</td>
              <td>${countText(right[bin]!)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    <table>
      <thead>
        <tr>
          <th scope="col">Difference</th>
          <th scope="col">Count</th>
        </tr>
      </thead>
      <tbody>
        ${[...difference].map(
          (count, bin) =>
            html`<tr>
              <td>${binText(differences, bin, difference.length)}</td>
              <td>${countText(count)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>
`;
