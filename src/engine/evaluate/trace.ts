/**
 * One pass of a model over given ids: logits, loss and gradients under their parameters' names, so
 * that anybody can check the engine against another implementation.
 */
import { fail } from '../problem';
import type { HeldTensors } from '../session/heldTensors';
import { type Device, openSession } from '../session/session';
import { type Tensor, tensor } from '../tensor/tensor';
import type { Graph } from '../graph/graph';
import {
  type BatchShape,
  gradientOf,
  logitsProgram,
  type ModelShape,
  trainingProgram,
} from '../model/programs';
import { paddingOf, positionFeeds } from '../model/startProgram';
import { addRows } from '../model/sparseRows';

export interface TraceInput {
  /** int64 [batch, time] */
  idx: Tensor;
  /** int64 [batch, time]; -1 is ignored. */
  targets?: Tensor | undefined;
  /** int64 [batch, time], 0 for tokens that nobody sees. */
  attentionMask?: Tensor | undefined;
  /** int64 [batch, time]; counted from 0 in each row without it. */
  positionIds?: Tensor | undefined;
  gradients: boolean;
  /** Names of values between embedding and head whose gradients come out, too. */
  values?: readonly string[] | undefined;
  device?: Device | undefined;
  /** What the device holds of the weights, which are not fed then. */
  held?: HeldTensors | undefined;
}

/** @returns `logits` [batch, time, vocab], with targets `loss` [1], with gradients one per trainable. */
export async function trace(
  model: ModelShape,
  weights: ReadonlyMap<string, Tensor>,
  input: TraceInput,
): Promise<Map<string, Tensor>> {
  const { targets, gradients } = input;
  const ids = checkedIds(input.idx, 'idx', model.base.vocab_size, 0);
  const [batch = 1, time = 1] = ids.shape;
  if (time > model.base.block_size)
    fail(
      'trace.too-long',
      `idx has ${time} positions; the model's block size is ${model.base.block_size}.`,
    );
  const shape = { batch, time };
  const padded = input.attentionMask !== undefined || input.positionIds !== undefined;
  const feeds = new Map<string, Tensor>([
    ...(input.held ? [] : weights),
    ['ids', ids],
    ...(padded ? paddingFeeds(model, shape, input) : []),
  ]);
  const program = logitsProgram(model, shape, 'all', { padded });
  const results = await runOnce(program, feeds, input);
  if (!targets) {
    if (gradients) fail('trace.no-targets', 'Gradients need `targets` in the ids file.');
    return results;
  }
  // Gradients of the model as it is used: without dropout.
  const { values = [] } = input;
  const training = trainingProgram(model, shape, { padded, dropout: false, values });
  const outputs = await runOnce(
    training.graph,
    new Map([...feeds, ...labelFeeds(targets, model.base.vocab_size)]),
    input,
  );
  addRows(outputs, training.sparse);
  const loss = outputs.get('loss');
  if (loss) results.set('loss', { ...loss, shape: [1] });
  if (gradients)
    for (const name of [...training.trainable.map(p => p.name), ...values])
      results.set(name, outputs.get(gradientOf(name))!);
  return results;
}

async function runOnce(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  { device = 'cpu', held }: TraceInput,
): Promise<Map<string, Tensor>> {
  const session = await openSession(graph, { device });
  try {
    return await session.run(feeds, held);
  } finally {
    await session.dispose();
  }
}

function paddingFeeds(
  model: ModelShape,
  shape: BatchShape,
  { attentionMask, positionIds }: TraceInput,
): Map<string, Tensor> {
  const seen = attentionMask && checkedIds(attentionMask, 'attention_mask', 2, 0);
  const rows = shape.batch * shape.time;
  const at = positionIds
    ? Array.from(checkedIds(positionIds, 'position_ids', model.base.block_size, 0).data, Number)
    : Array.from({ length: rows }, (_, i) => i % shape.time);
  for (const [name, given] of Object.entries({ attentionMask, positionIds }))
    if (given && given.data.length !== rows)
      fail('trace.shape', `${name} must be as large as idx, [${shape.batch}, ${shape.time}].`);
  return new Map([
    ['padding', paddingOf(shape, i => seen === undefined || seen.data[i] === 1n)],
    ...positionFeeds(model.base, shape, at, shape.time),
  ]);
}

function labelFeeds(targets: Tensor, vocabulary: number): [string, Tensor][] {
  const checked = checkedIds(targets, 'targets', vocabulary, -1);
  const counted = checked.data.reduce((n, t) => n + (t >= 0n ? 1 : 0), 0);
  const shares = Float32Array.from(checked.data, t => (t >= 0n ? 1 / Math.max(1, counted) : 0));
  return [
    [
      'targets',
      tensor(
        'int64',
        checked.shape,
        checked.data.map(t => (t < 0n ? 0n : t)),
      ),
    ],
    ['weights', tensor('float32', [shares.length], shares)],
  ];
}

/** @throws `trace.shape`, `trace.token` */
export function checkedIds(
  ids: Tensor,
  name: string,
  vocabulary: number,
  least: number,
): Tensor<'int64'> {
  if (ids.shape.length !== 2 || ids.dtype === 'float32')
    fail(
      'trace.shape',
      `${name} must be integers [batch, time], not ${ids.dtype}[${ids.shape.join(', ')}].`,
    );
  const data = BigInt64Array.from(ids.data as BigInt64Array, x => BigInt(x));
  const bad = data.findIndex(x => x < BigInt(least) || x >= BigInt(vocabulary));
  if (bad >= 0)
    fail(
      'trace.token',
      `${name} has ${data[bad]} at position ${bad}, outside the vocabulary of ${vocabulary}.`,
    );
  return tensor('int64', ids.shape, data);
}
