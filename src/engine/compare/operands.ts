/**
 * The parameters of one side by canonical names: tensors as they are, or taken out of a device's
 * layout, fused ones split and rows put back into order.
 */
import { placesOf, type PlacedParameter, rowsOnDevice } from '../devices/layout';
import { describeInverse } from '../devices/transform';
import { ttmlLayout } from '../devices/ttmlLayout';
import type { TensorEntry } from '../formats/tensorFile';
import { type BaseShape, isSlm } from '../model/families';
import { sizeOf } from '../tensor/tensor';
import { type Operand, plainOperand, type RowPlan, type Step } from './operand';
import type { Side } from './side';

export type Operands = Map<string, Operand>;

/** @param shape of the model, of this side or of the other */
export function operandsOf({ file, naming }: Side, shape: BaseShape | undefined): Operands {
  const operands: Operands = new Map();
  const taken = new Set<string>();
  if (naming && shape && !isSlm(shape)) {
    const layout = ttmlLayout(shape, { naming });
    const tied = new Set(layout.ties.keys());
    for (const [name, place] of placesOf(layout)) {
      const entry = file.entries.get(place.tensor.name);
      if (!entry || tied.has(name)) continue;
      const operand = placedOperand(place, entry);
      if (!operand) continue;
      operands.set(name, operand);
      taken.add(place.tensor.name);
    }
  }
  for (const [name, entry] of file.entries) {
    if (taken.has(name)) continue;
    const halves = naming && shape === undefined ? splitKeysAndValues(name, entry) : undefined;
    if (halves) for (const [part, operand] of halves) operands.set(part, operand);
    else operands.set(name, plainOperand(name, entry));
  }
  return operands;
}

const withoutOnes = (shape: readonly number[]): number[] => shape.filter(d => d !== 1);

/** Rows and columns of what is stored; a vector has one column. */
function storedMatrix(entry: TensorEntry, isVector: boolean): [rows: number, columns: number] {
  if (isVector) return [sizeOf(entry.shape), 1];
  const columns = entry.shape.at(-1) ?? 1;
  return [columns === 0 ? 0 : sizeOf(entry.shape) / columns, columns];
}

/** Undefined when what is stored is too small for it: then it is compared as it is. */
function placedOperand(place: PlacedParameter, entry: TensorEntry): Operand | undefined {
  const { part, tensor } = place;
  const isVector = part.shape.length === 1;
  const [storedRows, storedColumns] = storedMatrix(entry, isVector);
  const { transposed, rowAt } = rowsOnDevice(place);
  const [rows, columns] = isVector ? [part.shape[0]!, 1] : (part.shape as [number, number]);
  const expected = tensor.parts.reduce((n, p) => n + deviceRows(p), 0);
  const across = transposed ? rows : columns;
  if (storedRows < expected || storedColumns !== across) return undefined;
  const isPlain = !part.steps.some(({ kind }) => kind !== 'tie');
  const steps = stepsFrom(place, entry, [storedRows, storedColumns]);
  const about = { tensor: tensor.name, dtype: entry.dtype, storedShape: entry.shape };
  const base: Operand = { ...about, shape: part.shape, steps };
  if (isPlain) return base;
  // transposed: a row of the parameter is a stored column
  const plan: RowPlan = {
    columns,
    storedColumns,
    transposed,
    rowAt: transposed ? row => row : rowAt,
  };
  return { ...base, rows: plan };
}

const deviceRows = ({ shape, steps }: PlacedParameter['part']): number =>
  (steps.some(({ kind }) => kind === 'transpose') ? shape[1] : shape[0]) ?? 1;

function stepsFrom(
  { part, tensor }: PlacedParameter,
  entry: TensorEntry,
  matrix: readonly [number, number],
): Step[] {
  const steps: Step[] = [
    { kind: 'stored', text: tensor.name, shape: entry.shape, acts: true },
    { kind: 'untile', text: 'untile 32 × 32', shape: withoutOnes(entry.shape), acts: true },
  ];
  let shape: readonly number[] = part.shape.length === 1 ? part.shape : matrix;
  for (const step of [...part.steps].reverse()) {
    const text = describeInverse(step);
    if (step.kind === 'fuse') {
      shape = [step.rows, ...shape.slice(1)];
      steps.push({ kind: 'split', text, shape, acts: true });
    } else if (step.kind === 'permute') steps.push({ kind: 'permute', text, shape, acts: true });
    else if (step.kind === 'transpose') {
      shape = [...shape].reverse();
      steps.push({ kind: 'transpose', text, shape, acts: true });
    } else steps.push({ kind: 'tie', text, shape, acts: true });
  }
  const extra = matrix[0] - tensor.parts.reduce((n, p) => n + deviceRows(p), 0);
  const text = extra > 0 ? `crop ${extra} rows of padding` : 'crop padding, nothing to crop';
  steps.push({ kind: 'crop', text, shape: part.shape, acts: extra > 0 });
  return steps;
}

/** Of a dump whose model nobody describes: keys above, values below, as many of each. */
function splitKeysAndValues(name: string, entry: TensorEntry): [string, Operand][] | undefined {
  if (!/\/kv_linear\/(weight|bias)$/.test(name)) return undefined;
  const isVector = name.endsWith('bias');
  const [rows, columns] = storedMatrix(entry, isVector);
  if (rows % 2 !== 0) return undefined;
  const shape = isVector ? [rows / 2] : [rows / 2, columns];
  return (['k', 'v'] as const).map((which, i) => {
    const from = (i * rows) / 2;
    const text = `split off rows ${from}–${from + rows / 2 - 1} of ${rows}`;
    return [
      name.replace('kv_linear', `${which}_linear`),
      rowsOperand({ tensor: name, entry, shape, from, text }),
    ];
  });
}

/** Rows `from …` of a tensor. */
export function rowsOperand(part: {
  tensor: string;
  entry: Pick<TensorEntry, 'dtype' | 'shape'>;
  shape: readonly number[];
  from: number;
  text: string;
}): Operand {
  const { tensor, entry, shape, from, text } = part;
  const columns = sizeOf(shape.slice(1));
  return {
    tensor,
    dtype: entry.dtype,
    storedShape: entry.shape,
    shape,
    rows: { columns, storedColumns: columns, transposed: false, rowAt: row => from + row },
    steps: [
      { kind: 'stored', text: tensor, shape: entry.shape, acts: true },
      { kind: 'split', text, shape, acts: true },
    ],
  };
}
