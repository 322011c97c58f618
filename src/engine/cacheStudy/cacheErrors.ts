/** How far a rebuilt cache is from the full one: by layer, head and token. Pure. */
import type { LayerErrors } from '../../protocol/cacheStudy';

/** As in PyTorch and numpy: |a − b| ≤ atol + rtol·|b|, b the truth. */
const RTOL = 1e-5;

export interface PartShape {
  readonly heads: number;
  readonly tokens: number;
  readonly size: number;
}

export interface PartErrors {
  readonly maxAbs: number;
  readonly relL2: number;
  readonly pcc: number | null;
  readonly isClose: { readonly '1e-4': boolean; readonly '1e-7': boolean };
  readonly byHead: readonly number[];
  /** Relative L2 of each token. */
  readonly byToken: Float32Array;
}

/**
 * Errors of keys or values [heads, tokens, size] of one layer, in float64. Relative L2 is
 * ‖rebuilt − full‖ / ‖full‖, 0 where both are zero.
 */
export function partErrors(
  rebuilt: Float32Array,
  full: Float32Array,
  shape: PartShape,
): PartErrors {
  const { heads, tokens, size } = shape;
  const [offByHead, normByHead] = [new Float64Array(heads), new Float64Array(heads)];
  const [offByToken, normByToken] = [new Float64Array(tokens), new Float64Array(tokens)];
  let maxAbs = 0;
  let [beyond4, beyond7] = [0, 0];
  const sums = { a: 0, b: 0, aa: 0, bb: 0, ab: 0 };
  for (let h = 0; h < heads; h++)
    for (let t = 0; t < tokens; t++)
      for (let d = 0; d < size; d++) {
        const at = (h * tokens + t) * size + d;
        const [a, b] = [rebuilt[at]!, full[at]!];
        const off = Math.abs(a - b);
        if (!(off <= maxAbs)) maxAbs = off;
        const allowed = RTOL * Math.abs(b);
        if (!(off <= 1e-4 + allowed)) beyond4++;
        if (!(off <= 1e-7 + allowed)) beyond7++;
        offByHead[h]! += off * off;
        offByToken[t]! += off * off;
        normByHead[h]! += b * b;
        normByToken[t]! += b * b;
        sums.a += a;
        sums.b += b;
        sums.aa += a * a;
        sums.bb += b * b;
        sums.ab += a * b;
      }
  const total = (xs: Float64Array) => xs.reduce((sum, x) => sum + x, 0);
  return {
    maxAbs,
    relL2: ratio(total(offByHead), total(normByHead)),
    pcc: correlation(sums, heads * tokens * size),
    isClose: { '1e-4': beyond4 === 0, '1e-7': beyond7 === 0 },
    byHead: Array.from(offByHead, (off, h) => ratio(off, normByHead[h]!)),
    byToken: Float32Array.from(offByToken, (off, t) => ratio(off, normByToken[t]!)),
  };
}

const ratio = (off: number, norm: number): number => (off === 0 ? 0 : Math.sqrt(off / norm));

/** Pearson's; null where one side is constant. */
function correlation(
  { a, b, aa, bb, ab }: Record<'a' | 'b' | 'aa' | 'bb' | 'ab', number>,
  n: number,
): number | null {
  const spread = (aa - (a * a) / n) * (bb - (b * b) / n);
  if (!(spread > 0)) return null;
  return Math.max(-1, Math.min(1, (ab - (a * b) / n) / Math.sqrt(spread)));
}

const worst = (byToken: Float32Array): number =>
  byToken.reduce((most, x, t) => (x > byToken[most]! ? t : most), 0);

/** A layer's errors as the report has them. */
export function layerErrors(
  layer: number,
  { k, v }: { k: PartErrors; v: PartErrors },
  exact: { k: boolean; v: boolean },
): LayerErrors {
  return {
    layer,
    v_exact: exact.v,
    k_exact: exact.k,
    v_max_abs: v.maxAbs,
    v_rel_l2: v.relL2,
    v_pcc: v.pcc,
    k_max_abs: k.maxAbs,
    k_rel_l2: k.relL2,
    k_pcc: k.pcc,
    'allclose_1e-4': v.isClose['1e-4'],
    'allclose_1e-7': v.isClose['1e-7'],
    'v_allclose_1e-4': v.isClose['1e-4'],
    'v_allclose_1e-7': v.isClose['1e-7'],
    'k_allclose_1e-4': k.isClose['1e-4'],
    'k_allclose_1e-7': k.isClose['1e-7'],
    v_heads: v.byHead,
    k_heads: k.byHead,
    v_worst_token: worst(v.byToken),
    k_worst_token: worst(k.byToken),
  };
}
