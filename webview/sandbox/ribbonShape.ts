/** The geometry of the ribbon: bars of probabilities in slots, and the labels of its axis. Pure. */

export interface Slots {
  /** Pixels. */
  readonly width: number;
  readonly count: number;
}

/** Fewer would be blocks, not bars. */
const FEWEST = 32;

/** While a text grows, the ribbon makes room by doubling; when it is over, it fits. */
export function slotCount(tokens: number, isGrowing: boolean): number {
  if (!isGrowing) return Math.max(FEWEST, tokens);
  let count = FEWEST;
  while (count < tokens) count *= 2;
  return count;
}

export const slotAt = ({ width, count }: Slots, x: number): number =>
  Math.min(count - 1, Math.max(0, Math.floor((x / width) * count)));

export const slotStart = ({ width, count }: Slots, at: number): number => (at / count) * width;

/**
 * Path of bars from a baseline at y = 0 to −height (up) or height (down). Where several tokens share
 * a pixel, the least likely is drawn: it is the one worth seeing.
 */
export function barPath(
  values: readonly number[],
  slots: Slots,
  { from, to, height }: { from: number; to: number; height: number },
): string {
  const bars: string[] = [];
  const slot = slots.width / slots.count;
  const gap = slot >= 3 ? 1 : 0;
  const stride = slot >= 1 ? 1 : Math.ceil(1 / slot);
  for (let at = from; at < to; at += stride) {
    const value = Math.min(...values.slice(at, Math.min(at + stride, to)));
    const x = slotStart(slots, at);
    const width = Math.max(0.75, slot * stride - gap);
    // A bar of next to nothing is still a bar.
    const tall = Math.sign(height) * Math.max(1, Math.abs(height) * value);
    bars.push(`M${x.toFixed(2)} 0h${width.toFixed(2)}v${tall.toFixed(2)}h${(-width).toFixed(2)}z`);
  }
  return bars.join('');
}

/** Pixels between two labels. */
const LABEL_ROOM = 44;

/** 1-based numbers of tokens to label, without those too near to `marked`. */
export function axisLabels(slots: Slots, marked: number | null): number[] {
  const slot = slots.width / slots.count;
  const steps = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
  const step = steps.find(each => each * slot >= LABEL_ROOM) ?? 10_000;
  const labels = [1];
  for (let label = step; label <= slots.count; label += step) labels.push(label);
  return labels.filter(
    label => marked === null || Math.abs(label - 1 - marked) * slot > LABEL_ROOM / 2,
  );
}
