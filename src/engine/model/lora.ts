/**
 * Low-rank adaptation (Hu et al. 2021): which linear layers of a model are adapted, by which
 * parameters, and how they are fused into the base. Knows nothing of training.
 */
import type { AdapterConfig } from '../config/schema';
import { fail } from '../problem';
import type { Tensor } from '../tensor/tensor';
import { tensor } from '../tensor/tensor';
import type { LinearLayout } from './parts';
import type { ParameterSpec } from './slmParameters';

export type LoraShape = Pick<AdapterConfig, 'r' | 'alpha' | 'targets'> & {
  /** Rank-stabilised (Kalajdzievski 2023): scaled by α/√r. */
  readonly rslora?: boolean;
  /** Of an adapted layer's input on its way into the adapter. */
  readonly dropout?: number;
};

export const loraScale = ({ r, alpha, rslora }: LoraShape): number =>
  alpha / (rslora ? Math.sqrt(r) : r);

/** Linear layers (names without `.weight`) whose name contains one of the targets. */
export function loraTargets(parameters: readonly ParameterSpec[], lora: LoraShape): string[] {
  const linears = parameters.filter(p => p.linear).map(p => p.name.replace(/\.weight$/, ''));
  const adapted = linears.filter(name => lora.targets.some(t => name.includes(t)));
  if (adapted.length === 0)
    fail(
      'adapter.no-target',
      `No linear layer has ${lora.targets.join(' or ')} in its name. Choose parts of: ${[...new Set(linears.map(n => n.replace(/^.*\.\d+\./, '')))].join(', ')}.`,
      { key: 'adapter.targets' },
    );
  return adapted;
}

/** A is Kaiming-uniform with a = √5, as PyTorch's linear layers start; B is zero. */
export function loraParameters(
  parameters: readonly ParameterSpec[],
  lora: LoraShape,
): ParameterSpec[] {
  const specs = new Map(parameters.map(p => [p.name, p]));
  return loraTargets(parameters, lora).flatMap(name => {
    const { shape = [], linear } = specs.get(`${name}.weight`) ?? {};
    const [out = 0, inp = 0] = linear === 'in-out' ? shape.toReversed() : shape;
    return [
      { name: `${name}.lora_A`, shape: [lora.r, inp], init: { kind: 'kaiming' } },
      { name: `${name}.lora_B`, shape: [out, lora.r], init: { kind: 'zeros' } },
    ];
  });
}

/**
 * W + scale·B·A, in the layout of W.
 * @param a [r, in] @param b [out, r]
 */
export function fusedWeight(
  w: Tensor<'float32'>,
  { a, b }: { a: Float32Array; b: Float32Array },
  lora: LoraShape,
  layout: LinearLayout = 'out-in',
): Tensor<'float32'> {
  const [rows = 0, columns = 0] = w.shape;
  const [down, up] = layout === 'out-in' ? [a, transposed(b, rows)] : [transposed(b, columns), a];
  const fused = Float32Array.from(w.data);
  const scale = loraScale(lora);
  // down [r, columns], up [r, rows]: row by row, so that memory is walked in order
  for (let row = 0; row < rows; row++) {
    const line = fused.subarray(row * columns, (row + 1) * columns);
    for (let k = 0; k < lora.r; k++) {
      const s = scale * up[k * rows + row]!;
      if (s === 0) continue;
      const from = k * columns;
      for (let i = 0; i < columns; i++) line[i]! += s * down[from + i]!;
    }
  }
  return tensor('float32', w.shape, fused);
}

/** [rows, n] → [n, rows] */
function transposed(m: Float32Array, rows: number): Float32Array {
  const columns = m.length / rows;
  const result = new Float32Array(m.length);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++) result[i * rows + row] = m[row * columns + i]!;
  return result;
}
