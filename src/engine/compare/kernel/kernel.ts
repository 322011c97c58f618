/**
 * Compares blocks of raw elements of two types: the caller fills both sides, `add` adds what they
 * come to. Pairs of floats go through WebAssembly, four elements a round; all others, and what
 * remains of a block, one element at a time.
 */
import { REL_FLOOR, TOLERANCES } from '../../../protocol/diffMetrics';
import type { Dtype } from '../../tensor/tensor';
import { dtypeBytes } from '../../tensor/tensor';
import { addSums, binsOf, MOST_DIFFERING, takeMost, type Totals } from '../totals';
import { assemble } from './assemble';
import { bitsComparer, elementReader } from './elements';
import {
  AT,
  BINS,
  binOf,
  BLOCK,
  compareText,
  type FloatDtype,
  momentsText,
  PAGES,
} from './kernelText';
import { distanceOf, formatOf, type NumberFormat } from './numberFormat';

export interface Kernel {
  /** Bytes of up to `BLOCK` elements of each side, to be filled before each `add`. */
  readonly left: Uint8Array;
  readonly right: Uint8Array;
  readonly format: NumberFormat;
  /** @param first index of the block's first element in the parameter */
  add(totals: Totals, first: number, n: number): void;
}

export { BLOCK };

/** Only one of two types is in use at a time: all kernels share a memory. */
export function makeKernel(left: Dtype, right: Dtype): Kernel {
  return isLoopType(left) && isLoopType(right)
    ? new LoopKernel(left, right)
    : new ElementKernel(left, right);
}

const isLoopType = (dtype: Dtype): dtype is FloatDtype =>
  dtype === 'float32' || dtype === 'bfloat16' || dtype === 'float16';

/** Any two types; also the reference for the loops. */
export class ElementKernel implements Kernel {
  readonly left: Uint8Array;
  readonly right: Uint8Array;
  readonly format: NumberFormat;
  readonly #compare: CompareElements;

  constructor(left: Dtype, right: Dtype) {
    this.left = new Uint8Array(BLOCK * dtypeBytes[left]);
    this.right = new Uint8Array(BLOCK * dtypeBytes[right]);
    this.format = formatOf(left, right);
    this.#compare = elementComparer([left, right], [this.left, this.right], this.format);
  }

  add(totals: Totals, first: number, n: number): void {
    totals.count += n;
    this.#compare(totals, first, 0, n);
  }
}

/** Adds elements `[from, to)` of the block to all but the count. */
type CompareElements = (totals: Totals, first: number, from: number, to: number) => void;

function elementComparer(
  dtypes: readonly [Dtype, Dtype],
  bytes: readonly [Uint8Array, Uint8Array],
  format: NumberFormat,
): CompareElements {
  const [left, right] = [elementReader(dtypes[0], bytes[0]), elementReader(dtypes[1], bytes[1])];
  const isEqual = bitsComparer(dtypes, bytes);
  return (totals, first, from, to) => {
    const shift = totals.finite > 0 ? totals.meanA : finiteOr0(left(from));
    const sums = { n: 0, shift, a: 0, b: 0, aa: 0, bb: 0, ab: 0, dd: 0 };
    for (let i = from; i < to; i++) {
      const [a, b] = [left(i), right(i)];
      if (isEqual(i)) totals.equalBits++;
      else if (totals.differing.length < MOST_DIFFERING) totals.differing.push(first + i);
      if (!Number.isFinite(a) || !Number.isFinite(b)) {
        addSpecial(totals, a, b);
        continue;
      }
      const [p, q, d] = [a - shift, b - shift, a - b];
      sums.n++;
      sums.a += p;
      sums.b += q;
      sums.aa += p * p;
      sums.bb += q * q;
      sums.ab += p * q;
      sums.dd += d * d;
      addDistance(totals, first + i, a, b);
      const distance = distanceOf(a, b, format);
      if (distance === 0) totals.near++;
      else binsOf(totals)[binOf(distance)]!++;
      totals.farthest = Math.max(totals.farthest, distance);
    }
    addSums(totals, sums);
  };
}

const finiteOr0 = (value: number): number => (Number.isFinite(value) ? value : 0);

function addDistance(totals: Totals, element: number, a: number, b: number): void {
  const [distance, size] = [Math.abs(a - b), Math.abs(b)];
  takeMost(totals, 'maxAbs', distance, element);
  if (size > REL_FLOOR) takeMost(totals, 'maxRel', distance / size, element);
  TOLERANCES.forEach((t, k) => {
    totals.over[k] = Math.max(totals.over[k]!, distance - t * size);
  });
}

