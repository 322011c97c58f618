/** Python values as text, and text as the oldest pickles escape it. */

const PLAIN: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** What stands between the quotes of `repr(text)`. */
export const unescapePython = (text: string): string =>
  text.replace(/\\(?:x([0-9a-fA-F]{2})|([^]))/g, (_, hex?: string, sign = '') =>
    hex === undefined
      ? (PLAIN[sign as string] ?? (sign as string))
      : String.fromCharCode(parseInt(hex, 16)),
  );

/** `raw-unicode-escape`. */
export const unescapeUnicode = (text: string): string =>
  text.replace(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/g,
    (whole, short?: string, long?: string) => {
      const code = parseInt(short ?? long ?? '', 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );

/** As `repr` writes it, e.g. `1.0`, `inf`. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /^-?[0-9]+$/.test(text) ? `${text}.0` : text;
}
