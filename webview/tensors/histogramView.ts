/** How the numbers of a tensor are spread: bars, or the same as a table. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import type { Histogram, Statistics } from '../../src/protocol/tensors';
import type { TensorsApp } from './tensorsApp';
import { valueText } from './texts';

const HEIGHT = 72;

export function histogramView(
  app: TensorsApp,
  histogram: Histogram | null,
  statistics: Statistics | null,
): TemplateResult | typeof nothing {
  // one value or none is said in words
  if (statistics !== null && statistics.min === statistics.max) return nothing;
  const counts = histogram ? new Float64Array(histogram.counts) : new Float64Array(64);
  return html`
    <section class="histogram" aria-label="Histogram">
      <header>
        <h3>Values</h3>
        ${histogram ? beyond(histogram) : nothing}
      </header>
      ${
        histogram && app.state.taste.asTable
          ? asTable(histogram, counts)
          : html`${bars(app.state.paneWidth, histogram, counts)} ${axis(histogram)}`
      }
    </section>
  `;
}

const binText = ({ from, to }: Histogram, bin: number, bins: number): string => {
  const width = (to - from) / bins;
  // a bin for each whole number is called by it
  if (width === 1 && from % 1 !== 0) return valueText(from + 0.5 + bin);
  return `${valueText(from + bin * width)} to ${valueText(from + (bin + 1) * width)}`;
};

function bars(width: number, histogram: Histogram | null, counts: Float64Array): TemplateResult {
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const step = width / counts.length;
  const gap = step > 3 ? 1 : 0;
  return html`
    <svg
      class="bars"
      width=${width}
      height=${HEIGHT}
      role="img"
      aria-label=${spoken(histogram, counts)}
    >
      ${
        histogram
          ? [...counts].map((count, bin) => {
              const height = count === 0 ? 0 : Math.max(1, (count / most) * (HEIGHT - 2));
              return svg`<rect
                x=${bin * step} y=${HEIGHT - 1 - height} width=${step - gap} height=${height}
              ><title>${binText(histogram, bin, counts.length)}: ${countText(count)}</title></rect>`;
            })
          : nothing
      }
      <line class="axis" x2=${width} y1=${HEIGHT - 0.5} y2=${HEIGHT - 0.5} />
    </svg>
  `;
}

function spoken(histogram: Histogram | null, counts: Float64Array): string {
  if (!histogram) return 'Histogram, not read yet';
  const top = counts.indexOf(counts.reduce((a, b) => Math.max(a, b), 0));
  const ends = `${valueText(histogram.from)} to ${valueText(histogram.to)}`;
  return `Histogram from ${ends}; most values at ${binText(histogram, top, counts.length)}`;
}

function axis(histogram: Histogram | null): TemplateResult {
  if (!histogram) return html`<div class="bar-axis" aria-hidden="true"></div>`;
  const { from, to } = histogram;
  const zero = (0 - from) / (to - from);
  const hasZero = zero > 0.12 && zero < 0.88;
  return html`
    <div class="bar-axis" aria-hidden="true">
      <span>${valueText(from)}</span>
      ${hasZero ? html`<svg width="100%" height="14"><text x="${zero * 100}%" y="11">0</text></svg>` : nothing}
      <span>${valueText(to)}</span>
    </div>
  `;
}

/** Nothing is left out in silence. */
function beyond({ below, above }: Histogram): TemplateResult | typeof nothing {
  if (below + above === 0) return nothing;
  const parts = [
    below > 0 ? `${countText(below)} lower` : '',
    above > 0 ? `${countText(above)} higher` : '',
  ].filter(Boolean);
  return html`<span class="faint">beyond: ${parts.join(', ')}</span>`;
}

const asTable = (histogram: Histogram, counts: Float64Array): TemplateResult => html`
  <div class="bins" role="region" tabindex="0" aria-label="Histogram as a table">
    <table>
      <thead>
        <tr>
          <th scope="col">Values</th>
          <th scope="col">Count</th>
        </tr>
      </thead>
      <tbody>
        ${[...counts].map(
          (count, bin) =>
            html`<tr>
              <td>${binText(histogram, bin, counts.length)}</td>
              <td>${countText(count)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>
`;
