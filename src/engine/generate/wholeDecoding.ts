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

export function wholeBackend(
  { model, weights, options }: BackendInput,
  padding: 'left' | 'right',
): DecodingBackend {
  const { block_size } = model.base;
  const padded = padding === 'left';
  const sessions = new SessionsByShape<BatchShape>(weights, options, (shape, stored) =>
    logitsProgram(model, shape, 'chosen', { padded, stored }),
  );

  const next = async (contexts: readonly (readonly number[])[]): Promise<Float32Array> => {
    const batch = powerOfTwo(contexts.length);
    const longest = Math.max(...contexts.map(c => c.length));
    const time = Math.min(block_size, roundedTime(longest));
    const ids = new BigInt64Array(batch * time);
    const rows = new BigInt64Array(batch); // rows beyond the contexts are padding
    const at = new Int32Array(batch * time);
    const starts = contexts.map(c => (padded ? time - c.length : 0));
    contexts.forEach((context, row) => {
      const first = row * time + starts[row]!;
      context.forEach((id, t) => {
        ids[first + t] = BigInt(id);
        at[first + t] = t;
      });
      rows[row] = BigInt(first + context.length - 1);
    });
    const shape = { batch, time };
    const feeds: [string, Tensor][] = [
      ['ids', tensor('int64', [batch, time], ids)],
      ['rows', tensor('int64', [batch], rows)],
    ];
    if (padded)
      feeds.push(
        ['padding', paddingOf(shape, i => i % time >= (starts[Math.floor(i / time)] ?? 0))],
        ...positionFeeds(model.base, shape, at, longest),
      );
    const outputs = await sessions.run(shape, feeds);
    const logits = outputs.get('logits')!.data as Float32Array;
    return logits.subarray(0, contexts.length * model.base.vocab_size);
  };

  return {
    start(prompts): Decoding {
      let contexts = prompts.map(p => [...p]);
      return {
        cacheBytes: 0,
        reusedTokens: 0,
        next: () => next(contexts.map(c => c.slice(-block_size))),
        push(tokens) {
          contexts = contexts.filter((context, row) => {
            const token = tokens[row];
            if (token !== undefined) context.push(token);
            return token !== undefined;
          });
        },
      };
    },
    get secondsOpening() {
      return sessions.secondsOpening;
    },
    dispose: () => sessions.dispose(),
  };
}
