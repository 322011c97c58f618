/**
 * The frame of a program: inputs for parameters, ids and positions, and the parts a model's
 * definition is written in. Weights that lie in a file become constants that are read from there.
 */
import { type Graph, GraphBuilder, type Value } from '../graph/graph';
import { type ExternalTensor, lazyTensor, type Tensor, tensor } from '../tensor/tensor';
import { attendFully, MASKED } from './attention';
import { type BaseShape, hiddenStates, ropeOf } from './families';
import type { ModelShape } from './modelShape';
import type { ModelParts } from './parts';
import { ProgramWeights } from './programWeights';
import { rotaryTables } from './rotary';

export interface BatchShape {
  readonly batch: number;
  readonly time: number;
}

/** Where dropout acts, with the shape of its mask and its probability. */
export interface DropoutSite {
  readonly name: string;
  readonly shape: readonly number[];
  readonly p: number;
}

export interface ProgramOptions {
  /** Sequences start at different columns: positions and padding are fed. */
  readonly padded?: boolean;
  /** A row holds several sequences that do not see each other: positions and `sight` are fed. */
  readonly segmented?: boolean;
  /** Weights that stay where they lie; all others are inputs under their names. */
  readonly stored?: ReadonlyMap<string, ExternalTensor>;
  /** Dropout acts. */
  readonly dropout?: boolean;
  /** How tokens attend, instead of fully to all before them. */
  readonly attend?: (b: GraphBuilder, padding: Value | undefined) => ModelParts['attend'];
  /** Told what each linear layer is given, [rows, in]. */
  readonly onLinear?: (x: Value, name: string) => void;
}

export interface Program {
  readonly b: GraphBuilder;
  readonly parts: ModelParts;
  /** Normalised hidden states [batch·time, n_embed]. */
  readonly hidden: Value;
  /** Hidden states [rows, n_embed] times the head → [rows, vocab]. */
  logits(hidden: Value): Value;
  readonly dropout: readonly DropoutSite[];
  /** Ends the program with outputs under these names. */
  build(outputs: ReadonlyMap<string, Value>): Graph;
}

export function startProgram(
  name: string,
  model: ModelShape,
  { batch, time }: BatchShape,
  options: ProgramOptions = {},
): Program {
  const { padded = false, segmented = false } = options;
  if (!padded && time > model.base.block_size)
    throw new Error(`time ${time} is beyond the block size ${model.base.block_size}`);
  const b = new GraphBuilder(name);
  const ids = b.input('ids', 'int64', [batch, time]);
  const padding = padded ? b.input('padding', 'float32', [batch, 1, 1, time]) : undefined;
  const sight = segmented ? b.input('sight', 'float32', [batch, 1, time, time]) : undefined;
  const dropout: DropoutSite[] = [];

  const drop = (x: Value, site: string, p: number): Value => {
    if (!options.dropout || p === 0) return x;
    dropout.push({ name: site, shape: x.shape, p });
    return b.mul(x, b.input(`mask/${site}`, 'float32', x.shape));
  };
  const weights = new ProgramWeights(b, model, options.stored, drop);
  const parts: ModelParts = {
    ...{ b, batch, time, dropout: drop },
    parameter: weights.parameter,
    hasParameter: weights.has,
    embed: weights.embed,
    linear(x, name, layout) {
      options.onLinear?.(x, name);
      return weights.linear(x, name, layout);
    },
    ...positions(b, model, { batch, time }, padded || segmented),
    attend:
      options.attend?.(b, padding) ??
      (inputs => attendFully(b, inputs, { padding, sight, dropout: drop })),
  };
  const hidden = hiddenStates(parts, model.base, b.reshape(ids, [batch * time]));
  const build = (outputs: ReadonlyMap<string, Value>): Graph => {
    const named = distinct(b, outputs);
    return renameOutputs(b.build([...named.values()]), named);
  };
  return { b, parts, hidden, logits: weights.logits, dropout, build };
}

