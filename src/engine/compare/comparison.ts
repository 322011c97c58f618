/**
 * Two models that are open to be compared: their parameters side by side, each compared by range, so
 * that neither is ever in memory as a whole. Knows nothing of threads or of views.
 */
import type { Metrics } from '../../protocol/diffMetrics';
import { disk, type FileSystem } from '../files/fileSystem';
import { isForeign } from '../formats/foreignDtypes';
import { fail } from '../problem';
import { type Dtype, dtypeBytes } from '../tensor/tensor';
import { align, type Pair } from './align';
import { BLOCK, type Kernel, makeKernel } from './kernel/kernel';
import { formatOf, type NumberFormat } from './kernel/numberFormat';
import { type Elements, elementsOf, RawFiles } from './operand';
import { openSides, type Side, type SidePaths } from './side';
import { metricsOf, noTotals, type Totals } from './totals';

/** Elements `[from, to)` of a pair. */
export interface Part {
  readonly pair: number;
  readonly from: number;
  readonly to: number;
}

export class Comparison {
  readonly left: Side;
  readonly right: Side;
  readonly pairs: readonly Pair[];
  readonly #raw: RawFiles;
  readonly #kernels = new Map<string, Kernel>();
  /** Of the last pair that was read: it is read part after part. */
  #open: { pair: number; left: Elements; right: Elements; kernel: Kernel } | undefined;

  /** @throws what the files' readers throw, `diff.nothing` when no parameter is on both sides */
  constructor({ left, right, base }: SidePaths, fs: FileSystem = disk) {
    const [first, second] = openSides({ left, right, base }, fs);
    [this.left, this.right] = [first, second];
    this.#raw = new RawFiles(fs);
    try {
      this.pairs = align(first, second).pairs;
      this.#requireSomething();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether both sides' elements can be read one beside the other. */
  isComparable(index: number): boolean {
    const { state, left, right } = this.pairs[index]!;
    if (state !== 'pair' || !left || !right) return false;
    const isOdd = isForeign(left.dtype) || isForeign(right.dtype);
    return !isOdd || left.dtype === right.dtype;
  }

  /** Elements of a pair; of types that are not read here, bytes. */
  countOf(index: number): number {
    return this.#pair(index).left.count;
  }

  bytesOf(index: number): number {
    const { left, right } = this.#pair(index);
    return left.count * (dtypeBytes[left.dtype] + dtypeBytes[right.dtype]);
  }

  formatOf(index: number): NumberFormat {
    const { left, right } = this.#pair(index);
    return formatOf(left.dtype, right.dtype);
  }

  /** What a part of a pair comes to. */
  compare({ pair, from, to }: Part): Totals {
    const { left, right, kernel } = this.#pair(pair);
    const totals = noTotals();
    for (let at = from; at < to; at += BLOCK) {
      const n = Math.min(BLOCK, to - at);
      left.read(kernel.left, at, n);
      right.read(kernel.right, at, n);
      kernel.add(totals, at, n);
    }
    return totals;
  }

  metrics(index: number): Metrics {
    return metricsOf(this.compare({ pair: index, from: 0, to: this.countOf(index) }));
  }

  /** Both sides of a pair, to be read by range. */
  elements(index: number): { left: Elements; right: Elements } {
    return this.#pair(index);
  }

  close(): void {
    this.#raw.close();
    this.left.file.close();
    this.right.file.close();
  }

  #pair(index: number) {
    if (this.#open?.pair === index) return this.#open;
    const { left, right } = this.pairs[index]!;
    if (!left || !right) throw new Error(`pair ${index} has one side only`);
    const first = elementsOf(this.left.file, left, this.#raw);
    const second = elementsOf(this.right.file, right, this.#raw);
    const kernel = this.#kernelFor(first.dtype, second.dtype);
    this.#open = { pair: index, left: first, right: second, kernel };
    return this.#open;
  }

  #kernelFor(left: Dtype, right: Dtype): Kernel {
    const key = `${left} ${right}`;
    const kernel = this.#kernels.get(key) ?? makeKernel(left, right);
    this.#kernels.set(key, kernel);
    return kernel;
  }

  #requireSomething(): void {
    const { left, right } = this;
    const isEmpty = (side: Side) => side.file.entries.size === 0;
    if (isEmpty(left) && isEmpty(right)) return;
    if (this.pairs.some(({ state }) => state === 'pair' || state === 'unlike')) return;
    const some = (side: Side) => [...side.file.entries.keys()].slice(0, 3).join(', ') || 'nothing';
    fail(
      'diff.nothing',
      `No parameter of ${left.path} (${some(left)} …) could be found in ${right.path} (${some(right)} …): they are of different models, or one of them is no model.`,
      { file: right.path },
    );
  }
}
