/**
 * Keys and values of an adapter from those of the base and little more: what is kept of them, and how
 * they come back. A cache's piece is [2·layers, kv heads, tokens, size], keys and values of each layer
 * in turn, as `KeyValueCache.put` takes it.
 */
import type { ScalingName, StoreName, StrategyName } from '../../protocol/cacheStudy';
import { type BaseShape, cacheShape, ropeOf } from '../model/families';
import { rotaryTables } from '../model/rotary';
import { type LayerMaps, leadingDirections, type LowRankMap, pseudoInverse } from './keyValueMaps';
import { type MiniCache, miniBytes, packMini, unpackMini } from './miniCache';

/** How a cache is kept. */
export interface Variant {
  readonly strategy: StrategyName;
  readonly store: StoreName;
  readonly rank: 'own' | number;
  /** Whether the adapter's factor is in the matrix that expands, or in what is kept. */
  readonly scaling: ScalingName;
  /** Layers that have a residual. */
  readonly layers: ReadonlySet<number>;
}

export interface CacheSource {
  readonly base: BaseShape;
  readonly tokens: number;
  /** The piece of the base. */
  readonly shared: Float32Array;
  /** The adapter's own, to take residuals of. */
  readonly own: Float32Array;
  readonly maps: readonly LayerMaps[];
  /** A·x by linear layer, [tokens, r]. */
  readonly inner: ReadonlyMap<string, Float32Array>;
}

interface KeptPart {
  /** [kv heads·size, rank] */
  readonly expand: Float64Array;
  readonly mini: MiniCache;
}

/** What is kept for an adapter; a layer without anything is the base's. */
export interface KeptCache {
  readonly layers: readonly { readonly k?: KeptPart; readonly v?: KeptPart }[];
  readonly bytes: number;
}

type PartSide = 'k' | 'v';
const sides: readonly PartSide[] = ['k', 'v'];

/** Strategies that keep something of `k` or `v` beside the base's cache. */
const keeps: Record<StrategyName, readonly PartSide[]> = {
  full: [],
  base: [],
  'lowrank-v-pinv': ['v'],
  'lowrank-v': ['v'],
  'lowrank-kv': ['k', 'v'],
};

/** Whether the strategy keeps residuals over a shared base. */
export const isLowRank = (strategy: StrategyName): boolean => keeps[strategy].length > 0;

/** What a strategy keeps of an adapter's cache. */
export function keepCache(source: CacheSource, variant: Variant): KeptCache {
  let bytes = 0;
  const layers = source.maps.map((maps, layer) => {
    const parts: { k?: KeptPart; v?: KeptPart } = {};
    if (!variant.layers.has(layer)) return parts;
    const kept = keeps[variant.strategy].filter(side => maps[side]);
    // A layer that makes both K and V has one z: it is kept once.
    const isFused = kept.length === 2 && maps.k?.linear === maps.v?.linear;
    const all = isFused ? Float64Array.of(...maps.k!.b, ...maps.v!.b) : undefined;
    for (const side of kept) {
      const map = maps[side]!;
      const part = keptPart(source, { map, layer, side, all: all ?? map.b }, variant);
      if (!isFused || side === 'v') bytes += miniBytes(part.mini);
      parts[side] = part;
    }
    return parts;
  });
  return { layers, bytes };
}

/** The whole cache: the base's, with what was kept added. */
export function expandCache(
  source: Pick<CacheSource, 'base' | 'shared' | 'tokens'>,
  kept: KeptCache,
): Float32Array {
  const { base, tokens, shared } = source;
  const rebuilt = shared.slice();
  for (const [layer, parts] of kept.layers.entries())
    for (const side of sides) {
      const part = parts[side];
      if (!part) continue;
      const into = partOf(base, tokens, rebuilt, layer, side);
      const residual = expanded(part, base, tokens);
      if (side === 'k') rotate(residual, base, tokens);
      for (let i = 0; i < into.length; i++) into[i] = into[i]! + residual[i]!;
    }
  return rebuilt;
}

/** The keys or values of a layer within a piece, [kv heads, tokens, size]. */
export function partOf(
  base: BaseShape,
  tokens: number,
  piece: Float32Array,
  layer: number,
  side: PartSide,
): Float32Array {
  const { heads, size } = cacheShape(base);
  const length = heads * tokens * size;
  const at = (2 * layer + (side === 'k' ? 0 : 1)) * length;
  return piece.subarray(at, at + length);
}

interface PartPlace {
  map: LowRankMap;
  layer: number;
  side: PartSide;
  /** The rows of B that everything kept of its z is expanded by. */
  all: Float64Array;
}