function addSpecial(totals: Totals, a: number, b: number): void {
  if (Number.isNaN(a)) totals.nanLeft++;
  else if (!Number.isFinite(a)) totals.infLeft++;
  if (Number.isNaN(b)) totals.nanRight++;
  else if (!Number.isFinite(b)) totals.infRight++;
  if (!Object.is(a, b)) totals.unlike++;
}

/** What Node has of WebAssembly and its types lack. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

let sharedMemory: { readonly buffer: ArrayBuffer } | undefined;
type Loop = (n: number) => number;
const compiled = new Map<string, Loop>();

function loopOf(name: 'compare' | 'moments', text: () => string, key: string): Loop {
  const known = compiled.get(key);
  if (known) return known;
  const module = new WebAssembly.Module(assemble(text()));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: memoryOf() } });
  const loop = (exports as Record<string, Loop>)[name]!;
  compiled.set(key, loop);
  return loop;
}

const memoryOf = () => (sharedMemory ??= new WebAssembly.Memory({ initial: PAGES }));

/** Differences of blocks are looked at again where they are larger by more than rounding. */
const LARGER = 1 + 3e-7;

class LoopKernel implements Kernel {
  readonly left: Uint8Array;
  readonly right: Uint8Array;
  readonly format: NumberFormat;
  readonly #buffer = memoryOf().buffer;
  readonly #floats = new Float32Array(this.#buffer, 0, 256);
  readonly #doubles = new Float64Array(this.#buffer, 0, 128);
  readonly #words = new Uint32Array(this.#buffer, 0, 256);
  readonly #bins = new Uint32Array(this.#buffer, AT.bins, 2 * BINS);
  readonly #compare: Loop;
  readonly #moments: Loop;
  readonly #elements: CompareElements;
  readonly #read: readonly [(i: number) => number, (i: number) => number];
  readonly #isEqual: (i: number) => boolean;
  readonly #buffers: readonly [Buffer, Buffer];

