/**
 * How likely a model holds given tokens to be: the loss of each in a row, several rows at a time. Deals
 * in token ids; knows nothing of text.
 */
import { lossesProgram, type ModelShape } from '../model/programs';
import type { BatchShape } from '../model/startProgram';
import type { SessionOptions } from '../session/session';
import { tensor } from '../tensor/tensor';
import { powerOfTwo, roundedTime, SessionsByShape, type Weights } from './decoding';

/** A row of tokens of which those from `from` on are scored, given all before them. */
export interface ScoredRow {
  readonly ids: readonly number[];
  /** At least 1: nothing stands before the first token. */
  readonly from: number;
}

export interface Scorer {
  /** −ln p in nats of each scored token, by row. */
  losses(rows: readonly ScoredRow[]): Promise<number[][]>;
  dispose(): Promise<void>;
}

/** @param rows each of 2 to `block_size` + 1 tokens */
export function openScorer(model: ModelShape, weights: Weights, options: SessionOptions): Scorer {
  const sessions = new SessionsByShape<BatchShape>(weights, options, (shape, stored) =>
    lossesProgram(model, shape, { stored }),
  );
  return {
    async losses(rows) {
      const longest = Math.max(...rows.map(({ ids }) => ids.length - 1));
      const batch = powerOfTwo(rows.length);
      const time = Math.min(model.base.block_size, roundedTime(longest));
      const [ids, targets] = [new BigInt64Array(batch * time), new BigInt64Array(batch * time)];
      for (const [row, { ids: tokens }] of rows.entries())
        for (let t = 0; t + 1 < tokens.length; t++) {
          ids[row * time + t] = BigInt(tokens[t]!);
          targets[row * time + t] = BigInt(tokens[t + 1]!);
        }
      const shape = [batch, time];
      const outputs = await sessions.run({ batch, time }, [
        ['ids', tensor('int64', shape, ids)],
        ['targets', tensor('int64', shape, targets)],
      ]);
      const losses = outputs.get('losses')!.data as Float32Array;
      return rows.map(({ ids: tokens, from }, row) =>
        Array.from(losses.subarray(row * time + from - 1, row * time + tokens.length - 1)),
      );
    },
    dispose: () => sessions.dispose(),
  };
}