function keptPart(source: CacheSource, place: PartPlace, variant: Variant): KeptPart {
  const { map } = place;
  const { strategy, store, scaling } = variant;
  const rank = variant.rank === 'own' ? map.r : Math.min(variant.rank, map.r);
  // With fewer directions B·z becomes (B·W)·(Wᵀ·z), W the leading right singular vectors of B.
  const directions = rank < map.r ? leadingDirections(place.all, map.r, rank) : undefined;
  const b = directions ? product(map.b, directions, map.r, rank) : map.b;
  const expand = scaling === 'inside' ? b.map(x => x * map.scale) : b;
  const values =
    strategy === 'lowrank-v-pinv'
      ? projectedResidual(source, place, pseudoInverse(expand, rank), rank)
      : innerValues(source, place, directions, {
          rank,
          factor: scaling === 'inside' ? 1 : map.scale,
        });
  return { expand, mini: packMini(values, rank, store) };
}

/** B⁺·(V − V_base), [tokens, rank]. */
function projectedResidual(
  { base, tokens, own, shared }: CacheSource,
  { layer, side }: PartPlace,
  inverse: Float64Array,
  rank: number,
): Float32Array {
  const { heads, size } = cacheShape(base);
  const rows = heads * size;
  const theirs = partOf(base, tokens, own, layer, side);
  const bases = partOf(base, tokens, shared, layer, side);
  const mini = new Float32Array(tokens * rank);
  const residual = new Float64Array(rows);
  for (let t = 0; t < tokens; t++) {
    for (let h = 0; h < heads; h++)
      for (let d = 0; d < size; d++) {
        const at = (h * tokens + t) * size + d;
        residual[h * size + d] = theirs[at]! - bases[at]!;
      }
    for (let k = 0; k < rank; k++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += inverse[k * rows + row]! * residual[row]!;
      mini[t * rank + k] = sum;
    }
  }
  return mini;
}

/** factor·Wᵀ·A·x, [tokens, rank]. */
function innerValues(
  { inner, tokens }: CacheSource,
  { map }: PartPlace,
  directions: Float64Array | undefined,
  { rank, factor }: { rank: number; factor: number },
): Float32Array {
  const z = inner.get(map.linear);
  if (!z) throw new Error(`the inner values of ${map.linear} were not kept`);
  if (!directions) return z.map(x => x * factor);
  const { r } = map;
  const mini = new Float32Array(tokens * rank);
  for (let t = 0; t < tokens; t++)
    for (let k = 0; k < rank; k++) {
      let sum = 0;
      for (let i = 0; i < r; i++) sum += directions[i * rank + k]! * z[t * r + i]!;
      mini[t * rank + k] = factor * sum;
    }
  return mini;
}

/** B·mini as [kv heads, tokens, size], float64. */
function expanded({ expand, mini }: KeptPart, base: BaseShape, tokens: number): Float64Array {
  const { heads, size } = cacheShape(base);
  const { rank } = mini;
  const values = unpackMini(mini);
  const residual = new Float64Array(heads * tokens * size);
  for (let h = 0; h < heads; h++)
    for (let t = 0; t < tokens; t++)
      for (let d = 0; d < size; d++) {
        const row = (h * size + d) * rank;
        let sum = 0;
        for (let k = 0; k < rank; k++) sum += expand[row + k]! * values[t * rank + k]!;
        residual[(h * tokens + t) * size + d] = sum;
      }
  return residual;
}

/** Turns [kv heads, tokens, size] by the positions 0…tokens − 1, in place; nothing without RoPE. */
function rotate(residual: Float64Array, base: BaseShape, tokens: number): void {
  const rope = ropeOf(base);
  if (!rope) return;
  const { heads, size } = cacheShape(base);
  const half = size / 2;
  const { cos, sin } = rotaryTables(
    rope,
    Array.from({ length: tokens }, (_, i) => i),
  );
  for (let h = 0; h < heads; h++)
    for (let t = 0; t < tokens; t++) {
      const at = (h * tokens + t) * size;
      for (let i = 0; i < half; i++) {
        const [c, s] = [cos.data[t * half + i]!, sin.data[t * half + i]!];
        const [x, y] = [residual[at + i]!, residual[at + half + i]!];
        residual[at + i] = x * c - y * s;
        residual[at + half + i] = y * c + x * s;
      }
    }
}

/** [rows, n]·[n, columns] */
function product(a: Float64Array, b: Float64Array, n: number, columns: number): Float64Array {
  const rows = a.length / n;
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const [row, column] = [Math.floor(at / columns), at % columns];
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[row * n + k]! * b[k * columns + column]!;
    return sum;
  });
}