/** Counted from 0 for every sequence, or as `positionFeeds` gives them. */
function positions(
  b: GraphBuilder,
  { base }: ModelShape,
  { batch, time }: BatchShape,
  fed: boolean,
): Pick<ModelParts, 'rotate' | 'positions'> {
  const rope = ropeOf(base);
  const rows = batch * time;
  const counted = lazyTensor('int64', [rows], () =>
    BigInt64Array.from({ length: rows }, (_, i) => BigInt(i % time)),
  );
  let made: ReturnType<typeof rotaryTables> | undefined;
  const table = (name: 'cos' | 'sin') =>
    b.constant(
      `rope.${name}`,
      lazyTensor('float32', [time, rope!.headSize / 2], () => {
        made ??= rotaryTables(
          rope!,
          Array.from({ length: time }, (_, i) => i),
        );
        return made[name].data;
      }),
    );
  let tables: readonly [Value, Value, Value] | undefined;
  const rotaryValues = (): readonly [Value, Value, Value] => {
    const half = rope!.headSize / 2;
    if (fed)
      return [
        b.input('rope.rows', 'int64', [batch, time]),
        b.input('rope.cos', 'float32', [rows, half]),
        b.input('rope.sin', 'float32', [rows, half]),
      ];
    return [b.ints([0]), table('cos'), table('sin')];
  };
  return {
    positions: () =>
      fed ? b.input('positions', 'int64', [rows]) : b.constant('positions', counted),
    rotate(x) {
      tables ??= rotaryValues();
      return b.one('RotaryEmbedding', [x, ...tables], { num_heads: 0, interleaved: 0 });
    },
  };
}

/**
 * What a padded program wants to know of positions.
 * @param at position of each row, [batch·time]; that of padding is of no consequence, but ≥ 0
 * @param sequenceLength of the longest sequence so far, which some scalings depend on
 */
export function positionFeeds(
  base: BaseShape,
  { batch, time }: BatchShape,
  at: ArrayLike<number>,
  sequenceLength: number,
): Map<string, Tensor> {
  const rope = ropeOf(base);
  if (!rope) {
    const data = BigInt64Array.from(at, BigInt);
    return new Map([['positions', tensor('int64', [data.length], data)]]);
  }
  const { cos, sin } = rotaryTables(rope, at, sequenceLength);
  const rows = BigInt64Array.from({ length: batch * time }, (_, i) => BigInt(i));
  return new Map<string, Tensor>([
    ['rope.rows', tensor('int64', [batch, time], rows)],
    ['rope.cos', cos],
    ['rope.sin', sin],
  ]);
}

/** The `padding` of a padded program. @param isSeen by column of [batch·time] */
export const paddingOf = (
  { batch, time }: BatchShape,
  isSeen: (i: number) => boolean,
): Tensor<'float32'> =>
  tensor(
    'float32',
    [batch, 1, 1, time],
    Float32Array.from({ length: batch * time }, (_, i) => (isSeen(i) ? 0 : MASKED)),
  );

/**
 * The `sight` of a segmented program: a token sees those of its own sequence that are not after it.
 * @param segments the sequence of each column of [batch·time]
 */
export function sightOf({ batch, time }: BatchShape, segments: Int32Array): Tensor<'float32'> {
  const sight = new Float32Array(batch * time * time).fill(MASKED);
  for (let row = 0; row < batch * time; row++) {
    const first = row - (row % time);
    for (let other = row; other >= first && segments[other] === segments[row]; other--)
      sight[row * time + other - first] = 0;
  }
  return tensor('float32', [batch, 1, time, time], sight);
}

/** A value that is asked for under several names, or is an input, becomes a value of its own. */
function distinct(b: GraphBuilder, outputs: ReadonlyMap<string, Value>): Map<string, Value> {
  const seen = new Set<Value>(b.inputs);
  return new Map(
    [...outputs].map(([name, v]) => {
      const own = seen.has(v) ? b.identity(v) : v;
      seen.add(own);
      return [name, own];
    }),
  );
}

/** The same graph with its outputs under other names. */
function renameOutputs(graph: Graph, outputs: ReadonlyMap<string, Value>): Graph {
  const renamed = new Map([...outputs].map(([name, v]) => [v, { ...v, name }]));
  const swap = (v: Value): Value => renamed.get(v) ?? v;
  return {
    ...graph,
    nodes: graph.nodes.map(n => ({
      ...n,
      inputs: n.inputs.map(swap),
      outputs: n.outputs.map(swap),
    })),
    outputs: [...renamed.values()],
  };
}
