/**
 * Rows that a gradient still lacks. Scattering a few rows onto the gradient of a large table inside
 * the graph copies the whole table; outside, it is a few additions.
 */
import type { GraphBuilder, Value } from '../graph/graph';
import type { Tensor } from '../tensor/tensor';

/** Names of outputs: `updates` [n, width] are added to the rows `indices` [n, 1] of the gradient. */
export interface SparseRows {
  readonly gradient: string;
  readonly updates: string;
  readonly indices: string;
}

/** Takes the scatters off the end of a gradient, with what they would add. */
export function peelRows(
  b: GraphBuilder,
  gradient: Value,
): { dense: Value; rows: { updates: Value; indices: Value }[] } {
  const maker = b.nodes.find(node => node.outputs[0] === gradient);
  const [base, indices, updates] = maker?.inputs ?? [];
  const isScatter = maker?.op === 'ScatterND' && updates?.shape.length === 2;
  if (!isScatter || !base || !indices || !updates) return { dense: gradient, rows: [] };
  const { dense, rows } = peelRows(b, base);
  return { dense, rows: [...rows, { updates, indices }] };
}

/** Adds the rows to the gradients, in place. */
export function addRows(outputs: ReadonlyMap<string, Tensor>, sparse: readonly SparseRows[]): void {
  for (const { gradient, updates, indices } of sparse) {
    const [sum, rows, at] = [gradient, updates, indices].map(name => outputs.get(name)?.data);
    if (!(
      sum instanceof Float32Array &&
      rows instanceof Float32Array &&
      at instanceof BigInt64Array
    ))
      throw new Error(`the program gave no ${gradient} with its rows`);
    const width = rows.length / at.length;
    at.forEach((row, i) => {
      const to = Number(row) * width;
      for (let k = 0; k < width; k++) sum[to + k]! += rows[i * width + k]!;
    });
  }
}
