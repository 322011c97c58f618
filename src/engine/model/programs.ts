/**
 * The programs derived from a model's definition: training, scoring, logits. Each is a graph with
 * the parameters under their checkpoint names as inputs, so that weights are used where they lie.
 */
import { backward, type SegmentOf } from '../graph/backward';
import { type Graph, type GraphBuilder, namedValues } from '../graph/graph';
import { headName } from './families';
import { lossHead, type ScoredRows, scoreHead, tokenLosses } from './lossHead';
import { peelRows, type SparseRows } from './sparseRows';
import type { ParameterSpec } from './slmParameters';
import { adapterParameters, baseParameters, type ModelShape } from './modelShape';
import {
  type BatchShape,
  type DropoutSite,
  type ProgramOptions,
  startProgram,
} from './startProgram';

export { adapterParameters, baseParameters, type ModelShape, modelWith } from './modelShape';
export type { BatchShape, DropoutSite } from './startProgram';

export interface TrainingProgram {
  readonly graph: Graph;
  readonly trainable: readonly ParameterSpec[];
  readonly dropout: readonly DropoutSite[];
  /** What is to be added to gradients after a run of the graph. */
  readonly sparse: readonly SparseRows[];
}

export const trainableParameters = (model: ModelShape): ParameterSpec[] =>
  model.lora ? adapterParameters(model) : baseParameters(model);

/** The output that holds the gradient of a parameter. */
export const gradientOf = (parameter: string): string => `grad/${parameter}`;

export interface ScoringOptions extends ProgramOptions {
  /** Instead of all positions those that are named at each run are scored, at most so many. */
  readonly mostScored?: number | undefined;
}

export interface TrainingOptions extends Omit<ScoringOptions, 'stored' | 'attend'> {
  /** What lies in a block is computed again for its gradient, and not kept until then. */
  readonly recomputes?: boolean | undefined;
  /** Names of values between embedding and head whose gradients come out as a parameter's do. */
  readonly values?: readonly string[];
}

/** The transformer block that a node is of, by the scope it was made in. */
const blockOf: SegmentOf = ({ name }) => /^(?:blocks|layers|h)\.\d+\./.exec(name)?.[0];

/**
 * Inputs: parameters; `ids` int64 [batch, time]; `targets` alike, ≥ 0, and `weights` float32
 * [batch·time], the share of each position in the loss, or what `chosenRowFeeds` gives; one mask per
 * dropout site; when padded also `padding` float32 [batch, 1, 1, time], when segmented `sight`, and
 * what `positionFeeds` gives.
 * Outputs: `loss` = Σ weight · cross-entropy; the gradient of each trainable parameter, to which the
 * rows of `sparse` are to be added, and of each of `values`.
 */
export function trainingProgram(
  model: ModelShape,
  shape: BatchShape,
  { mostScored, recomputes = false, values: names = [], ...options }: TrainingOptions = {},
): TrainingProgram {
  const program = startProgram('train', model, shape, { dropout: true, ...options });
  const { b, parts, hidden, dropout } = program;
  const embedding = parts.parameter(headName(model.base));
  const head = b.scope('head', () =>
    lossHead(b, {
      ...{ hidden, embedding, embeddingTrains: !model.lora },
      scored: scoredRows(b, shape, mostScored),
    }),
  );
  const inside = namedValues(b.nodes, names);
  const trainable = trainableParameters(model);
  const values = trainable.map(p => parts.parameter(p.name));
  const wanted = [...values, ...inside];
  const gradients = backward(b, head.gradients, wanted, recomputes ? blockOf : undefined);
  const outputs = new Map([['loss', head.loss]]);
  for (const value of inside) outputs.set(gradientOf(value.name), gradients.get(value)!);
  const sparse: SparseRows[] = [];
  for (const [i, { name }] of trainable.entries()) {
    const { dense, rows } = peelRows(b, gradients.get(values[i]!)!);
    outputs.set(gradientOf(name), dense);
    for (const [k, row] of rows.entries()) {
      const names = { updates: `rows/${name}/${k}`, indices: `rows/${name}/${k}/at` };
      outputs.set(names.updates, row.updates).set(names.indices, row.indices);
      sparse.push({ gradient: gradientOf(name), ...names });
    }
  }
  return { graph: program.build(outputs), trainable, dropout, sparse };
}

/** As training without dropout and gradients; outputs `loss` and `misses`, the share of wrong guesses. */
export function scoringProgram(
  model: ModelShape,
  shape: BatchShape,
  { mostScored, ...options }: ScoringOptions = {},
): Graph {
  const { b, parts, hidden, build } = startProgram('score', model, shape, options);
  const embedding = parts.parameter(headName(model.base));
  const scored = scoredRows(b, shape, mostScored);
  return build(new Map(Object.entries(scoreHead(b, { hidden, embedding, scored }))));
}

/** Inputs: parameters; `ids` and `targets` int64 [batch, time]. Outputs `losses` float32 [batch·time]. */
export function lossesProgram(
  model: ModelShape,
  { batch, time }: BatchShape,
  options: ProgramOptions = {},
): Graph {
  const { b, hidden, logits, build } = startProgram('losses', model, { batch, time }, options);
  const targets = b.reshape(b.input('targets', 'int64', [batch, time]), [batch * time]);
  const vocabulary = model.base.vocab_size;
  return build(new Map([['losses', tokenLosses(b, targets, { hidden, vocabulary, logits })]]));
}

/**
 * Inputs: parameters; `ids`; with `only: 'chosen'` also `rows` int64 [batch], rows of
 * [batch·time]; when padded as in training. Outputs `logits` [batch, time, vocab] or [batch, vocab].
 */
export function logitsProgram(
  model: ModelShape,
  shape: BatchShape,
  only: 'all' | 'chosen',
  options: ProgramOptions = {},
): Graph {
  const { b, hidden, logits, build } = startProgram('logits', model, shape, options);
  if (only === 'chosen') {
    const rows = b.gather(hidden, b.input('rows', 'int64', [shape.batch]));
    return build(new Map([['logits', logits(rows)]]));
  }
  const full = b.reshape(logits(hidden), [shape.batch, shape.time, model.base.vocab_size]);
  return build(new Map([['logits', full]]));
}

const scoredRows = (
  b: GraphBuilder,
  { batch, time }: BatchShape,
  most: number | undefined,
): ScoredRows =>
  most === undefined
    ? {
        kind: 'all',
        targets: b.reshape(b.input('targets', 'int64', [batch, time]), [batch * time]),
        weights: b.input('weights', 'float32', [batch * time]),
      }
    : { kind: 'chosen', most };
