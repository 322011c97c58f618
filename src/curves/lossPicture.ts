/**
 * The loss curves of one or more runs as a standalone SVG picture: legend, axes, the average over
 * its min–max band, validation circles. The same geometry as the view draws; knows no theme
 * variables and no files.
 */
import { type Extremes, marksOf, traceBand, traceLine } from './curvePath';
import { type Range, horizontalEnd, reachOf, verticalRange } from './extent';
import { durationTickText, tickText } from './numberText';
import type { RunSeries, XAxis } from './runSeries';
import { type Distribution, type Scale, scaleOf } from './scale';
import { type Theme, colourOf, dashOf } from './seriesStyle';
import { SvgPath, element, text } from './svg';
import { ticksOf } from './ticks';
import { type CurveWindow, isSparse, windowOf } from './window';

/** How a run's curve ends: a dot with a halo, nothing, a square, a cross. */
export type CurveEnd = 'live' | 'done' | 'stopped' | 'failed';

export interface PictureRun {
  name: string;
  /** Of its colour and dash; see seriesStyle. */
  slot: number;
  series: RunSeries;
  end: CurveEnd;
  highlighted?: boolean;
}

export interface PictureOptions {
  width?: number;
  height?: number;
  theme?: Theme;
  title?: string;
  x?: XAxis;
  xScale?: Distribution;
  yScale?: Distribution;
  /** β of the average; 0 = none. */
  smoothing?: number;
  /** Whether to draw the min–max band of the raw values, and the validation loss. */
  raw?: boolean;
  validation?: boolean;
  /** Visible range along x; default: everything. */
  range?: Range;
}

interface Look {
  page: string;
  text: string;
  faint: string;
  grid: string;
  axis: string;
}

const looks: Readonly<Record<Theme, Look>> = {
  dark: { page: '#1F1F1F', text: '#CCCCCC', faint: '#9D9D9D', grid: '#2F2F2F', axis: '#6E6E6E' },
  light: { page: '#FFFFFF', text: '#3B3B3B', faint: '#616161', grid: '#ECECEC', axis: '#8E8E8E' },
  highContrast: { page: '#000', text: '#FFF', faint: '#FFF', grid: '#333', axis: '#FFF' },
};

const FONT = "'Segoe UI', system-ui, -apple-system, Inter, 'DejaVu Sans', sans-serif";
const LEGEND_ROW = 20;

interface Plot {
  options: Required<Omit<PictureOptions, 'title' | 'range'>>;
  look: Look;
  left: number;
  right: number;
  top: number;
  bottom: number;
  x: Scale;
  y: Scale;
}

interface Curve {
  run: PictureRun;
  loss: CurveWindow;
  validation: CurveWindow;
  extremes: Extremes;
}

/** SVG text of the picture; sizes in pixels. A picture without any point says so in words. */
export function renderLossSvg(runs: readonly PictureRun[], picture: PictureOptions = {}): string {
  const options = {
    width: 1200,
    height: 675,
    theme: 'light' as const,
    x: 'step' as const,
    xScale: 'linear' as const,
    yScale: 'log' as const,
    smoothing: 0.8,
    raw: true,
    validation: true,
    ...picture,
  };
  const legend = legendRows(runs, options.width - 32);
  const box = {
    left: 56,
    right: options.width - 24,
    top: 60 + legend.length * LEGEND_ROW,
    bottom: options.height - 44,
  };
  const range = picture.range ?? fullRange(runs, options.x, options.xScale);
  const curves = runs.map(run => curveOf(run, range, box.right - box.left, options));
  const vertical = verticalRange(
    curves.flatMap(c => (options.validation ? [c.loss, c.validation] : [c.loss])),
    { kind: options.yScale, range, raw: options.raw },
  );
  const plot: Plot = {
    ...box,
    options,
    look: looks[options.theme],
    x: scaleOf(options.xScale, range, [box.left, box.right]),
    y: scaleOf(options.yScale, vertical ?? [1, 10], [box.bottom, box.top]),
  };
  const title = picture.title ?? 'Loss';
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: options.width,
      height: options.height,
      viewBox: `0 0 ${options.width} ${options.height}`,
      'font-family': FONT,
      'font-size': 12,
      role: 'img',
      'aria-label': `${title}: ${runs.map(run => run.name).join(', ')}`,
    },
    element('rect', { width: '100%', height: '100%', fill: plot.look.page }),
    heading(title, plot),
    ...legend.map((row, i) => legendRow(row, 52 + i * LEGEND_ROW, plot)),
    axes(plot),
    clipped(plot, curves.map(curve => drawCurve(curve, plot)).join('')),
    vertical ? '' : text('No steps in this range', noteAt(plot)),
  );
}

