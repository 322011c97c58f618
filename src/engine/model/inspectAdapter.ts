/**
 * What an adapter changes, layer by layer, from products of its small matrices alone: how large the
 * update is, over how many directions it is spread, and how much of another adapter's it is. Pure.
 */
import type { LayerOverlap, LayerUpdate } from '../../protocol/adapterView';
import type { OpenedModel } from './modelFolder';
import { loraScale } from './lora';
import { adapterParameters } from './modelShape';

/** An adapter's part in one layer, which it changes by B·A. */
export interface LowRank {
  /** [r, in] */
  readonly a: Float32Array;
  /** [out, r] */
  readonly b: Float32Array;
  readonly r: number;
}

export interface AdaptedLayer extends LayerUpdate {
  /** ‖scale·B·A‖ over ‖W‖ of the weight that it changes. */
  readonly share: number;
}

export interface AdapterOverlap extends LayerOverlap {
  readonly layer: string;
}

/** @param opened a model with an adapter */
export function* inspectAdapter(opened: OpenedModel): Generator<AdaptedLayer> {
  const scale = loraScale(opened.model.lora!);
  for (const layer of layersOf(opened)) {
    const update = updateOf(layer, partsOf(opened, layer), scale);
    const base = frobeniusNorm(opened.read(`${layer}.weight`).data);
    yield { ...update, share: base === 0 ? 0 : update.norm / base };
  }
}

/** Of the layers that both adapt. */
export function* compareAdapters(
  first: OpenedModel,
  second: OpenedModel,
): Generator<AdapterOverlap> {
  const others = new Set(layersOf(second));
  for (const layer of layersOf(first).filter(name => others.has(name)))
    yield { layer, ...overlapOf(partsOf(first, layer), partsOf(second, layer)) };
}

/** What scale·B·A is, as a change of one layer's weight. */
export function updateOf(layer: string, { a, b, r }: LowRank, scale: number): LayerUpdate {
  const values = singularValues(gram(b, r, 'columns'), gram(a, r, 'rows'), r).map(x => scale * x);
  return {
    layer,
    norm: Math.hypot(...values),
    largest: values[0] ?? 0,
    effectiveRank: spread(values),
    singularValues: values,
  };
}

/** Whatever both are scaled by. */
export function overlapOf(p: LowRank, q: LowRank): LayerOverlap {
  // ⟨B₁A₁, B₂A₂⟩ = Σ (B₁ᵀB₂) ∘ (A₁A₂ᵀ)
  const ups = product(p.b, p.r, q.b, q.r, 'columns');
  const downs = product(p.a, p.r, q.a, q.r, 'rows');
  const dot = ups.reduce((sum, x, i) => sum + x * downs[i]!, 0);
  const norms = [p, q].map(({ a, b, r }) =>
    Math.hypot(...singularValues(gram(b, r, 'columns'), gram(a, r, 'rows'), r)),
  );
  const size = norms[0]! * norms[1]!;
  return { cosine: size === 0 ? 0 : dot / size, subspace: shared(p, q) };
}

export function frobeniusNorm(data: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i]! * data[i]!;
  return Math.sqrt(sum);
}

const layersOf = ({ model }: OpenedModel): string[] =>
  adapterParameters(model).flatMap(({ name }) =>
    name.endsWith('.lora_A') ? [name.slice(0, -'.lora_A'.length)] : [],
  );

const partsOf = (opened: OpenedModel, layer: string): LowRank => ({
  a: opened.read(`${layer}.lora_A`).data,
  b: opened.read(`${layer}.lora_B`).data,
  r: opened.model.lora!.r,
});

type Along = 'rows' | 'columns';

/** Inner products of the rows of two [r, n], or of the columns of two [n, r] → [r₁, r₂]. */
function product(x: Float32Array, rx: number, y: Float32Array, ry: number, of: Along) {
  const n = x.length / rx;
  const at = (r: number, i: number, k: number) => (of === 'rows' ? i * n + k : k * r + i);
  const result = new Float64Array(rx * ry);
  for (let i = 0; i < rx; i++)
    for (let j = 0; j < ry; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += x[at(rx, i, k)]! * y[at(ry, j, k)]!;
      result[i * ry + j] = sum;
    }
  return result;
}

const gram = (x: Float32Array, r: number, of: Along): Float64Array => product(x, r, x, r, of);

