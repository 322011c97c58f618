/** The values under the cursor: as a card that keeps out of the curves' way, as rows, as speech. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import {
  amountText,
  countText,
  durationText,
  gapText,
  lossText,
} from '../../src/curves/numberText';
import { css } from '../theme/cssProperties';
import { openCardPlace } from './anomalies';
import type { CursorReading, Reading } from './cursor';
import type { CurvesApp } from './curvesApp';
import { dashSample } from './dashSample';

const WIDTH = 312;
const ROW = 20;
/** From the cursor's line. */
const GAP = 12;

export function readOutCard(app: CurvesApp): TemplateResult | typeof nothing {
  const { reading } = app;
  if (!reading || reading.rows.length === 0) return nothing;
  const height = 58 + ROW * reading.rows.length;
  const { left, top } = placeFor(app, reading, height);
  return html`
    <div class="card read-out" ${css({ left: `${left}px`, top: `${top}px` })} aria-hidden="true">
      ${readOutTable(app, reading)}
      <p class="faint">${contextText(reading)}</p>
    </div>
  `;
}

export function readOutTable(app: CurvesApp, reading: CursorReading): TemplateResult {
  const { validation, smoothing } = app.state.taste;
  return html`
    <table>
      <thead>
        <tr>
          <th scope="col">at step ${countText(reading.rows[0]?.step ?? 0)}</th>
          <th scope="col" title="EMA, β = ${smoothing}">train</th>
          <th scope="col">raw</th>
          ${
            validation
              ? html`<th scope="col">val</th>
                  <th scope="col">gap</th>`
              : nothing
          }
        </tr>
      </thead>
      <tbody>
        ${reading.rows.map(
          row => html`
            <tr>
              <th scope="row">
                ${dashSample(row.run.facts.slot, row.run.colour)}<span>${row.run.facts.name}</span>
              </th>
              <td><strong>${lossText(row.train)}</strong></td>
              <td class="faint">${lossText(row.raw)}</td>
              ${
                validation
                  ? html`<td>${lossOrDash(row.validation)}</td>
                      <td>${gapText(row.gap)}</td>`
                  : nothing
              }
            </tr>
          `,
        )}
      </tbody>
    </table>
  `;
}

const lossOrDash = (loss: number): string => (Number.isNaN(loss) ? '–' : lossText(loss));

/** "48.7 M tokens · 1 h 23 min in slm-base" */
export function contextText({ rows }: CursorReading): string {
  const lead = rows.find(row => row.run.isHighlighted) ?? rows[0];
  if (!lead) return '';
  return `${amountText(lead.tokens)} tokens · ${durationText(lead.seconds)} in ${lead.run.facts.name}`;
}

export function spokenReading({ reading, state }: CurvesApp): string {
  if (!reading || !state.isCursorSpoken) return '';
  const each = reading.rows.map(row => {
    const validation = Number.isNaN(row.validation)
      ? ''
      : `, validation ${lossText(row.validation)}`;
    return `${row.run.facts.name} ${lossText(row.train)}, raw ${lossText(row.raw)}${validation}`;
  });
  return `Step ${reading.rows[0]?.step ?? ''}: ${each.join('; ')}`;
}

/** The place beside the cursor that covers the fewest points of curves. */
function placeFor(app: CurvesApp, reading: CursorReading, height: number) {
  const { width, height: plotHeight } = app.state.sizes.loss;
  const at = app.scene.plots.loss.x.toPixel(reading.x);
  const bottom = Math.max(0, plotHeight - height - 8);
  const blocked = openCardPlace(app);
  const beside = blocked ? [blocked.left + blocked.width + GAP, blocked.left - GAP - WIDTH] : [];
  const sides = [at + GAP, at - GAP - WIDTH, ...beside].filter(
    left => left >= 0 && left + WIDTH <= width,
  );
  const lefts = sides.length > 0 ? sides : [at < width / 2 ? width - WIDTH : 0];
  const places = lefts.flatMap(left => [
    { left, top: 0 },
    { left, top: bottom },
  ]);
  const isBlocked = ({ left, top }: { left: number; top: number }) =>
    blocked !== undefined &&
    top < blocked.height &&
    left < blocked.left + blocked.width &&
    left + WIDTH > blocked.left;
  const points = drawnPoints(app);
  const costs = places.map(
    place => coverage(points, { ...place, height }) + (isBlocked(place) ? 1e6 : 0),
  );
  return places[costs.indexOf(Math.min(...costs))]!;
}

/** Pixel positions of what is drawn: the lines, and the tops of the bands. */
function drawnPoints(app: CurvesApp): Float64Array {
  const { x, y } = app.scene.plots.loss;
  const points: number[] = [];
  for (const { window } of app.scene.runs) {
    const { loss } = window.windows;
    for (let row = 0; row < loss.length; row++) {
      const px = x.toPixel(loss.x[row]!);
      points.push(px, y.toPixel(loss.line[row]!), px, y.toPixel(loss.max[row]!));
    }
  }
  return Float64Array.from(points);
}

/** How many points of the drawn curves lie under a card. */
function coverage(
  points: Float64Array,
  { left, top, height }: { left: number; top: number; height: number },
): number {
  let covered = 0;
  for (let i = 0; i < points.length; i += 2) {
    const [px, py] = [points[i]!, points[i + 1]!];
    if (px < left - 4 || px > left + WIDTH + 4) continue;
    if (py >= top - 4 && py <= top + height + 4) covered++;
  }
  return covered;
}

/** What a small plot's heading says of each run: at the cursor, or at its end. */
export function shownReadings({
  reading,
  scene,
}: CurvesApp): readonly Pick<
  Reading,
  'run' | 'learningRate' | 'gradientNorm' | 'tokensPerSecond'
>[] {
  if (reading) return reading.rows;
  return scene.runs.flatMap(run => {
    const { readings } = run.window;
    const last = readings.step.length - 1;
    if (last < 0) return [];
    return {
      run,
      learningRate: readings.learningRate[last]!,
      gradientNorm: readings.gradientNorm.findLast(value => !Number.isNaN(value)) ?? NaN,
      tokensPerSecond: readings.tokensPerSecond.findLast(value => !Number.isNaN(value)) ?? NaN,
    };
  });
}
