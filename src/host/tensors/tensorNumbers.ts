/**
 * Statistics and histograms of the tensors of an open file, put together slice by slice, so that they
 * can be followed, and given up for those of another. Knows nothing of views.
 */
import { binsFor } from '../../engine/inspect/histogram';
import type { Moments } from '../../engine/inspect/moments';
import { deviationOf, finiteCount, joinMoments, NO_MOMENTS } from '../../engine/inspect/moments';
import type { TableColumns } from '../../engine/inspect/tableColumns';
import type { Histogram, Statistics } from '../../protocol/tensors';
import type { FileThread } from './fileThread';

/** Some ten milliseconds of work. */
const SLICE_ELEMENTS = 1 << 22;
/** Between two words about how far it has come. */
const PROGRESS_MS = 100;

const WHOLE = /^(int|uint|bool)/;

export class TensorNumbers {
  readonly #rows: ReadonlyMap<string, number>;
  readonly #moments = new Map<string, Moments>();
  /** Counts what was asked for: only the last is still wanted. */
  #wanted = 0;

  constructor(
    private readonly thread: FileThread,
    private readonly table: TableColumns,
    private readonly tell: (tensor: string, share: number) => void,
  ) {
    this.#rows = new Map(table.names.map((name, row) => [name, row]));
  }

  /** Ends what is under way: its answer is null. */
  giveUp(): void {
    this.#wanted++;
  }

  /** @throws for a tensor that is not in the file */
  known(tensor: string): number {
    const row = this.#rows.get(tensor);
    if (row === undefined) throw new Error(`There is no tensor "${tensor}" in this file any more.`);
    return row;
  }

  async statistics(tensor: string): Promise<Statistics | null> {
    const moments = await this.#momentsOf(tensor, ++this.#wanted);
    if (moments === null) return null;
    const { count, nan, infinite, zeros, min, max, mean } = moments;
    const isNone = finiteCount(moments) === 0;
    const counts = { count, nan, infinite, zeros };
    if (isNone) return { ...counts, min: null, max: null, mean: null, deviation: null };
    return { ...counts, min, max, mean, deviation: deviationOf(moments) };
  }

  async histogram(tensor: string): Promise<Histogram | null> {
    const wanted = ++this.#wanted;
    const moments = await this.#momentsOf(tensor, wanted);
    const bins = moments && binsFor(moments, WHOLE.test(this.#dtypeOf(tensor)));
    if (!bins) return null;
    const counts = new Float64Array(bins.count);
    let [below, above] = [0, 0];
    const isDone = await this.#bySlice(tensor, wanted, async (from, to) => {
      const part = await this.thread.ask('histogram', { name: tensor, from, to, bins });
      part.counts.forEach((count, bin) => (counts[bin]! += count));
      below += part.below;
      above += part.above;
    });
    return isDone ? { from: bins.from, to: bins.to, counts: counts.buffer, below, above } : null;
  }

  /** Null when they are not wanted any more. */
  async #momentsOf(tensor: string, wanted: number): Promise<Moments | null> {
    const known = this.#moments.get(tensor);
    if (known) return known;
    let moments = NO_MOMENTS;
    const isDone = await this.#bySlice(tensor, wanted, async (from, to) => {
      moments = joinMoments(moments, await this.thread.ask('moments', { name: tensor, from, to }));
    });
    if (isDone) this.#moments.set(tensor, moments);
    return isDone ? moments : null;
  }

  /** @returns whether it came to the end */
  async #bySlice(
    tensor: string,
    wanted: number,
    work: (from: number, to: number) => Promise<void>,
  ): Promise<boolean> {
    const count = this.#countOf(tensor);
    let toldAt = Date.now();
    for (let from = 0; from < count; from += SLICE_ELEMENTS) {
      await work(from, Math.min(from + SLICE_ELEMENTS, count));
      if (wanted !== this.#wanted) return false;
      const isLast = from + SLICE_ELEMENTS >= count; // the numbers say that it is done
      if (isLast || Date.now() - toldAt < PROGRESS_MS) continue;
      toldAt = Date.now();
      this.tell(tensor, (from + SLICE_ELEMENTS) / count);
    }
    return true;
  }

  #countOf(tensor: string): number {
    const { shapes, shapeOf } = this.table;
    return shapes[shapeOf[this.known(tensor)]!]!.reduce((count, size) => count * size, 1);
  }

  #dtypeOf(tensor: string): string {
    const { dtypes, dtypeOf } = this.table;
    return dtypes[dtypeOf[this.known(tensor)]!]!;
  }
}
