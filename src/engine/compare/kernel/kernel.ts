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
  distancesText,
  type FloatDtype,
  largerText,
  maximaText,
  momentsText,
  PAGES,
  sumsText,
} from './kernelText';
import { distanceOf, formatOf, type NumberFormat } from './numberFormat';

export interface Kernel {
  /** Bytes of up to `BLOCK` elements of each side, to be filled before each `add`, which uses them up. */
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

function loopOf(
  name: 'sums' | 'maxima' | 'larger' | 'distances' | 'moments',
  types: readonly FloatDtype[],
  text: () => string,
): Loop {
  const key = [name, ...types].join(' ');
  const known = compiled.get(key);
  if (known) return known;
  const module = new WebAssembly.Module(assemble(text()));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: memoryOf() } });
  const loop = (exports as Record<string, Loop>)[name]!;
  compiled.set(key, loop);
  return loop;
}

const memoryOf = () => (sharedMemory ??= new WebAssembly.Memory({ initial: PAGES }));

/** More than what rounding to float32 makes of a difference and of a relative one. */
const ROUNDING = 1 + 3e-7;
const MOST_FLOAT32 = 2 ** 128 - 2 ** 104;

class LoopKernel implements Kernel {
  readonly left: Uint8Array;
  readonly right: Uint8Array;
  readonly format: NumberFormat;
  readonly #buffer = memoryOf().buffer;
  readonly #floats = new Float32Array(this.#buffer, 0, 256);
  readonly #doubles = new Float64Array(this.#buffer, 0, 128);
  readonly #words = new Uint32Array(this.#buffer, 0, 256);
  readonly #rounds = new Uint32Array(this.#buffer, AT.found, BLOCK / 4);
  readonly #bins = new Uint32Array(this.#buffer, AT.bins, 2 * BINS);
  readonly #sums: Loop;
  readonly #maxima: Loop;
  readonly #larger: Loop;
  readonly #distances: Loop;
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
    const types = [leftType, rightType] as const;
    this.#sums = loopOf('sums', types, () => sumsText(...types));
    this.#maxima = loopOf('maxima', types, () => maximaText(...types));
    this.#larger = loopOf('larger', types, () => largerText(...types));
    this.#distances = loopOf('distances', types, () => distancesText(...types, format));
    this.#moments = loopOf('moments', [leftType], () => momentsText(leftType));
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
    const specials = this.#takeSpecials(totals, this.#moments(n)).length;
    const [a, aa] = [this.#sum(0), this.#sum(2)];
    addSums(totals, { n: n - specials, shift, a, b: a, aa, bb: aa, ab: aa, dd: 0 });
    totals.equalBits += n;
    totals.near += n - specials;
    if (n > specials) totals.over = totals.over.map(value => Math.max(value, 0));
  }