function fullRange(runs: readonly PictureRun[], axis: XAxis, kind: Distribution): Range {
  const end = horizontalEnd(runs.map(r => reachOf(r.series.state, axis, false)));
  if (kind === 'linear') return [0, end];
  const firsts = runs.flatMap(r => [...r.series.steps.get(axis).subarray(0, 2)]);
  const start = Math.min(...firsts.filter(first => first > 0), end);
  return start < end ? [start, end] : [end / 10, end];
}

function curveOf(
  run: PictureRun,
  [from, to]: Range,
  columns: number,
  { x, xScale, smoothing, raw }: Plot['options'],
): Curve {
  const { steps, evaluations } = run.series;
  const request = { from, to, columns, log: xScale === 'log', lineExtremes: !raw };
  return {
    run,
    loss: windowOf(steps.get(x), steps.get('loss'), { ...request, smoothing }),
    validation: windowOf(evaluations.get(x), evaluations.get('loss'), { ...request, smoothing: 0 }),
    extremes: raw ? 'raw' : 'line',
  };
}

function heading(title: string, { options, look }: Plot): string {
  const shown = [
    options.smoothing > 0 ? `train, EMA ${options.smoothing}` : 'train',
    options.raw ? ' over min–max' : '',
    options.validation ? ' · circles: validation' : '',
    options.yScale === 'log' ? ' · log scale' : '',
  ].join('');
  const bold = { x: 16, y: 28, fill: look.text, 'font-size': 15, 'font-weight': 600 };
  const right = { x: options.width - 24, y: 28, fill: look.faint, 'text-anchor': 'end' };
  return text(title, bold) + text(shown, right);
}

/** Runs in rows that fit the width, by a generous estimate of their names' lengths. */
function legendRows(runs: readonly PictureRun[], width: number): PictureRun[][] {
  const rows: PictureRun[][] = [];
  let used = Infinity;
  for (const run of runs) {
    const wide = legendWidth(run);
    if (used + wide > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)!.push(run);
    used += wide;
  }
  return rows;
}

const legendWidth = (run: PictureRun): number => 56 + run.name.length * 7.2;

function legendRow(runs: readonly PictureRun[], y: number, { options, look }: Plot): string {
  let x = 16;
  return runs
    .map(run => {
      const line = { ...strokeOf(run, options.theme, 2), d: `M${x} ${y - 4}h28` };
      const name = text(run.name, { x: x + 34, y, fill: look.text });
      x += legendWidth(run);
      return element('path', line) + name;
    })
    .join('');
}

function axes({ x, y, left, right, top, bottom, options, look }: Plot): string {
  const rows = ticksOf(y, { length: bottom - top, distance: 32 });
  const duration = options.x === 'seconds';
  const columns = ticksOf(x, { length: right - left, distance: 90, duration });
  const grid = rows.map(tick => {
    const at = crisp(y.toPixel(tick));
    return (
      element('path', { d: `M${left} ${at}H${right}`, stroke: look.grid, fill: 'none' }) +
      text(tickText(tick, y.kind === 'log' ? 0 : stepOf(rows)), {
        x: left - 8,
        y: at + 4,
        fill: look.faint,
        'text-anchor': 'end',
        'font-size': 11,
      })
    );
  });
  const labels = columns.map(tick =>
    text(duration ? durationTickText(tick) : tickText(tick, stepOf(columns)), {
      x: x.toPixel(tick),
      y: bottom + 18,
      fill: look.faint,
      'text-anchor': tick === x.to ? 'end' : tick === x.from ? 'start' : 'middle',
      'font-size': 11,
    }),
  );
  const base = element('path', {
    d: `M${left} ${crisp(bottom)}H${right}`,
    stroke: look.axis,
    fill: 'none',
  });
  const axisName = text(axisTitle(options), {
    x: right,
    y: bottom + 36,
    fill: look.faint,
    'text-anchor': 'end',
    'font-size': 11,
  });
  return [...grid, base, ...labels, axisName].join('');
}

