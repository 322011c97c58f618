/**
 * Cross-entropy over the vocabulary with its gradient, in chunks of rows: the logits of a batch
 * never exist whole. The gradient in the logits is softmax − onehot; multiplied out, the onehot
 * part is a row of the embedding per position, so no onehot exists either.
 */
import type { GraphBuilder, Value } from '../graph/graph';
import { onnxDtypes } from '../graph/toOnnx';
import { type Tensor, tensor } from '../tensor/tensor';

/** The positions that are scored. */
export interface HeadInputs {
  /** float32 [rows, width] */
  readonly hidden: Value;
  /** float32 [vocab, width] */
  readonly embedding: Value;
  readonly scored: ScoredRows;
}

/** All rows of `hidden`, or those that are named anew at each run. */
export type ScoredRows =
  | {
      readonly kind: 'all';
      /** int64 [rows], each in [0, vocab). */
      readonly targets: Value;
      /** float32 [rows]: the share of each row in the loss, 0 for an ignored one. */
      readonly weights: Value;
    }
  | {
      readonly kind: 'chosen';
      /** The most that a run will name. */
      readonly most: number;
    };

/** Smaller chunks need less memory; beyond these sizes speed no longer gains. */
const CHUNK_BYTES = 64 * 2 ** 20;
/** Each chunk adds to the embedding's whole gradient, so there are fewer of them. */
const TRAINING_CHUNK_BYTES = 128 * 2 ** 20;

/** loss = Σ weights · (logsumexp(logits) − logit of the target), and its gradients. */
export function lossHead(
  b: GraphBuilder,
  head: HeadInputs & { embeddingTrains: boolean },
): { loss: Value; gradients: Map<Value, Value> } {
  const { hidden, embedding } = head;
  const losses: Value[] = [];
  const hiddenGradients: Value[] = [];
  const observations: { column: Value; row: Value }[] = [];
  let embeddingGradient: Value | undefined;
  let earlier: Value[] = [];
  const chunks = chunksOf(b, head, head.embeddingTrains ? TRAINING_CHUNK_BYTES : CHUNK_BYTES);
  for (const chunk of chunks) {
    const { target, weights } = chunk;
    const x = b.after(chunk.x, earlier);
    const logProbabilities = b.logSoftmax(b.gemm(x, embedding, { transB: 1 }));
    const loss = weightedLoss(b, logProbabilities, chunk);
    losses.push(loss);
    const probabilities = b.exp(logProbabilities);
    const expected = b.gemm(probabilities, embedding);
    const observed = b.gather(embedding, b.flat(target));
    const hiddenGradient = b.mul(b.sub(expected, observed), weights);
    hiddenGradients.push(hiddenGradient);
    earlier = [loss, hiddenGradient];
    if (!head.embeddingTrains) continue;
    const weighted = b.mul(x, weights);
    embeddingGradient = b.gemm(probabilities, weighted, { transA: 1 }, embeddingGradient);
    earlier.push(embeddingGradient);
    observations.push({ column: target, row: b.neg(weighted) });
  }
  const gradients = new Map([[hidden, hiddenGradientOf(b, head, chunks, hiddenGradients)]]);
  if (embeddingGradient) {
    const columns = join(b, observations.map(o => o.column)); // prettier-ignore
    const rows = join(b, observations.map(o => o.row)); // prettier-ignore
    gradients.set(embedding, b.scatterAdd(embeddingGradient, columns, rows));
  }
  return { loss: total(b, losses), gradients };
}

/** The loss, and by the same weights the share of rows whose likeliest token is another. */
export function scoreHead(b: GraphBuilder, head: HeadInputs): { loss: Value; misses: Value } {
  const chunks = chunksOf(b, head, CHUNK_BYTES).map(chunk => {
    const logProbabilities = b.logSoftmax(b.gemm(chunk.x, head.embedding, { transB: 1 }));
    return {
      loss: weightedLoss(b, logProbabilities, chunk),
      misses: weightedMisses(b, logProbabilities, chunk),
    };
  });
  const sum = (part: 'loss' | 'misses') => total(b, chunks.map(chunk => chunk[part])); // prettier-ignore
  return { loss: sum('loss'), misses: sum('misses') };
}

/**
 * −ln p of each row's target, float32 [rows].
 * @param targets int64 [rows], each in [0, vocabulary)
 * @param logits of rows of `hidden`
 */
export function tokenLosses(
  b: GraphBuilder,
  targets: Value,
  { hidden, vocabulary, logits }: TokenLossInputs,
): Value {
  const [rows = 0] = hidden.shape;
  const size = rowsPerChunk(rows, vocabulary, CHUNK_BYTES);
  const losses = Array.from({ length: Math.ceil(rows / size) }, (_, i) => {
    const [start, end] = [i * size, Math.min((i + 1) * size, rows)];
    const target = b.reshape(b.slice(targets, 0, start, end), [end - start, 1]);
    const logProbabilities = b.logSoftmax(logits(b.slice(hidden, 0, start, end)));
    return b.neg(b.gatherElements(logProbabilities, target, 1));
  });
  return b.reshape(join(b, losses), [rows]);
}

export interface TokenLossInputs {
  /** float32 [rows, width] */
  readonly hidden: Value;
  readonly vocabulary: number;
  /** [n, width] → [n, vocabulary] */
  readonly logits: (hidden: Value) => Value;
}

