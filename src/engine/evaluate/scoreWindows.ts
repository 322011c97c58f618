/**
 * The loss of every token of a text that may be longer than a model's context, by windows that move on
 * by a stride: each token is scored once, given as much before it as its window holds. Knows nothing of
 * text.
 */
import type { ScoredRow } from '../generate/scoring';

export interface WindowSettings {
  /** The model's context. */
  readonly length: number;
  /** At most `length`. */
  readonly stride: number;
}

/** A row of a longer text. */
export interface WindowRow extends ScoredRow {
  /** Of its first scored token in the text. */
  readonly place: number;
}

/** @param from first token that is scored; what stands before it is the prompt */
export function windowsOf(
  ids: readonly number[],
  from: number,
  { length, stride }: WindowSettings,
): WindowRow[] {
  const rows: WindowRow[] = [];
  let place = Math.max(1, from); // nothing stands before the first token
  while (place < ids.length) {
    // The first window is filled up; later ones score `stride` tokens each.
    const full = rows.length === 0 ? Math.max(length + 1, place + stride) : place + stride;
    const end = Math.min(ids.length, full);
    const start = Math.max(0, end - length - 1);
    rows.push({ ids: ids.slice(start, end), from: place - start, place });
    place = end;
  }
  return rows;
}
