/** What is known of two open models before any element is compared, as columns for a table. */
import type { PairTable, SideFacts } from '../../protocol/weightDiff';
import type { Pair } from './align';
import type { Comparison } from './comparison';
import type { Side } from './side';
import { dtypeBytes, type Dtype, sizeOf } from '../tensor/tensor';

export interface OpenedPairs {
  readonly left: SideFacts;
  readonly right: SideFacts;
  readonly table: PairTable;
  /** Elements of each row; 0 of what is not compared. */
  readonly counts: Float64Array;
}

export function openedPairs(comparison: Comparison): OpenedPairs {
  const { pairs } = comparison;
  const shapes: number[][] = [];
  const shapeNumbers = new Map<string, number>();
  const shapeOf = new Uint32Array(pairs.length);
  const counts = new Float64Array(pairs.length);
  const bytes = new Float64Array(pairs.length);
  pairs.forEach((pair, row) => {
    const { shape } = (pair.left ?? pair.right)!;
    const key = shape.join();
    let number = shapeNumbers.get(key);
    if (number === undefined) {
      number = shapes.push([...shape]) - 1;
      shapeNumbers.set(key, number);
    }
    shapeOf[row] = number;
    if (!comparison.isComparable(row)) return;
    counts[row] = pair.left!.dtype in dtypeBytes ? sizeOf(shape) : comparison.countOf(row);
    bytes[row] = bytesOfPair(pair, counts[row]);
  });
  return {
    left: factsOf(comparison.left),
    right: factsOf(comparison.right),
    counts,
    table: {
      names: pairs.map(({ name }) => name),
      rightNames: pairs.flatMap(({ rightName }, row) =>
        rightName === undefined ? [] : [[row, rightName] as [number, string]],
      ),
      notes: pairs.flatMap((pair, row) => {
        const note = noteOf(pair);
        return note === undefined ? [] : [[row, note] as [number, string]];
      }),
      states: pairs.map((pair, row) =>
        pair.state === 'pair' && !comparison.isComparable(row) ? 'unlike' : pair.state,
      ),
      leftTypes: pairs.map(({ left }) => left?.dtype ?? ''),
      rightTypes: pairs.map(({ right }) => right?.dtype ?? ''),
      shapes,
      shapeOf: shapeOf.buffer,
      by: pairs.map(({ by }) => by ?? null),
      transformed: pairs.map(({ left, right }) =>
        [left, right].some(side => side?.steps.some(({ kind, acts }) => acts && CHANGES.has(kind))),
      ),
      bytes: bytes.buffer,
    },
  };
}

/** Steps that a reader of the table wants to know of. */
const CHANGES = new Set(['split', 'permute', 'transpose', 'crop']);

function noteOf({ note, by, state, left, right }: Pair): string | undefined {
  if (note !== undefined) return note;
  if (state === 'pair' && left && right && left.dtype !== right.dtype && isOdd(left, right))
    return `${left.dtype} cannot be compared with ${right.dtype}`;
  return by === 'likeness' ? 'found by its likeness in name and shape' : undefined;
}

const isOdd = (...sides: { dtype: string }[]): boolean =>
  sides.some(({ dtype }) => !(dtype in dtypeBytes));

function bytesOfPair({ left, right }: Pair, count: number): number {
  const width = (dtype: string) => dtypeBytes[dtype as Dtype] ?? 1;
  return count * (width(left!.dtype) + width(right!.dtype));
}

function factsOf({ name, path, what, file, bytes }: Side): SideFacts {
  const byType = new Map<string, number>();
  for (const { dtype, bytes: size } of file.entries.values())
    byType.set(dtype, (byType.get(dtype) ?? 0) + size);
  const dtypes = [...byType].sort(([, a], [, b]) => b - a).map(([dtype]) => dtype);
  return { name, path, what, tensors: file.entries.size, bytes, dtypes };
}