const AXIS_NAMES: Readonly<Record<XAxis, string>> = {
  step: 'step',
  tokens: 'tokens',
  seconds: 'training time',
};

const axisTitle = ({ x, xScale }: Plot['options']): string =>
  AXIS_NAMES[x] + (xScale === 'log' ? ', log scale' : '');

function clipped({ left, right, top, bottom }: Plot, content: string): string {
  const rect = { x: left, y: top, width: right - left, height: bottom - top + 1 };
  const clip = element('clipPath', { id: 'plot' }, element('rect', rect));
  return element('defs', {}, clip) + element('g', { 'clip-path': 'url(#plot)' }, content);
}

function drawCurve({ run, loss, validation, extremes }: Curve, plot: Plot): string {
  const { x, y, options, look } = plot;
  const stroke = colourOf(run.slot, options.theme);
  const band = new SvgPath();
  traceBand(band, loss, x, y, extremes);
  const line = new SvgPath();
  traceLine(line, loss, x, y);
  const isBare = isSparse(loss);
  const parts = [
    element('path', {
      d: band.toString(),
      fill: stroke,
      stroke,
      'fill-opacity': 0.24,
      'stroke-opacity': isBare ? 0.5 : 0.24,
    }),
    element('path', {
      ...strokeOf(run, options.theme, run.highlighted ? 2.25 : 1.6),
      d: line.toString(),
    }),
  ];
  if (options.validation) {
    const thin = new SvgPath();
    traceLine(thin, validation, x, y);
    parts.push(element('path', { d: thin.toString(), fill: 'none', stroke, 'stroke-width': 1 }));
    for (const [cx, cy] of marksOf(validation, x, y, 9))
      parts.push(
        element('circle', { cx: round(cx), cy: round(cy), r: 2.5, fill: look.page, stroke }),
      );
  }
  return parts.join('') + endMark(run, loss, plot);
}

function endMark({ end, slot }: PictureRun, loss: CurveWindow, { x, y, options }: Plot): string {
  const row = loss.line.findLastIndex(value => !Number.isNaN(value));
  const [px, py] = [round(x.toPixel(loss.x[row] ?? NaN)), round(y.toPixel(loss.line[row] ?? NaN))];
  if (end === 'done' || Number.isNaN(px + py)) return '';
  const stroke = colourOf(slot, options.theme);
  if (end === 'stopped')
    return element('rect', { x: px - 3, y: py - 3, width: 6, height: 6, fill: stroke });
  if (end === 'failed') {
    const d = `M${px - 4} ${py - 4}l8 8m0 -8l-8 8`;
    return element('path', { d, stroke, 'stroke-width': 2, fill: 'none' });
  }
  const halo = element('circle', { cx: px, cy: py, r: 7, fill: stroke, 'fill-opacity': 0.3 });
  return halo + element('circle', { cx: px, cy: py, r: 3.5, fill: stroke });
}

function strokeOf(run: PictureRun, theme: Theme, width: number) {
  const dash = dashOf(run.slot);
  return {
    fill: 'none',
    stroke: colourOf(run.slot, theme),
    'stroke-width': width,
    'stroke-dasharray': dash.length > 0 ? dash.join(' ') : undefined,
    'stroke-linejoin': 'round',
  };
}

const noteAt = ({ left, right, top, bottom, look }: Plot) => ({
  x: (left + right) / 2,
  y: (top + bottom) / 2,
  fill: look.faint,
  'text-anchor': 'middle',
});

const stepOf = (ticks: readonly number[]): number => (ticks.length > 1 ? ticks[1]! - ticks[0]! : 0);

/** The middle of a pixel, where a line of one pixel is sharp. */
const crisp = (pixel: number): number => Math.floor(pixel) + 0.5;

const round = (pixel: number): number => Math.round(pixel * 10) / 10;
