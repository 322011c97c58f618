/**
 * Text that may remember where in the original text each part of it came from, through any number
 * of rewritings. Offsets are UTF-16 code units. Pure.
 */

export interface TrackedText {
  readonly text: string;
  /** For code unit `i`, the original `[spans[2i], spans[2i + 1])`; absent when nobody asks. */
  readonly spans?: Int32Array;
  /** Whether it begins where the original text begins. */
  readonly atStart: boolean;
}

/** A search and what each match becomes. The pattern is global. */
export interface Rewrite {
  readonly pattern: RegExp;
  readonly replace: (match: string) => string;
}

export const untracked = (text: string, atStart: boolean): TrackedText => ({ text, atStart });

/** @param from where `text` stands in the original */
export function tracked(text: string, from: number): TrackedText {
  const spans = new Int32Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    const isLow = i > 0 && isLowSurrogate(text, i);
    const isHigh = i + 1 < text.length && isLowSurrogate(text, i + 1);
    spans[2 * i] = from + i - (isLow ? 1 : 0);
    spans[2 * i + 1] = from + i + (isHigh ? 2 : 1);
  }
  return { text, spans, atStart: from === 0 };
}

const isLowSurrogate = (text: string, at: number): boolean =>
  (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;

export function slice({ text, spans, atStart }: TrackedText, from: number, to: number) {
  return {
    text: text.slice(from, to),
    ...(spans && { spans: spans.subarray(2 * from, 2 * to) }),
    atStart: atStart && from === 0,
  } satisfies TrackedText;
}

/** What replaces a match came from all of the match. */
export function rewrite(source: TrackedText, { pattern, replace }: Rewrite): TrackedText {
  const { text, spans, atStart } = source;
  if (!spans) return { text: text.replace(pattern, replace), atStart };
  const parts: string[] = [];
  const origins: number[] = [];
  let done = 0;
  const keep = (to: number) => {
    parts.push(text.slice(done, to));
    for (let i = 2 * done; i < 2 * to; i++) origins.push(spans[i]!);
  };
  for (const { 0: match, index } of text.matchAll(pattern)) {
    keep(index);
    const by = replace(match);
    parts.push(by);
    const [start, end] = spanOf(spans, index, index + match.length);
    for (let i = 0; i < by.length; i++) origins.push(start, end);
    done = index + match.length;
  }
  keep(text.length);
  return { text: parts.join(''), spans: Int32Array.from(origins), atStart };
}

/** The original `[start, end)` of code units `[from, to)`; empty where they came from nowhere. */
export function spanOf(spans: Int32Array, from: number, to: number): [number, number] {
  if (from < to) return [spans[2 * from]!, spans[2 * to - 1]!];
  const at = from > 0 ? spans[2 * from - 1]! : (spans[0] ?? 0);
  return [at, at];
}
