/**
 * From facts, windows and taste to what the plots show: visible runs, ranges, ticks, curves. Pure;
 * the cursor has no part in it, so that moving it draws nothing anew.
 */
import { type Range, horizontalEnd, reachOf, verticalRange } from '../../src/curves/extent';
import { type Metric, type RunWindow, emptyRunWindow } from '../../src/curves/runWindow';
import { type Distribution, type Scale, scaleOf } from '../../src/curves/scale';
import { isSparse } from '../../src/curves/window';
import { colourOf, dashOf } from '../../src/curves/seriesStyle';
import { roundDown, ticksOf } from '../../src/curves/ticks';
import type { RunFacts } from '../../src/protocol/curves';
import type { PlotCurve, PlotSpec } from './plot/plotElement';
import { type PlotName, type ViewState, plotNames } from './viewState';

export interface Scene {
  /** Drawn runs in order, and what is drawn of them. */
  runs: readonly SceneRun[];
  /** Everything along x, and what of it is shown. */
  fullRange: Range;
  range: Range;
  plots: Readonly<Record<PlotName, ScenePlot>>;
  pointsDrawn: number;
  points: number;
}

export interface SceneRun {
  facts: RunFacts;
  window: RunWindow;
  colour: string;
  isHighlighted: boolean;
}

export interface ScenePlot {
  spec: PlotSpec;
  x: Scale;
  y: Scale;
  xTicks: readonly number[];
  yTicks: readonly number[];
  /** Whether there is anything in it. */
  isEmpty: boolean;
}

export function sceneOf(state: ViewState): Scene {
  const { taste } = state;
  const runs = visibleRuns(state).map(facts => ({
    facts,
    window: state.windows.get(facts.id) ?? emptyRunWindow(),
    colour: colourOf(facts.slot, state.palette.theme),
    isHighlighted: facts.id === taste.highlighted,
  }));
  const fullRange = fullRangeOf(state);
  const range = taste.zoom ?? fullRange;
  const plots = Object.fromEntries(
    plotNames.map(name => [name, plotOf(name, state, runs, range)]),
  ) as Record<PlotName, ScenePlot>;
  return {
    runs,
    fullRange,
    range,
    plots,
    pointsDrawn: runs.reduce((sum, run) => sum + rowsOf(run.window), 0),
    points: runs.reduce((sum, run) => sum + run.window.points, 0),
  };
}

/** Opened runs that are not hidden. */
export const visibleRuns = ({ runs, taste }: ViewState): RunFacts[] =>
  [...runs.values()].filter(run => !taste.hidden.includes(run.id));

/** The run that details, lane and actions are about. */
export function highlightedRun({ runs, taste }: ViewState): RunFacts | undefined {
  return taste.highlighted === null ? undefined : runs.get(taste.highlighted);
}

export function fullRangeOf(state: ViewState): Range {
  const { axis, xLog } = state.taste;
  const runs = visibleRuns(state);
  const end = horizontalEnd(runs.map(run => reachOf(run, axis, isWorking(run))));
  if (!xLog) return [0, end];
  const firsts = runs.map(run => firstPositive(run, axis)).filter(first => first > 0);
  const start = Math.min(...firsts, end / 10);
  return [roundDown(start), end];
}

/** Its process works, or is about to. */
export const isWorking = (run: RunFacts): boolean =>
  run.status === 'preparing' || run.status === 'training';

function firstPositive(run: RunFacts, axis: 'step' | 'tokens' | 'seconds'): number {
  if (axis === 'step') return 1;
  return axis === 'tokens' ? run.tokensPerStep : run.secondsPerStep;
}

/** Which windows a plot draws, and how its vertical axis runs. */
const contents: Record<PlotName, { metric: Metric; kind: 'taste' | 'linear'; fromZero: boolean }> =
  {
    loss: { metric: 'loss', kind: 'taste', fromZero: false },
    learningRate: { metric: 'learningRate', kind: 'linear', fromZero: true },
    gradientNorm: { metric: 'gradientNorm', kind: 'taste', fromZero: true },
    tokensPerSecond: { metric: 'tokensPerSecond', kind: 'linear', fromZero: true },
  };

