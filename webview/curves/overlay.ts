/** What lies over a plot's canvas: axis labels, the cursor, marks. In CSS pixels of the plot. */
import { type SVGTemplateResult, type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { countText, durationText, durationTickText, tickText } from '../../src/curves/numberText';
import type { Axis } from '../../src/protocol/curves';
import type { CurvesApp } from './curvesApp';
import type { ScenePlot, SceneRun } from './scene';
import type { Metric } from '../../src/curves/runWindow';
import type { PlotName } from './viewState';

export interface OverlayOptions {
  plot: PlotName;
  metric: Metric;
  /** Thousands as "k", for small plots. */
  compact: boolean;
  /** The cursor's position in a pill on the axis. */
  pill: boolean;
  extra?: SVGTemplateResult | typeof nothing;
}

export function overlay(app: CurvesApp, options: OverlayOptions): TemplateResult {
  const scene = app.scene.plots[options.plot];
  const { width, height } = app.state.sizes[options.plot];
  const cursor = app.reading?.x ?? app.state.cursor;
  const at = cursor === null ? NaN : scene.x.toPixel(cursor);
  const isShown = at >= 0 && at <= width;
  return html`<svg class="overlay" width=${width} height=${height} aria-hidden="true">
    ${scene.isEmpty && options.plot !== 'loss' ? nothing : verticalLabels(scene, options.compact)}
    ${horizontalLabels(app, scene, options, isShown && options.pill ? at : NaN)}
    <line class="axis-line" x1="0" x2=${width} y1=${height + 0.5} y2=${height + 0.5} />
    ${options.extra ?? nothing} ${isShown ? cursorMarks(app, options, at) : nothing}
    ${selectionMark(app, scene)}
  </svg>`;
}

function verticalLabels({ y, yTicks }: ScenePlot, compact: boolean) {
  const step = y.kind === 'log' ? 0 : spacing(yTicks);
  return yTicks.map(
    tick =>
      svg`<text class="tick-label" x="-8" y=${y.toPixel(tick) + 4} text-anchor="end">${tickText(tick, step, compact)}</text>`,
  );
}

/** Labels at the ends stay within the plot; one under the cursor's pill is left out. */
function horizontalLabels(
  app: CurvesApp,
  { x, xTicks }: ScenePlot,
  { plot, compact }: OverlayOptions,
  pill: number,
) {
  const { width, height } = app.state.sizes[plot];
  const step = x.kind === 'log' ? 0 : spacing(xTicks);
  return xTicks.map(tick => {
    const at = x.toPixel(tick);
    const label = axisText(app.state.taste.axis, tick, step, compact);
    const half = label.length * 3.2;
    if (Math.abs(at - pill) < half + 28) return nothing;
    const anchor = at < half ? 'start' : at > width - half ? 'end' : 'middle';
    return svg`<text class="tick-label" x=${at} y=${height + 16} text-anchor=${anchor}>${label}</text>`;
  });
}

const axisText = (axis: Axis, value: number, step: number, compact: boolean): string =>
  axis === 'seconds' ? durationTickText(value) : tickText(value, step, compact);

const spacing = (ticks: readonly number[]): number =>
  ticks.length > 1 ? ticks[1]! - ticks[0]! : 0;

function cursorMarks(app: CurvesApp, { plot, metric, pill }: OverlayOptions, at: number) {
  const { reading } = app;
  const { height } = app.state.sizes[plot];
  const { y } = app.scene.plots[plot];
  // The highlighted run's dot lies over the others, the first ones over the later.
  const rows = [...(reading?.rows ?? [])].reverse();
  rows.sort((a, b) => Number(a.run.isHighlighted) - Number(b.run.isHighlighted));
  const dots = rows.map(({ run, train, learningRate, gradientNorm, tokensPerSecond }) => {
    const values: Partial<Record<Metric, number>> = {
      loss: train,
      learningRate,
      gradientNorm,
      tokensPerSecond,
    };
    const py = y.toPixel(values[metric] ?? NaN);
    return Number.isNaN(py) || py < -1 || py > height + 1
      ? nothing
      : svg`<circle class="cursor-dot" cx=${at} cy=${py} r="4.5" fill=${run.colour} />`;
  });
  return svg`
    <line class="cursor-line" x1=${at} x2=${at} y1="0" y2=${height} />
    ${dots}
    ${pill ? cursorPill(app, at, height) : nothing}
  `;
}

function cursorPill(app: CurvesApp, at: number, height: number) {
  const { axis } = app.state.taste;
  const value = app.reading?.x ?? app.state.cursor ?? 0;
  const label = axis === 'seconds' ? durationText(value) : countText(value);
  const width = Math.max(36, label.length * 6.4 + 14);
  const left = Math.min(Math.max(at - width / 2, -20), app.state.sizes.loss.width - width + 8);
  return svg`
    <rect class="pill" x=${left} y=${height + 2} width=${width} height="18" rx="3" />
    <text class="pill-text" x=${left + width / 2} y=${height + 15} text-anchor="middle">${label}</text>
  `;
}

function selectionMark(app: CurvesApp, { x }: ScenePlot) {
  const { selection, sizes } = app.state;
  if (!selection) return nothing;
  const [a, b] = selection.map(value => x.toPixel(value)) as [number, number];
  const { height } = sizes.loss;
  return svg`<rect class="selection" x=${Math.min(a, b)} y="0" width=${Math.abs(b - a)} height=${height} />`;
}

/** How a run's curve ends: live = dot with halo, stopped = square, failed = ×, done = nothing. */
export function endMark(
  run: SceneRun,
  { x, y }: ScenePlot,
  metric: Metric,
): SVGTemplateResult | typeof nothing {
  const { window, facts, colour } = run;
  const { x: xs, line } = window.windows[metric];
  const row = line.findLastIndex(value => !Number.isNaN(value));
  const [px, py] = [x.toPixel(xs[row] ?? NaN), y.toPixel(line[row] ?? NaN)];
  const [, right] = [0, x.toPixel(x.to)];
  if (facts.status === 'done' || Number.isNaN(px + py) || px < 0 || px > right + 0.5)
    return nothing;
  if (facts.status === 'failed')
    return svg`<path class="end-cross" d="M${px - 4} ${py - 4}l8 8m0 -8l-8 8" stroke=${colour} />`;
  if (facts.status === 'stopped' || facts.status === 'interrupted')
    return svg`<rect x=${px - 3.5} y=${py - 3.5} width="7" height="7" fill=${colour} />`;
  return svg`
    <circle cx=${px} cy=${py} r="8" fill=${colour} fill-opacity="0.28" />
    <circle class="cursor-dot" cx=${px} cy=${py} r="4.5" fill=${colour} />
  `;
}
