/** What range an axis shows for given data. Knows nothing of pixels. */
import type { RunState } from '../protocol/runState';
import type { XAxis } from './runSeries';
import type { Distribution } from './scale';
import { roundDown, roundStep } from './ticks';
import type { CurveWindow } from './window';

export type Range = readonly [from: number, to: number];

export interface VerticalOptions {
  kind: Distribution;
  /** Visible range along x; the rows beyond count only as far as their lines reach into it. */
  range: Range;
  /** Whether the raw extremes are shown, or only those of the average. */
  raw: boolean;
  /** A linear axis begins at zero. */
  fromZero?: boolean;
}

/**
 * The vertical range that holds every visible extreme of the windows, from a round number up to a
 * little above the largest; undefined when there is nothing to show.
 */
export function verticalRange(
  windows: readonly CurveWindow[],
  { kind, range, raw, fromZero = false }: VerticalOptions,
): Range | undefined {
  let least = Infinity;
  let most = -Infinity;
  const count = (low: number, high: number): void => {
    if (high > most) most = high;
    if (low < least && (kind === 'linear' || low > 0)) least = low;
  };
  for (const window of windows) {
    const low = raw ? window.min : window.lineMin;
    const high = raw ? window.max : window.lineMax;
    for (let row = 0; row < window.length; row++) {
      const x = window.x[row]!;
      if (x >= range[0] && x <= range[1]) count(low[row]!, high[row]!);
      if (row === 0) continue;
      for (const edge of range)
        if (window.x[row - 1]! < edge && edge < x) {
          const value = between(window, row, edge);
          count(value, value);
        }
    }
  }
  if (!(least <= most)) return undefined;
  if (kind === 'log') return logRange(least, most);
  return linearRange(fromZero ? Math.min(0, least) : least, most);
}

/** The line's value at `x`, between the rows `row − 1` and `row`. */
function between({ x: xs, line }: CurveWindow, row: number, x: number): number {
  const share = (x - xs[row - 1]!) / (xs[row]! - xs[row - 1]!);
  return line[row - 1]! + share * (line[row]! - line[row - 1]!);
}

function logRange(least: number, most: number): Range {
  if (least === most) return [least / 1.1, most * 1.1];
  const from = roundDown(least);
  // A single decade's worth of round numbers may lie far below a narrow range.
  const start = Math.log(least / from) > Math.log(most / least) ? least * 0.998 : from;
  return [start, most * (most / start) ** 0.025];
}

function linearRange(least: number, most: number): Range {
  if (least === most)
    return least === 0 ? [0, 1] : [least - Math.abs(least) / 10, most + Math.abs(most) / 10];
  const step = roundStep((most - least) / 5);
  const nearest = Math.round(least / step) * step;
  const from = nearest <= least ? nearest : Math.floor(least / step) * step;
  return [from, most + (most - least) * 0.03];
}

/** How far along x a run reaches, and how far it will when its last step is done. */
export interface Reach {
  done: number;
  planned: number;
  live: boolean;
}

/** Share of the planned length shown while a run is young, so that its curve is not a sliver. */
const SHARES = [0.05, 0.1, 0.25, 1];

/**
 * End of the x axis for runs of these lengths: all of what is done, and for live runs the planned
 * end, or, early on, a fixed share of it, so that the axis changes three times at most.
 */
export function horizontalEnd(reaches: readonly Reach[]): number {
  const done = Math.max(0, ...reaches.map(r => r.done));
  const planned = Math.max(0, ...reaches.filter(r => r.live).map(r => r.planned));
  if (done === 0) return planned > 0 ? planned : 1;
  const share = SHARES.find(s => done <= s * planned * 0.8) ?? 1;
  return Math.max(done, planned * share);
}

export type Progress = Pick<
  RunState,
  'step' | 'maxSteps' | 'tokens' | 'tokensPerStep' | 'seconds' | 'secondsPerStep'
>;

/** Reach of a run along `axis`. */
export function reachOf(state: Progress, axis: XAxis, live: boolean): Reach {
  return { done: doneAlong(state, axis), planned: plannedEnd(state, axis), live };
}

function doneAlong(state: Progress, axis: XAxis): number {
  if (axis === 'step') return state.step;
  return axis === 'tokens' ? state.tokens : state.seconds;
}

function plannedEnd(state: Progress, axis: XAxis): number {
  if (axis === 'step') return state.maxSteps;
  if (axis === 'tokens') return state.maxSteps * state.tokensPerStep;
  const end = state.seconds + (state.maxSteps - state.step) * state.secondsPerStep;
  if (end === 0) return 0;
  // Rounded up, so that an estimate that moves does not move the axis.
  const step = roundStep(end / 8, true);
  return Math.ceil(end / step) * step;
}