  #addOther(totals: Totals, block: { first: number; n: number; shift: number }): void {
    const { first, n, shift } = block;
    const specials = this.#takeSpecials(totals, this.#sums(n));
    const [a, b, aa, bb, ab, dd] = [0, 1, 2, 3, 4, 5].map(k => this.#sum(k)) as SixSums;
    addSums(totals, { n: n - specials.length, shift, a, b, aa, bb, ab, dd });
    this.#floats[AT.floor32 / 4] = REL_FLOOR;
    TOLERANCES.forEach((t, k) => (this.#floats[AT.tolerances / 4 + k] = t));
    this.#maxima(n);
    this.#addMaxima(totals, first, n);
    const unequal = specials.filter(({ isEqual }) => !isEqual).map(({ i }) => i);
    this.#addEqual(totals, { first, n, unequal });
    this.#bins.fill(0);
    totals.near += this.#distances(n) - specials.length;
    this.#addBins(totals);
  }

  /** Counts elements that are not finite, and makes them 0 on both sides for what follows. */
  #takeSpecials(totals: Totals, rounds: number): Special[] {
    const [left, right] = this.#read;
    const [leftWidth, rightWidth] = [dtypeBytes[this.leftType], dtypeBytes[this.rightType]];
    const specials: Special[] = [];
    for (const i of this.#found(rounds)) {
      const [a, b] = [left(i), right(i)];
      if (Number.isFinite(a) && Number.isFinite(b)) continue;
      addSpecial(totals, a, b);
      specials.push({ i, isEqual: this.#isEqual(i) });
      this.left.fill(0, i * leftWidth, (i + 1) * leftWidth);
      this.right.fill(0, i * rightWidth, (i + 1) * rightWidth);
    }
    return specials;
  }

  /** Elements of the rounds that a loop found. */
  *#found(rounds: number): Generator<number> {
    for (let k = 0; k < rounds; k++) {
      const round = this.#rounds[k]! / dtypeBytes[this.leftType];
      for (let i = round; i < round + 4; i++) yield i;
    }
  }

  /** @param unequal of the elements that are 0 now, those that were not equal */
  #addEqual(
    totals: Totals,
    { first, n, unequal }: { first: number; n: number; unequal: readonly number[] },
  ): void {
    let equal = 0;
    for (let lane = 0; lane < 4; lane++) equal += this.#words[AT.equal / 4 + lane]!;
    totals.equalBits += equal - unequal.length;
    const room = MOST_DIFFERING - totals.differing.length;
    const found = unequal.slice(0, room);
    for (let i = 0, seen = equal; i < n && seen < n && found.length < room + unequal.length; i++)
      if (!this.#isEqual(i)) {
        found.push(i);
        seen++;
      }
    found.sort((a, b) => a - b);
    totals.differing.push(...found.slice(0, room).map(i => first + i));
  }

  #addBins(totals: Totals): void {
    const bins = this.#bins;
    totals.near += bins[0]! + bins[BINS]!;
    const farthest = this.#words.subarray(AT.farthest / 4, AT.farthest / 4 + 4);
    if (farthest.some(d => d > 0)) {
      const into = binsOf(totals);
      for (let bin = 1; bin < BINS; bin++) into[bin]! += bins[bin]! + bins[BINS + bin]!;
    }
    totals.farthest = Math.max(totals.farthest, ...farthest);
  }

  /** The loop's own are rounded: where they may be the largest so far, exact ones are looked for. */
  #addMaxima(totals: Totals, first: number, n: number): void {
    const [most, rel] = [this.#most(0), this.#most(1)];
    for (let k = 0; k < TOLERANCES.length; k++)
      totals.over[k] = Math.max(totals.over[k]!, this.#most(2 + k));
    const mayBe = most >= Math.fround(totals.maxAbs) || rel * ROUNDING > totals.maxRel;
    if (most === 0 || !mayBe) return;
    const leastOf = (value: number) => Math.min(value, MOST_FLOAT32) / ROUNDING;
    const largest = Math.max(totals.maxAbs, leastOf(most));
    const largestRel = Math.max(totals.maxRel, leastOf(rel));
    this.#doubles.set([REL_FLOOR, largest, largestRel], AT.floor / 8);
    this.#floats.set([largest, largestRel / ROUNDING], AT.largest32 / 4);
    const [left, right] = this.#read;
    for (const i of this.#found(this.#larger(n))) {
      const [distance, size] = [Math.abs(left(i) - right(i)), Math.abs(right(i))];
      if (distance > totals.maxAbs) takeMost(totals, 'maxAbs', distance, first + i);
      if (size > REL_FLOOR && distance / size > totals.maxRel)
        takeMost(totals, 'maxRel', distance / size, first + i);
    }
  }

  #sum(k: number): number {
    const at = AT.sums / 8 + 2 * k;
    return this.#doubles[at]! + this.#doubles[at + 1]!;
  }

  #most(k: number): number {
    const [at, floats] = [AT.maxima / 4 + 4 * k, this.#floats];
    return Math.max(floats[at]!, floats[at + 1]!, floats[at + 2]!, floats[at + 3]!);
  }
}

/** An element that is not finite on one side or on both. */
interface Special {
  readonly i: number;
  readonly isEqual: boolean;
}

type SixSums = [number, number, number, number, number, number];
