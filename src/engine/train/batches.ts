/**
 * Which windows of a token bin each step trains on, and each evaluation measures. Random windows are
 * a pure function of (seed, step, micro-batch); a batch order of another run can be replayed. What a
 * batch is, also of examples.
 */
import { fail } from '../problem';
import { below, randomStream } from '../tensor/random';
import { type Tensor, tensor } from '../tensor/tensor';

export type Tokens = Uint16Array | Uint32Array;

export type Batch = WindowBatch | ExampleBatch;

/** Rows of which several positions, named by their index in [batch·time], are scored. */
export interface ExampleBatch {
  /** int64 [batch, time] */
  readonly ids: Tensor<'int64'>;
  /** Which sequence of its row each column is of, [batch·time]; sequences do not see each other. */
  readonly segments: Int32Array;
  /** Of each column in its sequence. */
  readonly positions: Int32Array;
  readonly scored: {
    readonly rows: readonly number[];
    /** The token that follows each. */
    readonly targets: readonly number[];
  };
}

export interface WindowBatch {
  /** int64 [batch, time] */
  readonly ids: Tensor<'int64'>;
  /** int64 [batch, time]; what is ignored stands as 0 with weight 0. */
  readonly targets: Tensor<'int64'>;
  /** 1 for each position that counts, else 0. */
  readonly counts: Float32Array;
}

/** Positions of the batch that are scored. */
export const scoredIn = (batch: Batch): number =>
  'scored' in batch ? batch.scored.rows.length : batch.counts.reduce((n, c) => n + c, 0);

export type BatchOrder = (step: number, micro: number) => readonly number[];

export const randomOrder =
  (
    tokens: number,
    { seed, batch, time }: { seed: number; batch: number; time: number },
  ): BatchOrder =>
  (step, micro) => {
    const next = randomStream(seed, 'batches', step, micro);
    return Array.from({ length: batch }, () => below(next, tokens - time));
  };

/** @throws when a step beyond the recorded ones is asked for. */
export const replayedOrder =
  (starts: readonly (readonly (readonly number[])[])[], file: string): BatchOrder =>
  (step, micro) =>
    starts[step]?.[micro] ??
    fail(
      'batch-order.too-short',
      `${file} has no batch for step ${step}, micro-batch ${micro}. Lower train.max_steps or record more.`,
      { file, key: 'train.batch_order' },
    );

/** At most `limit` batches of windows spread evenly over the bin, the same at every evaluation. */
export function evaluationStarts(
  tokens: number,
  batch: number,
  time: number,
  limit: number,
): number[][] {
  const windows = Math.floor((tokens - 1) / time);
  const count = Math.min(limit, Math.max(1, Math.floor(windows / batch)));
  const used = Math.min(count * batch, Math.max(1, windows));
  const starts = Array.from({ length: used }, (_, i) => Math.floor((i * windows) / used) * time);
  return Array.from({ length: Math.ceil(used / batch) }, (_, i) =>
    starts.slice(i * batch, (i + 1) * batch),
  );
}

/**
 * x = tokens[s : s+time], y = tokens[s+1 : s+1+time] for each start s. Rows beyond the starts given
 * are padding without weight.
 */
export function windowBatch(
  tokens: Tokens,
  starts: readonly number[],
  batch: number,
  time: number,
): WindowBatch {
  const ids = new BigInt64Array(batch * time);
  const targets = new BigInt64Array(batch * time);
  const counts = new Float32Array(batch * time);
  starts.forEach((start, row) => {
    if (!Number.isInteger(start) || start < 0 || start + time >= tokens.length)
      fail(
        'batch-order.outside',
        `A window of ${time} tokens at ${start} does not fit ${tokens.length} tokens.`,
      );
    for (let t = 0; t < time; t++) {
      ids[row * time + t] = BigInt(tokens[start + t]!);
      targets[row * time + t] = BigInt(tokens[start + t + 1]!);
    }
    counts.fill(1, row * time, (row + 1) * time);
  });
  const shape = [batch, time];
  return { ids: tensor('int64', shape, ids), targets: tensor('int64', shape, targets), counts };
}
