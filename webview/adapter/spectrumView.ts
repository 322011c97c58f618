/** The singular values of a layer's change, of one adapter or of two: lines, or the same as a table. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { shortText, tickText } from '../../src/curves/numberText';
import { SvgPath } from '../../src/curves/svg';
import { scaleOf } from '../../src/curves/scale';
import { ticksOf } from '../../src/curves/ticks';
import { iconButton } from '../controls/toolkit';
import type { AdapterApp } from './adapterApp';
import type { Row, Side } from './adapterRows';
import { sideLetters } from './texts';

const [HEIGHT, TOP, BOTTOM, LEFT, RIGHT] = [176, 8, 22, 44, 8];
/** With more, marks would run together. */
const MOST_MARKS = 40;
const LARGE_ENOUGH = 1e-12;

interface Line {
  readonly side: Side;
  readonly values: readonly number[];
}

export function spectrumView(app: AdapterApp, row: Row): TemplateResult {
  const { asTable } = app.state.taste;
  const lines = (['first', 'second'] as const).flatMap((side): Line[] => {
    const values = row[side]?.singularValues;
    return values ? [{ side, values }] : [];
  });
  return html`
    <section class="spectrum" aria-label="Singular values">
      <header>
        <h3>Singular values of scale · B · A</h3>
        <span class="spacer"></span>
        ${iconButton({
          icon: 'table',
          label: 'As a table (T)',
          isPressed: asTable,
          onClick: () => app.prefer({ asTable: !asTable }),
        })}
      </header>
      ${asTable ? valueTable(app, lines) : chart(app, lines)}
    </section>
  `;
}

function chart(app: AdapterApp, lines: readonly Line[]): TemplateResult {
  const width = Math.min(app.state.paneWidth, 640);
  const rank = Math.max(...lines.map(({ values }) => values.length));
  const most = Math.max(...lines.map(({ values }) => values[0] ?? 0), LARGE_ENOUGH);
  const length = HEIGHT - TOP - BOTTOM;
  const values = scaleOf('linear', [0, most * 1.05], [HEIGHT - BOTTOM, TOP]);
  const places = scaleOf('linear', [1, Math.max(2, rank)], [LEFT + 6, width - RIGHT - 4]);
  const axes: Axes = { x: places.toPixel, y: values.toPixel };
  const { x, y } = axes;
  const ticks = ticksOf(values, { length, distance: 30 });
  const step = ticks[1] ?? most;
  const numbered = ticksOf(places, { length: width - LEFT, distance: 40, whole: true });
  return html`
    <svg class="chart" width=${width} height=${HEIGHT} role="img" aria-label=${spoken(lines)}>
      ${ticks.map(
        value => svg`
          <line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(value)} y2=${y(value)}></line>
          <text class="tick" x=${LEFT - 6} y=${y(value) + 4} text-anchor="end">${tickText(value, step, true)}</text>`,
      )}
      ${numbered
        .filter(k => k <= rank)
        .map(
          k => svg`<text class="tick" x=${x(k)} y=${HEIGHT - 6} text-anchor="middle">${k}</text>`,
        )}
      ${lines.map(({ side, values }) => lineView(side, values, axes))}
    </svg>
  `;
}

interface Axes {
  /** Of the singular value with this number, from 1. */
  readonly x: (k: number) => number;
  readonly y: (value: number) => number;
}

function lineView(side: Side, values: readonly number[], { x, y }: Axes) {
  const path = new SvgPath();
  values.forEach((value, i) => (i === 0 ? path.moveTo(x(i + 1), y(value)) : path.lineTo(x(i + 1), y(value)))); // prettier-ignore
  return svg`
    <path class="line ${side}" d=${path.toString()}></path>
    ${
      values.length > MOST_MARKS
        ? nothing
        : values.map(
            (value, i) => svg`
              <circle class="mark ${side}" cx=${x(i + 1)} cy=${y(value)} r="3"><title>${sideLetters[side]}: σ ${i + 1} = ${shortText(value)}</title></circle>`,
          )
    }`;
}

function spoken(lines: readonly Line[]): string {
  const said = lines.map(({ side, values }) => {
    const [largest = 0, last = 0] = [values[0], values.at(-1)];
    const whose = lines.length > 1 ? `${sideLetters[side]}: ` : '';
    return `${whose}${values.length} values from ${shortText(largest)} to ${shortText(last)}`;
  });
  return `Singular values. ${said.join('; ')}`;
}

function valueTable(app: AdapterApp, lines: readonly Line[]): TemplateResult {
  const rank = Math.max(...lines.map(({ values }) => values.length));
  return html`
    <table class="numbers">
      <thead>
        <tr>
          <th scope="col">σ</th>
          ${lines.map(({ side }) => html`<th scope="col">${app.second ? sideLetters[side] : 'value'}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${Array.from(
          { length: rank },
          (_, i) =>
            html`<tr>
              <th scope="row">${i + 1}</th>
              ${lines.map(({ values }) => html`<td>${i < values.length ? shortText(values[i]!) : '–'}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  `;
}
