/**
 * Numbers as people read them here: thin spaces between thousands, a true minus, few digits. Knows
 * no locale: the same text in every view, export and test.
 */

const THIN_SPACE = '\u2009';
const MINUS = '\u2212';

/** 120775 → "120 775" with thin spaces; fractions are rounded away. */
export function countText(value: number): string {
  return group(value.toFixed(0));
}

/** A loss: three decimals, as many digits as anybody compares; "not a number" when it is none. */
export function lossText(value: number): string {
  return Number.isFinite(value) ? withMinus(value.toFixed(3)) : notFinite(value);
}

/** A difference with its sign: "+0.167", "−0.020". */
export function gapText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const text = value.toFixed(3);
  return Number(text) < 0 ? withMinus(text) : `+${text.replace('-', '')}`;
}

/** Three significant digits: "0.54", "0.085", "14.2"; two of what is very small: "4.5e−5". */
export function shortText(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-3 || size >= 1e6) return scientific(value, 1);
  if (size >= 1000) return countText(value);
  return withMinus(String(Number(size >= 100 ? value.toFixed(0) : value.toPrecision(3))));
}

/** With a unit prefix: "48.7 M", "1.2 k", "950". */
export function amountText(value: number): string {
  const size = Math.abs(value);
  for (const [unit, name] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (size >= unit * 0.9995) return `${threeDigits(value / unit)}${THIN_SPACE}${name}`;
  return withMinus(String(Number(value.toFixed(size < 10 && size % 1 !== 0 ? 1 : 0))));
}

/** Bytes in decimal units: "131 kB", "48 B". */
export function bytesText(value: number): string {
  const text = amountText(value);
  return /[0-9]$/.test(text) ? `${text}${THIN_SPACE}B` : `${text}B`;
}

/** Seconds: "0.6 s", "52 min", "2 h 19 min", "3 d 4 h". */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  if (seconds < 9.95) return `${(Math.round(seconds * 10) / 10).toString()}${THIN_SPACE}s`;
  if (seconds < 59.5) return `${seconds.toFixed(0)}${THIN_SPACE}s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes}${THIN_SPACE}min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return twoUnits(hours, 'h', minutes % 60, 'min');
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/**
 * Label of an axis tick whose neighbours are `step` away (0 on a log axis): "10 000", "1.2 M",
 * "3e−4"; `compact` writes "10k" and "7.5e−3". Neighbours never get the same text, and those of an
 * axis that begins at 0 are all written in one way.
 */
export function tickText(value: number, step: number, compact = false): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  const isNearZero = step > 0 && step < (compact ? 5e-3 : 1e-3) && size <= MOST_TICKS * step;
  const isSmall = step > 0 ? size < 1e-3 : size < (compact ? 1e-2 : 1e-3);
  if (isNearZero || isSmall) return scientific(value, mantissaDigits(size, step));
  const unit = TICK_UNITS.find(([least, , short]) => size >= least && (compact || !short));
  const [divisor, name] = unit ?? [1, ''];
  const digits = step > 0 ? decimalsOf(step / divisor) : 2 - Math.floor(Math.log10(size / divisor));
  if (divisor > 1 && digits > 2) return group(value.toFixed(decimalsOf(step)));
  const label = String(Number((value / divisor).toFixed(Math.max(0, digits))));
  return `${divisor === 1 ? group(label) : withMinus(label)}${name}`;
}

/** More than an axis ever has. */
const MOST_TICKS = 16;

/** Decimals of the mantissa that tell neighbours apart. */
const mantissaDigits = (size: number, step: number): number =>
  step > 0 ? Math.max(0, decimalsOf(step) + Math.floor(Math.log10(size))) : 1;

const TICK_UNITS = [
  [1e9, `${THIN_SPACE}G`, false],
  [1e6, `${THIN_SPACE}M`, false],
  [1e3, 'k', true],
] as const;

/** Decimals that tell multiples of `step` apart. */
function decimalsOf(step: number): number {
  const [mantissa = '', power = '0'] = step.toExponential(3).replace(/0+e/, 'e').split('e');
  return Math.max(0, mantissa.replace('.', '').length - 1 - Number(power));
}

/** Label of a duration tick: "30 s", "5 min", "1 h 30". */
export function durationTickText(seconds: number): string {
  if (seconds === 0) return '0';
  if (seconds < 60) return `${Number(seconds.toPrecision(3))}${THIN_SPACE}s`;
  if (seconds % 60 !== 0) return `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`;
  const minutes = seconds / 60;
  if (minutes < 60) return `${minutes}${THIN_SPACE}min`;
  if (minutes % 60 !== 0)
    return `${Math.floor(minutes / 60)}${THIN_SPACE}h${THIN_SPACE}${pad(minutes % 60)}`;
  const hours = minutes / 60;
  return hours % 24 === 0 ? `${hours / 24}${THIN_SPACE}d` : `${hours}${THIN_SPACE}h`;
}

/** Grammar of counts: (1, "run") → "1 run", (2, "run") → "2 runs". */
export function countOf(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

const notFinite = (value: number): string =>
  Number.isNaN(value) ? 'not a number' : value > 0 ? 'infinite' : `${MINUS}infinite`;

const withMinus = (text: string): string => text.replace('-', MINUS);

/** Thin spaces between thousands, not among decimals. */
const group = (digits: string): string =>
  withMinus(digits.replace(/^-?\d+/, whole => whole.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE)));

const threeDigits = (value: number): string =>
  withMinus(Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

const pad = (value: number): string => value.toFixed(0).padStart(2, '0');

function twoUnits(a: number, unitA: string, b: number, unitB: string): string {
  const first = `${a}${THIN_SPACE}${unitA}`;
  return b === 0 ? first : `${first} ${b}${THIN_SPACE}${unitB}`;
}

function scientific(value: number, decimals: number): string {
  const [mantissa = '', power = ''] = value.toExponential(decimals).split('e');
  return withMinus(`${String(Number(mantissa))}e${power.replace('+', '')}`.replaceAll('-', MINUS));
}