const TICK_DISTANCE: Record<PlotName, { x: number; y: number }> = {
  loss: { x: 84, y: 22 },
  learningRate: { x: 70, y: 32 },
  gradientNorm: { x: 70, y: 24 },
  tokensPerSecond: { x: 70, y: 32 },
};

function plotOf(
  name: PlotName,
  state: ViewState,
  runs: readonly SceneRun[],
  range: Range,
): ScenePlot {
  const { taste, palette, sizes } = state;
  const { metric, kind: wanted, fromZero } = contents[name];
  const kind: Distribution = wanted === 'taste' && taste.yLog ? 'log' : 'linear';
  const shown = runs.map(run => run.window.windows[metric]);
  const validations =
    name === 'loss' && taste.validation ? runs.map(run => run.window.windows.validation) : [];
  const vertical = verticalRange([...shown, ...validations], {
    kind,
    range,
    raw: taste.raw,
    fromZero: fromZero && kind === 'linear',
  });
  const yRange = vertical ?? emptyRange(name, kind, runs);
  const { width, height } = sizes[name];
  const xKind: Distribution = taste.xLog ? 'log' : 'linear';
  const x = scaleOf(xKind, range, [0, width]);
  const y = scaleOf(kind, yRange, [height, 0]);
  const distance = TICK_DISTANCE[name];
  const yTicks = ticksOf(y, { length: height, distance: distance.y });
  const xTicks = ticksOf(x, {
    length: width,
    distance: distance.x,
    duration: taste.axis === 'seconds',
    whole: taste.axis === 'step' && xKind === 'linear',
  });
  const curves = drawingOrder(runs).flatMap(run => curvesOf(name, run, state));
  const spec: PlotSpec = {
    x: { kind: xKind, range },
    y: { kind, range: yRange },
    curves,
    grid: yTicks,
    gridColour: palette.text,
    gridOpacity: palette.gridOpacity,
  };
  return { spec, x, y, xTicks, yTicks, isEmpty: vertical === undefined };
}

/** The highlighted run over all others, the first ones over the later. */
const drawingOrder = (runs: readonly SceneRun[]): SceneRun[] =>
  [...runs].reverse().sort((a, b) => Number(a.isHighlighted) - Number(b.isHighlighted));

function curvesOf(name: PlotName, run: SceneRun, { taste, palette }: ViewState): PlotCurve[] {
  const { windows } = run.window;
  const window = windows[contents[name].metric];
  const sparse = isSparse(window);
  const isAveraged = taste.smoothing > 0 && name !== 'learningRate';
  const extremes = taste.raw ? 'raw' : 'line';
  const main: PlotCurve = {
    window,
    colour: run.colour,
    width: run.isHighlighted ? 2.25 : 1.6,
    dash: dashOf(run.facts.slot),
    // A band that is the line itself would fill the gaps of its dashes.
    band: sparse && !isAveraged ? null : extremes,
    bandOpacity: sparse ? SPARSE_OPACITY : palette.bandOpacity * (name === 'loss' ? 1 : 0.8),
    marks: null,
  };
  if (name !== 'loss' || !taste.validation) return [main];
  const validation: PlotCurve = {
    ...main,
    window: windows.validation,
    width: 1,
    dash: [],
    marks: palette.page,
  };
  return [main, validation];
}

/** Of a band that is but a line. */
const SPARSE_OPACITY = 0.5;

/** Axes of a plot that has nothing to show yet. */
function emptyRange(name: PlotName, kind: Distribution, runs: readonly SceneRun[]): Range {
  if (name !== 'loss') return kind === 'log' ? [0.1, 10] : [0, 1];
  const vocabulary = Math.max(0, ...runs.map(run => run.facts.vocabSize));
  const most = vocabulary > 1 ? Math.log(vocabulary) * 1.05 : 11;
  return kind === 'log' ? [Math.min(2, most / 5), most] : [0, most];
}

const rowsOf = ({ windows }: RunWindow): number =>
  Object.values(windows).reduce((sum, window) => sum + window.length, 0);