/** Of B·A: the roots of the eigenvalues of (BᵀB)^½·(AAᵀ)·(BᵀB)^½. */
function singularValues(ups: Float64Array, downs: Float64Array, r: number): number[] {
  const { values, vectors } = eigen(ups, r);
  const half = new Float64Array(r * r); // rows: √λ·vᵀ, so that halfᵀ·half = BᵀB
  for (let k = 0; k < r; k++)
    for (let i = 0; i < r; i++)
      half[k * r + i] = Math.sqrt(Math.max(0, values[k]!)) * vectors[i * r + k]!;
  const left = times(half, downs, r);
  const both = new Float64Array(r * r);
  for (let i = 0; i < r; i++)
    for (let j = 0; j < r; j++)
      for (let k = 0; k < r; k++) both[i * r + j]! += left[i * r + k]! * half[j * r + k]!;
  return [...eigen(both, r).values].map(x => Math.sqrt(Math.max(0, x))).sort((p, q) => q - p);
}

function times(x: Float64Array, y: Float64Array, r: number): Float64Array {
  const result = new Float64Array(r * r);
  for (let i = 0; i < r; i++)
    for (let k = 0; k < r; k++)
      for (let j = 0; j < r; j++) result[i * r + j]! += x[i * r + k]! * y[k * r + j]!;
  return result;
}

const SWEEPS = 30;

/** Of a symmetric matrix, by Jacobi's rotations. Vectors are columns. */
function eigen(matrix: Float64Array, n: number) {
  const m = Float64Array.from(matrix);
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * n + i] = 1;
  const total = Math.hypot(...m) || 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const x = m[p * n + q]!;
        off += x * x;
        if (Math.abs(x) > 1e-18 * total) rotate(m, vectors, n, [p, q]);
      }
    if (Math.sqrt(off) < 1e-15 * total) break;
  }
  return { values: Float64Array.from({ length: n }, (_, i) => m[i * n + i]!), vectors };
}

function rotate(m: Float64Array, vectors: Float64Array, n: number, [p, q]: [number, number]): void {
  const angle = (m[q * n + q]! - m[p * n + p]!) / (2 * m[p * n + q]!);
  const t = (angle < 0 ? -1 : 1) / (Math.abs(angle) + Math.hypot(angle, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const turn = (x: Float64Array, i: number, j: number) => {
    const [u, v] = [x[i]!, x[j]!];
    x[i] = c * u - s * v;
    x[j] = s * u + c * v;
  };
  for (let k = 0; k < n; k++) turn(m, k * n + p, k * n + q);
  for (let k = 0; k < n; k++) turn(m, p * n + k, q * n + k);
  for (let k = 0; k < n; k++) turn(vectors, k * n + p, k * n + q);
}

function spread(values: readonly number[]): number {
  const total = values.reduce((sum, x) => sum + x, 0);
  if (total === 0) return 0;
  const entropy = values.reduce(
    (sum, x) => (x === 0 ? sum : sum - (x / total) * Math.log(x / total)),
    0,
  );
  return Math.exp(entropy);
}

/** ‖U₁ᵀU₂‖² / min(r₁, r₂) for orthonormal bases U of what each B reaches. */
function shared(p: LowRank, q: LowRank): number {
  const [first, second] = [orthonormal(p), orthonormal(q)];
  const least = Math.min(first.length, second.length);
  if (least === 0) return 0;
  let sum = 0;
  for (const x of first) for (const y of second) sum += dot(x, y) ** 2;
  return sum / least;
}

const NEGLIGIBLE = 1e-6;

/** By Gram and Schmidt, twice, without columns that add nothing. */
function orthonormal({ b, r }: LowRank): Float64Array[] {
  const out = b.length / r;
  const basis: Float64Array[] = [];
  for (let k = 0; k < r; k++) {
    const column = Float64Array.from({ length: out }, (_, i) => b[i * r + k]!);
    const before = Math.hypot(...column);
    for (let pass = 0; pass < 2; pass++)
      for (const u of basis) {
        const along = dot(u, column);
        for (let i = 0; i < out; i++) column[i]! -= along * u[i]!;
      }
    const size = Math.hypot(...column);
    if (size > NEGLIGIBLE * before) basis.push(column.map(x => x / size));
  }
  return basis;
}

const dot = (x: Float64Array, y: Float64Array): number =>
  x.reduce((sum, v, i) => sum + v * y[i]!, 0);