  constructor(
    private readonly leftType: FloatDtype,
    private readonly rightType: FloatDtype,
  ) {
    this.left = new Uint8Array(this.#buffer, AT.left, BLOCK * dtypeBytes[leftType]);
    this.right = new Uint8Array(this.#buffer, AT.right, BLOCK * dtypeBytes[rightType]);
    this.#buffers = [
      Buffer.from(this.#buffer, AT.left, this.left.byteLength),
      Buffer.from(this.#buffer, AT.right, this.right.byteLength),
    ];
    this.format = formatOf(leftType, rightType);
    const format = this.format as FloatDtype;
    const key = `${leftType} ${rightType}`;
    this.#compare = loopOf('compare', () => compareText(leftType, rightType, format), key);
    this.#moments = loopOf('moments', () => momentsText(leftType), leftType);
    const types = [leftType, rightType] as const;
    const bytes = [this.left, this.right] as const;
    this.#elements = elementComparer(types, bytes, format);
    this.#read = [elementReader(leftType, this.left), elementReader(rightType, this.right)];
    this.#isEqual = bitsComparer(types, bytes);
  }

  add(totals: Totals, first: number, n: number): void {
    totals.count += n;
    const whole = n - (n % 4);
    if (whole > 0) {
      // a number that both loops hold as it is
      const shift = Math.fround(totals.finite > 0 ? totals.meanA : finiteOr0(this.#read[0](0)));
      this.#doubles[AT.shift / 8] = shift;
      this.#floats[AT.shift32 / 4] = shift;
      if (this.#isSame(whole)) this.#addSame(totals, whole, shift);
      else this.#addOther(totals, { first, n: whole, shift });
    }
    if (whole < n) this.#elements(totals, first, whole, n);
  }

  #isSame(n: number): boolean {
    if (this.leftType !== this.rightType) return false;
    const [a, b] = this.#buffers;
    const bytes = n * dtypeBytes[this.leftType];
    return a.compare(b, 0, bytes, 0, bytes) === 0;
  }

  #addSame(totals: Totals, n: number, shift: number): void {
    const rounds = this.#moments(n);
    const specials = this.#addSpecials(totals, rounds);
    const [a, aa] = [this.#sum(0), this.#sum(2)];
    addSums(totals, { n: n - specials, shift, a, b: a, aa, bb: aa, ab: aa, dd: 0 });
    totals.equalBits += n;
    totals.near += n - specials;
    if (n > specials) totals.over = totals.over.map(value => Math.max(value, 0));
  }

  #addOther(totals: Totals, block: { first: number; n: number; shift: number }): void {
    const { first, n, shift } = block;
    this.#floats[AT.floor / 4] = REL_FLOOR;
    TOLERANCES.forEach((t, k) => (this.#floats[AT.tolerances / 4 + k] = t));
    this.#bins.fill(0);
    const rounds = this.#compare(n);
    const specials = this.#addSpecials(totals, rounds);
    const [a, b, aa, bb, ab, dd] = [0, 1, 2, 3, 4, 5].map(k => this.#sum(k)) as SixSums;
    addSums(totals, { n: n - specials, shift, a, b, aa, bb, ab, dd });
    this.#addEqual(totals, { first, n, specials });
    this.#addBins(totals, specials);
    this.#addMaxima(totals, first, n);
  }

  /** Elements that are not finite; they counted as equal ones at the shift. @returns how many */
  #addSpecials(totals: Totals, rounds: number): number {
    const list = new Int32Array(this.#buffer, AT.special, rounds);
    let count = 0;
    for (const round of list)
      for (let i = round; i < round + 4; i++) {
        const [a, b] = [this.#read[0](i), this.#read[1](i)];
        if (Number.isFinite(a) && Number.isFinite(b)) continue;
        count++;
        addSpecial(totals, a, b);
      }
    this.#specialRounds = list;
    return count;
  }

  #specialRounds: Int32Array = new Int32Array(0);

  #addEqual(totals: Totals, { first, n, specials }: Record<'first' | 'n' | 'specials', number>) {
    let equal = 0;
    for (let lane = 0; lane < 4; lane++) equal += this.#words[AT.equal / 4 + lane]!;
    if (specials > 0)
      for (const round of this.#specialRounds)
        for (let i = round; i < round + 4; i++)
          if (!Number.isFinite(this.#read[0](i)) || !Number.isFinite(this.#read[1](i)))
            if (!this.#isEqual(i)) equal--;
    totals.equalBits += equal;
    for (let i = 0; i < n && totals.differing.length < MOST_DIFFERING && equal < n; i++)
      if (!this.#isEqual(i)) totals.differing.push(first + i);
  }

  #addBins(totals: Totals, specials: number): void {
    const bins = this.#bins;
    totals.near += bins[0]! + bins[BINS]!;
    const isFar = this.#words.subarray(AT.farthest / 4, AT.farthest / 4 + 4).some(d => d > 0);
    if (isFar) {
      const into = binsOf(totals);
      for (let bin = 1; bin < BINS; bin++) into[bin]! += bins[bin]! + bins[BINS + bin]!;
    }
    totals.near += this.#words[AT.zeros / 4]! - specials;
    for (let lane = 0; lane < 4; lane++)
      totals.farthest = Math.max(totals.farthest, this.#words[AT.farthest / 4 + lane]!);
  }

  /** The loop's own are rounded: the exact ones are looked for where they are. */
  #addMaxima(totals: Totals, first: number, n: number): void {
    const [most, rel, ...over] = [0, 1, 2, 3, 4].map(k => this.#most(k));
    const isMore = most! > totals.maxAbs * LARGER || rel! > totals.maxRel * LARGER;
    if (isMore) {
      const [left, right] = this.#read;
      for (let i = 0; i < n; i++) {
        const [a, b] = [left(i), right(i)];
        if (!(a !== b && Number.isFinite(a) && Number.isFinite(b))) continue;
        const distance = Math.abs(a - b);
        if (distance > totals.maxAbs) takeMost(totals, 'maxAbs', distance, first + i);
        const size = Math.abs(b);
        if (size > REL_FLOOR && distance / size > totals.maxRel)
          takeMost(totals, 'maxRel', distance / size, first + i);
      }
    }
    over.forEach((value, k) => (totals.over[k] = Math.max(totals.over[k]!, value)));
  }

  #sum(k: number): number {
    const at = AT.sums / 8 + 2 * k;
    return this.#doubles[at]! + this.#doubles[at + 1]!;
  }

  #most(k: number): number {
    const at = AT.maxima / 4 + 4 * k;
    return Math.max(...this.#floats.subarray(at, at + 4));
  }
}

type SixSums = [number, number, number, number, number, number];
