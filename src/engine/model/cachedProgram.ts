/**
 * The program that goes on from a cache of past keys and values. The cache is only read: new keys
 * and values come out in one piece, small, and are written into the cache by its owner.
 */
import type { Graph, GraphBuilder, Value } from '../graph/graph';
import { openAxis } from '../graph/openAxis';
import { attendPast } from './attention';
import { cacheShape } from './families';
import type { ModelShape } from './modelShape';
import type { ModelParts } from './parts';
import { type BatchShape, type ProgramOptions, startProgram } from './startProgram';

export const keysOf = (layer: number): string => `past/${layer}/keys`;
export const valuesOf = (layer: number): string => `past/${layer}/values`;
/** The output with the inner values A·x of an adapted linear layer. */
export const innerOf = (linear: string): string => `inner/${linear}`;

/** Only for shape inference: the capacity of a cache is open. */
const ANY_CAPACITY = 64;

export interface CachedProgramOptions extends Pick<ProgramOptions, 'stored'> {
  /** Logits of every column come out, instead of the last one's. */
  readonly everyColumn?: boolean;
  /** Adapted linear layers whose inner values come out, too. */
  readonly inner?: readonly string[];
}

/**
 * Inputs: parameters; `ids` int64 [batch, time], of any time; what `positionFeeds` gives; for each
 * layer its keys and values float32 [batch, kv heads, 1, capacity, size]; `sight` float32 [batch, 1, 1,
 * time, time + capacity], added to the scores of the new columns and those of the cache; `columns`
 * int64 [2], time and capacity.
 * Outputs: `logits` [batch, vocab] of the last column, or [batch·time, vocab]; `fresh` [2·layers·batch,
 * kv heads, time, size], keys and values of each layer in turn; `inner/<layer>` [batch·time, r] of those
 * that were asked for.
 */
export const cachedProgram = (
  model: ModelShape,
  batch: number,
  options: CachedProgramOptions = {},
): Graph => openAxis('time', time => programOfTime(model, { batch, time }, options));

function programOfTime(
  model: ModelShape,
  shape: BatchShape,
  { everyColumn = false, inner = [], ...options }: CachedProgramOptions,
): Graph {
  const { batch, time } = shape;
  const { heads, size } = cacheShape(model.base);
  const fresh: Value[] = []; // each [batch, kv heads, time, size]
  const inputsOf = new Map<string, Value>();
  const attend = (b: GraphBuilder): ModelParts['attend'] => {
    const open = (name: string, dims: number[], axis: number) =>
      b.input(name, 'float32', dims, { [axis]: 'capacity' });
    const held = [batch, heads, 1, ANY_CAPACITY, size];
    const sight = b.input('sight', 'float32', [batch, 1, 1, time, time + ANY_CAPACITY]);
    const columns = b.intsInput('columns', [time, ANY_CAPACITY]);
    return inputs => {
      fresh.push(inputs.k, inputs.v);
      const keys = open(keysOf(inputs.layer), held, 3);
      const values = open(valuesOf(inputs.layer), held, 3);
      return attendPast(b, inputs, { keys, values, sight, columns });
    };
  };
  const { b, parts, hidden, logits, build } = startProgram('cached', model, shape, {
    ...options,
    padded: true,
    attend,
    onLinear: (x, name) => inputsOf.set(name, x),
  });
  const width = model.base.n_embed;
  const last = () => b.last(b.reshape(hidden, [batch, time, width]), 1);
  const scored = everyColumn ? hidden : b.reshape(last(), [batch, width]);
  const outputs = new Map([
    ['logits', logits(scored)],
    ['fresh', b.concat(fresh, 0)], // given another shape, a result would be copied
  ]);
  for (const name of inner) {
    const down = parts.parameter(`${name}.lora_A`);
    outputs.set(innerOf(name), b.gemm(inputsOf.get(name)!, down, { transB: 1 }));
  }
  return build(outputs);
}
