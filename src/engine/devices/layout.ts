/**
 * How a device holds a model: each of its tensors with the canonical parameters in it and the steps
 * that lead there. Applied forwards to load, backwards to compare or export, a tensor at a time.
 * Pure; reads only what it is asked to place.
 */
import { fail } from '../problem';
import { sizeOf, type Tensor } from '../tensor/tensor';
import {
  applyStep,
  arrayLike,
  copyInto,
  type DeviceDtype,
  invertStep,
  pairedRow,
  type Transform,
} from './transform';

/** A canonical parameter in a device tensor. */
export interface LayoutPart {
  /** Canonical name. */
  readonly parameter: string;
  /** Canonical shape. */
  readonly shape: readonly number[];
  /** From the parameter to its rows in the device tensor. */
  readonly steps: readonly Transform<'transpose' | 'permute' | 'fuse' | 'tie'>[];
}

export interface DeviceTensor {
  /** As the device calls it. */
  readonly name: string;
  /** As the device says it, [1, 1, rows, columns] where it has four dimensions. */
  readonly shape: readonly number[];
  /** In its memory, with what fills up tiles. */
  readonly paddedShape: readonly number[];
  readonly dtype: DeviceDtype;
  /** From above to below. */
  readonly parts: readonly LayoutPart[];
  /** With all parts together. */
  readonly steps: readonly Transform<'pad' | 'cast' | 'reshape'>[];
}

export interface DeviceLayout {
  readonly device: string;
  /** By the device's names, in its order. */
  readonly tensors: ReadonlyMap<string, DeviceTensor>;
  /** Canonical names that are another canonical parameter: a tied head is its embedding. */
  readonly ties: ReadonlyMap<string, string>;
  /** What a reader must know to trust it, in words. */
  readonly notes: readonly string[];
}

/** Where a canonical parameter is. */
export interface PlacedParameter {
  readonly tensor: DeviceTensor;
  readonly part: LayoutPart;
}

/** Reads a tensor by name, whole. */
export type ReadTensor = (name: string) => Tensor;

/** All steps of a parameter, in order. */
export const stepsOf = ({ tensor, part }: PlacedParameter): readonly Transform[] => [
  ...part.steps,
  ...tensor.steps,
];

/** Canonical name → where it is; tied names lead to what they are tied to. */
export function placesOf(layout: DeviceLayout): Map<string, PlacedParameter> {
  const places = new Map<string, PlacedParameter>();
  for (const tensor of layout.tensors.values())
    for (const part of tensor.parts) places.set(part.parameter, { tensor, part });
  for (const [name, to] of layout.ties) {
    const place = places.get(to);
    if (place) places.set(name, place);
  }
  return places;
}

/**
 * A device tensor of its canonical parameters.
 * @param read by canonical name, in its canonical shape
 * @throws `layout.shape` when a parameter has another shape
 */
export function toDevice(tensor: DeviceTensor, read: ReadTensor): Tensor {
  const matrices = tensor.parts.map(part => {
    const given = read(part.parameter);
    requireShape(part.parameter, given.shape, part.shape);
    return part.steps.reduce(applyStep, asMatrix(given));
  });
  return tensor.steps.reduce(applyStep, stacked(matrices));
}

/**
 * A canonical parameter of the device tensor that holds it, in the device's dtype.
 * @param held the device tensor, of `tensor.shape` up to dimensions of 1
 * @throws `layout.shape` when it has another shape
 */
export function fromDevice({ tensor, part }: PlacedParameter, held: Tensor): Tensor {
  if (withoutOnes(held.shape).join() !== withoutOnes(tensor.shape).join())
    requireShape(tensor.name, held.shape, tensor.shape);
  const steps: readonly Transform[] = [...part.steps, ...tensor.steps];
  const first = { ...held, shape: tensor.shape };
  return { ...steps.reduceRight(invertStep, first), shape: part.shape };
}

/** How a parameter's rows lie in a device tensor, for those who read by range. */
export interface RowsOnDevice {
  /** Its rows are the device's columns. */
  readonly transposed: boolean;
  /** Row in the device tensor of row `row`, counted after transposing. */
  readonly rowAt: (row: number) => number;
}

/** A vector has one row for each element. */
export function rowsOnDevice({ part }: PlacedParameter): RowsOnDevice {
  const transposed = part.steps.some(({ kind }) => kind === 'transpose');
  const rows = part.shape[transposed ? 1 : 0] ?? 1;
  const moves = part.steps.map((step): ((row: number) => number) => {
    if (step.kind === 'permute') return row => pairedRow(row, rows / step.heads);
    if (step.kind === 'fuse') return row => row + step.at;
    return row => row;
  });
  return { transposed, rowAt: row => moves.reduce((at, move) => move(at), row) };
}

/** A vector is a matrix of one column. */
const asMatrix = (x: Tensor): Tensor => ({
  ...x,
  shape: [x.shape[0] ?? 1, sizeOf(x.shape.slice(1))],
});

function stacked(matrices: readonly Tensor[]): Tensor {
  const [first, ...rest] = matrices;
  if (!first) throw new Error('a device tensor without parts');
  if (rest.length === 0) return first;
  const rows = matrices.reduce((n, { shape }) => n + shape[0]!, 0);
  const data = arrayLike(first.data, rows * first.shape[1]!);
  let at = 0;
  for (const m of matrices) {
    if (m.dtype !== first.dtype)
      throw new Error(`parts of one device tensor are ${first.dtype} and ${m.dtype}`);
    copyInto(data, m.data, at);
    at += m.data.length;
  }
  return { dtype: first.dtype, shape: [rows, first.shape[1]!], data };
}

const withoutOnes = (shape: readonly number[]): number[] => shape.filter(d => d !== 1);

function requireShape(name: string, found: readonly number[], expected: readonly number[]): void {
  if (found.join() === expected.join()) return;
  fail(
    'layout.shape',
    `${name} is [${found.join(', ')}], the layout makes it [${expected.join(', ')}]. Is it of another model?`,
    { key: name },
  );
}
