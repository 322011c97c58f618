/** Round tick values for linear, logarithmic and duration axes. Knows nothing of drawing. */
import type { Scale } from './scale';

/** Step sizes of a decimal axis, per power of ten. */
const DECIMAL = [1, 2, 2.5, 5];

/** Mantissas on a log axis, from sparse to dense; 1-2-5 is the usual one. */
const MANTISSAS = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8]];

const SECONDS = [1, 2, 5, 10, 15, 30];
/** Step sizes of a duration axis, in seconds, up to 30 days. */
const DURATION = [
  ...SECONDS,
  ...SECONDS.map(s => s * 60),
  ...[1, 2, 3, 6, 12, 24, 48, 120, 240, 720].map(hours => hours * 3600),
];

export interface TickOptions {
  /** Length of the axis and the least distance of two ticks, in pixels. */
  length: number;
  distance: number;
  /** Ticks at round durations instead of round decimals; linear axes only. */
  duration?: boolean;
  /** Only whole numbers: an axis that counts. */
  whole?: boolean;
}

/** Ticks within `[scale.from, scale.to]`, ascending. */
export function ticksOf(scale: Scale, options: TickOptions): number[] {
  if (!(scale.to > scale.from) || options.length <= 0) return [];
  const ticks = scale.kind === 'log' ? logTicks(scale, options) : linearTicks(scale, options);
  return options.whole ? ticks.filter(Number.isInteger) : ticks;
}

/** The largest round number ≤ `value` (> 0) that a log axis may begin with. */
export function roundDown(value: number): number {
  const decade = 10 ** Math.floor(Math.log10(value));
  const mantissa = [...MANTISSAS.at(-1)!, 10].findLast(m => m * decade <= value) ?? 1;
  return clean(mantissa * decade);
}

/** The smallest round step ≥ `least`. */
export function roundStep(least: number, duration = false): number {
  if (duration && least > 0.5 && least <= DURATION.at(-1)!) return DURATION.find(s => s >= least)!;
  const decade = 10 ** Math.floor(Math.log10(least) + 1e-9);
  const mantissa = DECIMAL.find(m => m * decade >= least * (1 - 1e-9)) ?? 10;
  return clean(mantissa * decade);
}

function linearTicks({ from, to }: Scale, options: TickOptions): number[] {
  const most = Math.max(1, options.length / options.distance);
  let step = roundStep((to - from) / most, options.duration);
  if (options.whole) step = Math.max(1, Math.round(step));
  const ticks: number[] = [];
  const slack = step * 1e-9;
  for (let i = Math.ceil((from - slack) / step); i * step <= to + slack; i++)
    ticks.push(clean(i * step));
  return ticks;
}

/** The densest set of mantissas that keeps its distance; too few in it: linear ticks. */
function logTicks(scale: Scale, options: TickOptions): number[] {
  const perUnit = options.length / (Math.log(scale.to) - Math.log(scale.from));
  const dense = MANTISSAS.findLast(set => gap(set) * perUnit >= options.distance) ?? MANTISSAS[0]!;
  let ticks = decades(scale, dense);
  // Many decades: every second, third … power of ten.
  const most = Math.max(1, (options.length * 1.2) / options.distance);
  for (let skip = 2; ticks.length > most; skip++)
    ticks = decades(scale, [1]).filter(t => Math.round(Math.log10(t)) % skip === 0);
  return ticks.length >= 4 || scale.to / scale.from > 3 ? ticks : linearTicks(scale, options);
}

function decades({ from, to }: Scale, mantissas: readonly number[]): number[] {
  const ticks: number[] = [];
  const last = Math.floor(Math.log10(to) + 1e-9);
  for (let power = Math.floor(Math.log10(from) - 1e-9); power <= last; power++)
    for (const mantissa of mantissas) {
      const tick = clean(mantissa * 10 ** power);
      if (tick >= from * (1 - 1e-9) && tick <= to * (1 + 1e-9)) ticks.push(tick);
    }
  return ticks;
}

/** Least distance between neighbours in natural-log units. */
function gap(mantissas: readonly number[]): number {
  const next = [...mantissas.slice(1), mantissas[0]! * 10];
  return Math.min(...mantissas.map((m, i) => Math.log(next[i]! / m)));
}

/** 0.30000000000000004 → 0.3 */
const clean = (value: number): number => Number(value.toPrecision(12));
