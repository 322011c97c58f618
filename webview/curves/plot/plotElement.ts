/**
 * `<wr-plot>`: the lines, bands and circles of one plot on a canvas, by uPlot. What lies over them
 * (axes, cursor, cards) is not its concern; nor is what the numbers mean.
 */
import uPlot from 'uplot';
import {
  type Extremes,
  isDense,
  marksOf,
  traceBand,
  traceBars,
  traceLine,
} from '../../../src/curves/curvePath';
import type { Range } from '../../../src/curves/extent';
import { type Distribution, type Scale, scaleOf } from '../../../src/curves/scale';
import type { CurveWindow } from '../../../src/curves/window';

export interface PlotCurve {
  window: CurveWindow;
  colour: string;
  width: number;
  /** In CSS pixels; empty = solid. */
  dash: readonly number[];
  /** Extremes to show as a band behind the line. */
  band: Extremes | null;
  bandOpacity: number;
  /** Circles at the points, filled with this colour. */
  marks: string | null;
}

export interface PlotSpec {
  x: { kind: Distribution; range: Range };
  y: { kind: Distribution; range: Range };
  curves: readonly PlotCurve[];
  /** Values with a horizontal line, and its colour. */
  grid: readonly number[];
  gridColour: string;
  gridOpacity: number;
}

export interface PlotSize {
  width: number;
  height: number;
}

/** Room around the plotting area for circles and thick lines at its edges, in CSS pixels. */
const MARGIN = 4;
/** Thickness of a band's edge: what is seen where its extremes are equal. In CSS pixels. */
const OUTLINE = 0.75;
/** Least distance of two circles, in CSS pixels. */
const MARK_DISTANCE = 9;