/** What a program with chosen rows is fed. @param chosen rows, targets ≥ 0 and shares, of one length */
export function chosenRowFeeds(
  most: number,
  vocabulary: number,
  embeddingTrains: boolean,
  chosen: { rows: readonly number[]; targets: readonly number[]; weights: readonly number[] },
): Map<string, Tensor> {
  const count = chunkCount(most, vocabulary, embeddingTrains ? TRAINING_CHUNK_BYTES : CHUNK_BYTES);
  const feeds = new Map<string, Tensor>();
  // Each part has a row at least: one without weight where there are fewer.
  const total = Math.max(count, chosen.rows.length);
  for (let i = 0; i < count; i++) {
    const [from, to] = [Math.floor((i * total) / count), Math.floor(((i + 1) * total) / count)];
    const shape = [to - from, 1];
    const part = (values: readonly number[]) =>
      Array.from({ length: to - from }, (_, k) => values[from + k] ?? 0);
    const ints = (values: readonly number[]) =>
      tensor('int64', shape, BigInt64Array.from(part(values), BigInt));
    const names = chosenNames(i);
    feeds.set(names.row, ints(chosen.rows)).set(names.target, ints(chosen.targets));
    feeds.set(names.weights, tensor('float32', shape, Float32Array.from(part(chosen.weights))));
  }
  return feeds;
}

const chosenNames = (chunk: number) => ({
  row: `scored/${chunk}/rows`,
  target: `scored/${chunk}/targets`,
  weights: `scored/${chunk}/weights`,
});

interface Chunk {
  /** [n, width] */
  x: Value;
  /** int64 [n, 1] */
  target: Value;
  /** float32 [n, 1] */
  weights: Value;
  /** int64 [n, 1], where rows of `hidden` are chosen. */
  row?: Value;
}

const chunkCount = (rows: number, vocabulary: number, bytes: number): number =>
  Math.max(1, Math.ceil((rows * vocabulary * 4) / bytes));

const rowsPerChunk = (rows: number, vocabulary: number, bytes: number): number =>
  Math.ceil(rows / chunkCount(rows, vocabulary, bytes));

/** The most parts that logits are made in. */
export const logitChunks = (rows: number, vocabulary: number): number =>
  chunkCount(rows, vocabulary, CHUNK_BYTES);

/** Bytes of the logits that exist at a time in training. */
export function logitChunkBytes(
  rows: number,
  vocabulary: number,
  embeddingTrains: boolean,
): number {
  const limit = embeddingTrains ? TRAINING_CHUNK_BYTES : CHUNK_BYTES;
  return 4 * vocabulary * rowsPerChunk(rows, vocabulary, limit);
}

function chunksOf(
  b: GraphBuilder,
  { hidden, embedding, scored }: HeadInputs,
  bytes: number,
): Chunk[] {
  const [rows = 0] = hidden.shape;
  const [vocabulary = 1] = embedding.shape;
  if (scored.kind === 'chosen')
    return Array.from({ length: chunkCount(scored.most, vocabulary, bytes) }, (_, i) =>
      chosenChunk(b, hidden, i),
    );
  const size = rowsPerChunk(rows, vocabulary, bytes);
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => {
    const [start, end] = [i * size, Math.min((i + 1) * size, rows)];
    const cut = (v: Value) => (end - start === rows ? v : b.slice(v, 0, start, end));
    const column = (v: Value) => b.reshape(cut(v), [end - start, 1]);
    return { x: cut(hidden), target: column(scored.targets), weights: column(scored.weights) };
  });
}

/** Only for shape inference: how many rows are chosen is open. */
const ANY_ROWS = 8;

function chosenChunk(b: GraphBuilder, hidden: Value, chunk: number): Chunk {
  const names = chosenNames(chunk);
  const column = (name: string, dtype: 'int64' | 'float32') =>
    b.input(name, dtype, [ANY_ROWS, 1], { 0: `scored_${chunk}` });
  const row = column(names.row, 'int64');
  return {
    x: b.gather(hidden, b.flat(row)),
    target: column(names.target, 'int64'),
    weights: column(names.weights, 'float32'),
    row,
  };
}

/** Rows that were not chosen have none. */
function hiddenGradientOf(
  b: GraphBuilder,
  { hidden }: HeadInputs,
  chunks: readonly Chunk[],
  gradients: readonly Value[],
): Value {
  const rows = chunks.flatMap(({ row }) => (row ? [row] : []));
  if (rows.length === 0) return join(b, gradients);
  return b.scatterAdd(b.zeros(hidden.shape), join(b, rows), join(b, gradients));
}

function weightedLoss(b: GraphBuilder, logProbabilities: Value, { target, weights }: Chunk): Value {
  const ofTarget = b.gatherElements(logProbabilities, target, 1);
  return b.neg(b.sum(b.mul(ofTarget, weights), [0, 1]));
}

function weightedMisses(b: GraphBuilder, scores: Value, { target, weights }: Chunk): Value {
  const behind = b.sub(b.max(scores, [1]), b.gatherElements(scores, target, 1));
  const isOther = b.one('Cast', [behind], { to: onnxDtypes.bool });
  return b.sum(b.mul(b.one('Cast', [isOther], { to: onnxDtypes.float32 }), weights), [0, 1]);
}

const total = (b: GraphBuilder, losses: readonly Value[]): Value =>
  b.reshape(
    losses.reduce((sum, loss) => b.add(sum, loss)),
    [],
  );

const join = (b: GraphBuilder, parts: readonly Value[]): Value =>
  parts.length === 1 ? parts[0]! : b.concat(parts, 0);
