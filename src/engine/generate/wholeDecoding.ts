/**
 * Generation without a cache: every step computes the whole context again. Padded on the right,
 * where nobody looks, or on the left with a mask, as transformers batches prompts.
 */
import { logitsProgram } from '../model/programs';
import { type BatchShape, paddingOf, positionFeeds } from '../model/startProgram';
import { type Tensor, tensor } from '../tensor/tensor';
import {
  type BackendInput,
  type Decoding,
  type DecodingBackend,
  powerOfTwo,
  roundedTime,
  SessionsByShape,
} from './decoding';

type Contexts = readonly (readonly number[])[];

export function wholeBackend(
  { model, weights, options }: BackendInput,
  padding: 'left' | 'right',
): DecodingBackend {
  const { block_size, vocab_size } = model.base;
  const padded = padding === 'left';
  const sessions = new SessionsByShape<BatchShape>(weights, options, (shape, stored) =>
    logitsProgram(model, shape, 'chosen', { padded, stored }),
  );
  const next = async (contexts: Contexts): Promise<Float32Array> => {
    const { shape, ids, rows, starts, at } = batchOf(contexts, block_size, padding);
    const feeds: [string, Tensor][] = [
      ['ids', ids],
      ['rows', rows],
    ];
    if (padded)
      feeds.push(
        ['padding', paddingOf(shape, i => i % shape.time >= (starts[Math.floor(i / shape.time)] ?? 0))], // prettier-ignore
        ...positionFeeds(model.base, shape, at, Math.max(...contexts.map(c => c.length))),
      );
    const outputs = await sessions.run(shape, feeds);
    const logits = outputs.get('logits')!.data as Float32Array;
    return logits.subarray(0, contexts.length * vocab_size);
  };
  return {
    start: prompts => wholeDecoding(prompts, block_size, next),
    get secondsOpening() {
      return sessions.secondsOpening;
    },
    dispose: () => sessions.dispose(),
  };
}

/** A model that computes somewhere else. */
export interface WholeModel {
  /**
   * Logits after some of the tokens, float32 [batch, vocabulary].
   * @param ids int64 [batch, time]
   * @param rows int64 [batch], of the flattened ids
   */
  logitsAt(ids: Tensor<'int64'>, rows: Tensor<'int64'>): Promise<Tensor>;
  /** Spent on opening programs so far. */
  readonly secondsOpening?: number;
  close(): Promise<void>;
}

/** Padded on the right. */
export const backendOver = (
  model: WholeModel,
  { block_size, vocab_size }: BackendInput['model']['base'],
): DecodingBackend => ({
  start: prompts =>
    wholeDecoding(prompts, block_size, async contexts => {
      const { ids, rows } = batchOf(contexts, block_size, 'right');
      const { data } = await model.logitsAt(ids, rows);
      return (data as Float32Array).subarray(0, contexts.length * vocab_size);
    }),
  get secondsOpening() {
    return model.secondsOpening ?? 0;
  },
  dispose: () => model.close(),
});

function wholeDecoding(
  prompts: Contexts,
  most: number,
  next: (contexts: Contexts) => Promise<Float32Array>,
): Decoding {
  let contexts = prompts.map(p => [...p]);
  return {
    cacheBytes: 0,
    reusedTokens: 0,
    next: () => next(contexts.map(c => c.slice(-most))),
    push(tokens) {
      contexts = contexts.filter((context, row) => {
        const token = tokens[row];
        if (token !== undefined) context.push(token);
        return token !== undefined;
      });
    },
  };
}

/** Few different shapes; rows beyond the contexts are padding. */
function batchOf(contexts: Contexts, most: number, padding: 'left' | 'right') {
  const batch = powerOfTwo(contexts.length);
  const time = Math.min(most, roundedTime(Math.max(...contexts.map(c => c.length))));
  const ids = new BigInt64Array(batch * time);
  const rows = new BigInt64Array(batch);
  const at = new Int32Array(batch * time);
  const starts = contexts.map(c => (padding === 'left' ? time - c.length : 0));
  contexts.forEach((context, row) => {
    const first = row * time + starts[row]!;
    context.forEach((id, t) => {
      ids[first + t] = BigInt(id);
      at[first + t] = t;
    });
    rows[row] = BigInt(first + context.length - 1);
  });
  return {
    shape: { batch, time },
    ids: tensor('int64', [batch, time], ids),
    rows: tensor('int64', [batch], rows),
    starts,
    at,
  };
}