export class PlotElement extends HTMLElement {
  /** Called when the plotting area has another size, in CSS pixels. */
  onResize: (size: PlotSize) => void = () => {};
  #spec: PlotSpec | undefined;
  #plot: uPlot | undefined;
  /** What uPlot fixes when it is made. */
  #made = '';
  #size: PlotSize = { width: 0, height: 0 };
  readonly #observer = new ResizeObserver(([entry]) => {
    if (entry) this.#resize(entry.contentRect);
  });

  connectedCallback(): void {
    this.#observer.observe(this);
  }

  disconnectedCallback(): void {
    this.#observer.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#made = '';
  }

  set spec(spec: PlotSpec) {
    if (spec === this.#spec) return;
    this.#spec = spec;
    this.#draw();
  }

  #resize({ width, height }: DOMRectReadOnly): void {
    const size = {
      width: Math.floor(width) - 2 * MARGIN,
      height: Math.floor(height) - 2 * MARGIN,
    };
    if (size.width === this.#size.width && size.height === this.#size.height) return;
    this.#size = size;
    this.#draw();
    this.onResize(size);
  }

  #draw(): void {
    const spec = this.#spec;
    if (!spec || this.#size.width < 2 || this.#size.height < 2) return;
    const needed = JSON.stringify([spec.x.kind, spec.y.kind, this.#size, spec.curves.map(styleOf)]);
    if (needed !== this.#made) this.#make(spec);
    this.#made = needed;
    const plot = this.#plot!;
    for (const [i, { bandOpacity }] of spec.curves.entries())
      plot.series[2 * i + 1]!.alpha = bandOpacity;
    plot.batch(() => {
      plot.setData(dataOf(spec), false);
      plot.setScale('x', { min: spec.x.range[0], max: spec.x.range[1] });
      plot.setScale('y', { min: spec.y.range[0], max: spec.y.range[1] });
    });
  }

  #make(spec: PlotSpec): void {
    this.#plot?.destroy();
    const current = () => this.#spec!;
    const options: uPlot.Options = {
      width: this.#size.width + 2 * MARGIN,
      height: this.#size.height + 2 * MARGIN,
      mode: 2,
      pxAlign: false,
      padding: [MARGIN, MARGIN, MARGIN, MARGIN],
      legend: { show: false },
      cursor: { show: false },
      axes: [{ show: false }, { show: false }],
      scales: { x: scaleOptions(spec.x.kind), y: scaleOptions(spec.y.kind) },
      series: [{}, ...spec.curves.flatMap((_, i) => seriesOf(i, current))],
      hooks: {
        drawClear: [plot => drawGrid(plot, current())],
        drawSeries: [(plot, series) => drawOver(plot, current(), series)],
      },
    };
    this.#plot = new uPlot(options, dataOf(spec), this);
  }
}

/** Two series for each curve: its band, and its line over that. */
function seriesOf(index: number, current: () => PlotSpec): uPlot.Series[] {
  const curve = current().curves[index]!;
  const facets = [
    { scale: 'x', auto: false },
    { scale: 'y', auto: false },
  ];
  const path = (trace: (path: Path2D, curve: PlotCurve, x: Scale, y: Scale) => boolean) =>
    ((plot: uPlot) => {
      const spec = current();
      const line = new Path2D();
      const { x, y } = scalesOf(plot, spec);
      return trace(line, spec.curves[index]!, x, y) ? { stroke: line, fill: line, flags: 0 } : null;
    }) as uPlot.Series.PathBuilder;
  const band: uPlot.Series = {
    facets,
    fill: curve.colour,
    stroke: curve.colour,
    width: OUTLINE,
    points: { show: false },
    paths: path((line, { window, band: extremes }, x, y) => {
      if (extremes === null || isDense(window, x)) return false; // none, or drawn as bars
      traceBand(line, window, x, y, extremes);
      return true;
    }),
  };
  const line: uPlot.Series = {
    facets,
    stroke: curve.colour,
    width: curve.width,
    dash: curve.dash.map(length => length * devicePixelRatio),
    points: { show: false },
    paths: path((line, { window }, x, y) => {
      traceLine(line, window, x, y);
      return true;
    }),
  };
  return [band, line];
}

/** Limits are given from outside, never found in the data. */
const scaleOptions = (kind: Distribution): uPlot.Scale => ({
  time: false,
  auto: false,
  distr: kind === 'log' ? 3 : 1,
  range: (_plot, min, max) => [min, max],
});

function dataOf({ curves }: PlotSpec): uPlot.AlignedData {
  const data = curves.flatMap(({ window }) => [
    [window.x, window.line],
    [window.x, window.line],
  ]);
  // In this mode each series has its own x, which uPlot's types do not say.
  return [null, ...data] as unknown as uPlot.AlignedData;
}

/** In canvas pixels. */
function scalesOf({ bbox }: uPlot, { x, y }: PlotSpec): { x: Scale; y: Scale } {
  const bottom = bbox.top + bbox.height;
  return {
    x: scaleOf(x.kind, x.range, [bbox.left, bbox.left + bbox.width]),
    y: scaleOf(y.kind, y.range, [bottom, bbox.top]),
  };
}

function drawGrid(plot: uPlot, spec: PlotSpec): void {
  const { ctx, bbox } = plot;
  const { y } = scalesOf(plot, spec);
  ctx.save();
  ctx.setLineDash([]);
  ctx.strokeStyle = spec.gridColour;
  ctx.globalAlpha = spec.gridOpacity;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (const value of spec.grid) {
    const at = Math.round(y.toPixel(value)) - ctx.lineWidth / 2;
    ctx.moveTo(bbox.left, at);
    ctx.lineTo(bbox.left + bbox.width, at);
  }
  ctx.stroke();
  ctx.restore();
}

/** What uPlot does not draw of a series: dense bands come with the first of a curve's two, marks last. */
function drawOver(plot: uPlot, spec: PlotSpec, series: number): void {
  const curve = spec.curves[Math.floor((series - 1) / 2)];
  if (!curve) return;
  if (series % 2 === 1) drawBars(plot, spec, curve);
  else drawMarks(plot, spec, curve);
}

function drawBars(plot: uPlot, spec: PlotSpec, curve: PlotCurve): void {
  const { ctx, bbox } = plot;
  const { x, y } = scalesOf(plot, spec);
  if (!curve.band || !isDense(curve.window, x)) return;
  const outline = OUTLINE * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = curve.colour;
  ctx.globalAlpha = 1 - (1 - curve.bandOpacity) ** 1.5; // a shape's edges lie over its area
  traceBars(curve.window, x, y, curve.band, (left, top, width, height) =>
    ctx.fillRect(left, top - outline / 2, width, height + outline),
  );
  ctx.restore();
}

function drawMarks(plot: uPlot, spec: PlotSpec, curve: PlotCurve): void {
  if (!curve.marks) return;
  const { ctx, bbox } = plot;
  const { x, y } = scalesOf(plot, spec);
  ctx.save();
  ctx.beginPath();
  const margin = MARGIN * devicePixelRatio;
  ctx.rect(bbox.left - margin, bbox.top, bbox.width + 2 * margin, bbox.height);
  ctx.clip();
  ctx.setLineDash([]);
  ctx.strokeStyle = curve.colour;
  ctx.fillStyle = curve.marks;
  ctx.lineWidth = 1.25 * devicePixelRatio;
  ctx.beginPath();
  const radius = 2.5 * devicePixelRatio;
  for (const [px, py] of marksOf(curve.window, x, y, MARK_DISTANCE * devicePixelRatio)) {
    ctx.moveTo(px + radius, py);
    ctx.arc(px, py, radius, 0, 2 * Math.PI);
  }
  ctx.fill();
  ctx.stroke();
  ctx.restore();
}

/** What uPlot draws with: all else is read when it draws. */
const styleOf = ({ colour, width, dash }: PlotCurve) => [colour, width, dash];
