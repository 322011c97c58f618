/**
 * Which linear layers make a model's keys and values, and what an adapter adds to them. A fused layer
 * makes both, in different rows.
 */
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { type BaseShape, cacheShape, isSlm } from '../model/families';
import { loraScale, loraTargets } from '../model/lora';
import type { OpenedModel } from '../model/modelFolder';
import { baseParameters, type ModelShape } from '../model/modelShape';

/** What an adapter adds to keys or values of a layer: scale·B·(A·x). */
export interface LowRankMap {
  /** The linear layer's name. */
  readonly linear: string;
  /** [kv heads·size, r], float64, row-major: the rows of B that make keys or values. */
  readonly b: Float64Array;
  readonly r: number;
  readonly scale: number;
}

export interface LayerMaps {
  readonly k: LowRankMap | undefined;
  readonly v: LowRankMap | undefined;
}

interface Rows {
  linear: string;
  /** Row of the layer's output where they begin. */
  from: number;
}

/** Of each layer: where its keys and its values come from. */
export function keyValueRows(base: BaseShape, layer: number): { k: Rows; v: Rows } {
  const C = base.n_embed;
  const fused = (linear: string) => ({ k: { linear, from: C }, v: { linear, from: 2 * C } });
  if (isSlm(base)) return fused(`blocks.${layer}.attn.qkv`);
  if (base.family === 'gpt2') return fused(`transformer.h.${layer}.attn.c_attn`);
  const attention = `model.layers.${layer}.self_attn`;
  return {
    k: { linear: `${attention}.k_proj`, from: 0 },
    v: { linear: `${attention}.v_proj`, from: 0 },
  };
}

/** Names of the adapted linear layers, in the model's order. */
export const adaptedLinears = (model: ModelShape): string[] =>
  model.lora ? loraTargets(baseParameters({ base: model.base }), model.lora) : [];

/** What an adapter adds in each layer; undefined where it adds nothing. */
export function layerMaps({ model, read }: Pick<OpenedModel, 'model' | 'read'>): LayerMaps[] {
  const { base, lora } = model;
  if (!lora) throw new Error('a model without adapter adds nothing');
  const { heads, size } = cacheShape(base);
  const adapted = new Set(adaptedLinears(model));
  const scale = loraScale(lora);
  return Array.from({ length: base.n_layer }, (_, layer) => {
    const mapOf = ({ linear, from }: Rows): LowRankMap | undefined => {
      if (!adapted.has(linear)) return undefined;
      const { shape, data } = read(`${linear}.lora_B`);
      const r = shape[1]!;
      const b = Float64Array.from(data.subarray(from * r, (from + heads * size) * r));
      return { linear, b, r, scale };
    };
    const { k, v } = keyValueRows(base, layer);
    return { k: mapOf(k), v: mapOf(v) };
  });
}

/** The layer of a linear's name, from 0. */
const layerOf = (linear: string): number => Number(/\.(\d+)\./.exec(linear)?.[1]);

/**
 * The first layer that an adapter changes. What its attention is given is still what the base's is
 * given, so its keys and values differ by exactly the adapter's product; behind it everything does.
 */
export const firstAdaptedLayer = (model: ModelShape): number =>
  Math.min(...adaptedLinears(model).map(layerOf));

/**
 * B⁺, the pseudo-inverse [r, rows] of B [rows, r], float64: the least-squares solution of B·m = x is
 * B⁺·x (Penrose 1955), also where the columns of B are dependent.
 */
export function pseudoInverse(b: Float64Array, r: number): Float64Array {
  const rows = b.length / r;
  const { leftSingularVectors: U, diagonal, rightSingularVectors: V } = decompose(b, r);
  const least = Math.max(rows, r) * Number.EPSILON * (diagonal[0] ?? 0); // as numpy and MATLAB
  const inverse = new Float64Array(r * rows);
  for (const [k, s] of diagonal.entries()) {
    if (!(s > least)) continue;
    for (let i = 0; i < r; i++)
      for (let row = 0; row < rows; row++)
        inverse[i * rows + row]! += (V.get(i, k) / s) * U.get(row, k);
  }
  return inverse;
}

/** The first `rank` right singular vectors of B [rows, r], as columns of [r, rank]. */
export function leadingDirections(b: Float64Array, r: number, rank: number): Float64Array {
  const { rightSingularVectors: V } = decompose(b, r);
  return Float64Array.from({ length: r * rank }, (_, at) =>
    V.get(Math.floor(at / rank), at % rank),
  );
}

/** Singular values in descending order. */
function decompose(b: Float64Array, r: number): SingularValueDecomposition {
  const matrix = Matrix.from1DArray(b.length / r, r, b);
  return new SingularValueDecomposition(matrix, { autoTranspose: true });
}
