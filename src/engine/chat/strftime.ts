/** Dates as Python's `strftime` writes them in the C locale, in local time. Pure. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const pad = (value: number, width: number, fill = '0'): string =>
  String(value).padStart(width, fill);

const dayOfYear = (date: Date): number =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) -
      Date.UTC(date.getFullYear(), 0, 0)) /
      86_400_000,
  );

/** Days before the first `first` (0 is Sunday) of a year are in week 0. */
const week = (date: Date, first: number): number =>
  Math.floor((dayOfYear(date) + 6 - ((date.getDay() - first + 7) % 7)) / 7);

const hour12 = (date: Date): number => date.getHours() % 12 || 12;

const fields: Readonly<Record<string, (date: Date) => string>> = {
  a: date => DAYS[date.getDay()]!.slice(0, 3),
  A: date => DAYS[date.getDay()]!,
  b: date => MONTHS[date.getMonth()]!.slice(0, 3),
  B: date => MONTHS[date.getMonth()]!,
  c: date => strftime(date, '%a %b %e %H:%M:%S %Y'),
  d: date => pad(date.getDate(), 2),
  D: date => strftime(date, '%m/%d/%y'),
  e: date => pad(date.getDate(), 2, ' '),
  f: date => pad(date.getMilliseconds() * 1000, 6),
  F: date => strftime(date, '%Y-%m-%d'),
  h: date => MONTHS[date.getMonth()]!.slice(0, 3),
  H: date => pad(date.getHours(), 2),
  I: date => pad(hour12(date), 2),
  j: date => pad(dayOfYear(date), 3),
  m: date => pad(date.getMonth() + 1, 2),
  M: date => pad(date.getMinutes(), 2),
  n: () => '\n',
  p: date => (date.getHours() < 12 ? 'AM' : 'PM'),
  r: date => strftime(date, '%I:%M:%S %p'),
  R: date => strftime(date, '%H:%M'),
  S: date => pad(date.getSeconds(), 2),
  t: () => '\t',
  T: date => strftime(date, '%H:%M:%S'),
  u: date => String(date.getDay() || 7),
  U: date => pad(week(date, 0), 2),
  w: date => String(date.getDay()),
  W: date => pad(week(date, 1), 2),
  x: date => strftime(date, '%m/%d/%y'),
  X: date => strftime(date, '%H:%M:%S'),
  y: date => pad(date.getFullYear() % 100, 2),
  Y: date => String(date.getFullYear()),
  // of a date without a time zone, as transformers takes it
  z: () => '',
  Z: () => '',
  '%': () => '%',
};

/** `%-d` is without padding. Fields that are not known stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (all, bare: string, name: string) => {
    const text = fields[name]?.(date);
    if (text === undefined) return all;
    return bare === '-' ? text.replace(/^[0 ](?=.)/, '').replace(/^0+(?=\d)/, '') : text;
  });
}
