/**
 * Examples as rows of a fixed length: several in a row when packed, none of which sees another. The
 * rows of each step are a pure function of (seed, step). Knows nothing of files or texts.
 */
import { below, randomStream } from '../tensor/random';
import { tensor } from '../tensor/tensor';
import type { BatchOrder, ExampleBatch } from './batches';

export interface Examples {
  readonly tokens: Uint16Array | Uint32Array;
  /** 1 for each token that is trained. */
  readonly trained: Uint8Array;
  /** Where each example begins, and the end. */
  readonly starts: Uint32Array;
}

export interface Rows {
  /** The examples of each row. */
  readonly rows: readonly (readonly number[])[];
  /** Tokens of a row. */
  readonly time: number;
  readonly losses: RowLosses;
}

/** What is not trained, and why. */
export interface RowLosses {
  /** Examples without a trained token. */
  readonly unmarked: readonly number[];
  /** Examples whose trained tokens all lie beyond the length of a row. */
  readonly cutBefore: readonly number[];
  /** Examples of which a part lies beyond it. */
  readonly cut: readonly number[];
  /** Tokens of rows that hold nothing. */
  readonly padding: number;
}

/** Rows of at most `time` tokens; longer examples are cut. Packed, the longest are placed first. */
export function rowsOf(examples: Examples, time: number, isPacked: boolean): Rows {
  const { trained, starts } = examples;
  const count = starts.length - 1;
  const unmarked: number[] = [];
  const cutBefore: number[] = [];
  const cut: number[] = [];
  const kept: number[] = [];
  for (let i = 0; i < count; i++) {
    const [start, end] = [starts[i]!, starts[i + 1]!];
    // The first token follows nothing, so nothing is learnt of it.
    const first = trained.indexOf(1, start + 1);
    if (end - start > time) cut.push(i);
    if (first === -1 || first >= end) unmarked.push(i);
    else if (first - start >= time) cutBefore.push(i);
    else kept.push(i);
  }
  const length = (i: number) => Math.min(time, starts[i + 1]! - starts[i]!);
  const rows = isPacked ? packed(kept, length, time) : kept.map(i => [i]);
  const used = kept.reduce((sum, i) => sum + length(i), 0);
  return { rows, time, losses: { unmarked, cutBefore, cut, padding: rows.length * time - used } };
}

/** Each example, longest first, goes where the least room is left over. */
function packed(kept: readonly number[], length: (i: number) => number, time: number): number[][] {
  const rows: number[][] = [];
  const withRoom: number[][] = Array.from({ length: time + 1 }, () => []);
  for (const i of kept.toSorted((a, b) => length(b) - length(a) || a - b)) {
    let room = length(i);
    while (room <= time && withRoom[room]!.length === 0) room++;
    const row = room <= time ? withRoom[room]!.pop()! : rows.push([]) - 1;
    rows[row]!.push(i);
    withRoom[(room <= time ? room : time) - length(i)]!.push(row);
  }
  return rows;
}

/** Every row once an epoch, in another order each. The last step of an epoch takes what is left. */
export function rowOrder(
  rows: number,
  { seed, batch, micros }: { seed: number; batch: number; micros: number },
): { order: BatchOrder; stepsPerEpoch: number } {
  const stepsPerEpoch = Math.ceil(rows / (batch * micros));
  let shuffled: { epoch: number; rows: Uint32Array } | undefined;
  return {
    stepsPerEpoch,
    order(step, micro) {
      const epoch = Math.floor(step / stepsPerEpoch);
      if (shuffled?.epoch !== epoch) shuffled = { epoch, rows: shuffle(rows, seed, epoch) };
      const from = ((step % stepsPerEpoch) * micros + micro) * batch;
      return Array.from(shuffled.rows.subarray(from, from + batch));
    },
  };
}

function shuffle(count: number, seed: number, epoch: number): Uint32Array {
  const next = randomStream(seed, 'epoch', epoch);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = below(next, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The rows chosen, as a batch of `batch` rows; those that are missing are padding. */
export function exampleBatch(
  { tokens, trained, starts }: Examples,
  { rows, time }: Rows,
  chosen: readonly number[],
  batch: number,
): ExampleBatch {
  const ids = new BigInt64Array(batch * time);
  const segments = new Int32Array(batch * time).fill(-1);
  const positions = new Int32Array(batch * time);
  const scored: ExampleBatch['scored'] & { rows: number[]; targets: number[] } = {
    rows: [],
    targets: [],
  };
  for (const [r, row] of chosen.entries()) {
    let column = r * time;
    for (const [segment, example] of rows[row]!.entries()) {
      const start = starts[example]!;
      const end = Math.min(starts[example + 1]!, start + time);
      for (let at = start; at < end; at++, column++) {
        ids[column] = BigInt(tokens[at]!);
        segments[column] = segment;
        positions[column] = at - start;
        if (at === start || trained[at] === 0) continue;
        scored.rows.push(column - 1);
        scored.targets.push(tokens[at]!);
      }
    }
  }
  return { ids: tensor('int64', [batch, time], ids), segments, positions, scored };
}

/** The most trained tokens that any batch of `batch` rows can have. */
export function mostScored(
  { trained, starts }: Examples,
  { rows, time }: Rows,
  batch: number,
): number {
  const counts = rows.map(row =>
    row.reduce((sum, i) => {
      const [start, end] = [starts[i]!, Math.min(starts[i + 1]!, starts[i]! + time)];
      let count = 0;
      for (let at = start + 1; at < end; at++) count += trained[at]!;
      return sum + count;
    }, 0),
  );
  const largest = counts.toSorted((a, b) => b - a).slice(0, batch);
  return Math.max(
    1,
    largest.reduce((sum, n) => sum + n, 0),
  );
}
