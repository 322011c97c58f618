/**
 * Names what is wrong with a parameter that does not match: tries what is known to go wrong when
 * models are converted, and takes the first that explains the difference. Reads the parameter, and
 * samples of its neighbours.
 */
import type { BaseShape } from '../../model/families';
import { isSlm } from '../../model/families';
import { dtypeBytes, sizeOf } from '../../tensor/tensor';
import type { Comparison } from '../comparison';
import { elementReader } from '../kernel/elements';
import { BLOCK } from '../kernel/kernel';
import { distanceOf } from '../kernel/numberFormat';
import { isEmbedding, isHead, nameKey, numbersIn } from '../names';
import type { Elements } from '../operand';
import { metricsOf, type Totals } from '../totals';
import { elementFault, type OddElement } from './elements';
import { type BothSides, closeness, type Fault, isClose } from './fault';
import {
  headFault,
  type Heads,
  regionFault,
  ropeFault,
  scaleFault,
  shiftFault,
  transposedFault,
} from './matrices';

/** Of larger ones the first rows are looked at. */
const MOST_ELEMENTS = 1 << 25;
const FEW = 8;

/** Undefined where nothing explains it, or nothing is wrong. */
export function findFault(comparison: Comparison, index: number): Fault | undefined {
  if (!comparison.isComparable(index)) return undefined;
  const count = comparison.countOf(index);
  const totals = comparison.compare({ pair: index, from: 0, to: count });
  if (totals.equalBits === totals.count) return undefined;
  if (totals.unlike > FEW) return notFinite(comparison, index, totals);
  const odd = totals.count - totals.unlike - totals.near - bothSpecial(totals);
  if (odd + totals.unlike === 0)
    return { kind: 'rounded', message: `the same once both are ${comparison.formatOf(index)}` };
  if (odd + totals.unlike <= FEW)
    return elementFault(oddElements(comparison, index), comparison.elements(index).left.dtype);
  return (
    headTied(comparison, index) ??
    otherParameter(comparison, index) ??
    inMatrix(comparison, index, totals)
  );
}

/** Elements that are not finite on either side, and alike. */
const bothSpecial = ({ count, finite, unlike }: Totals): number => count - finite - unlike;

function inMatrix(comparison: Comparison, index: number, totals: Totals): Fault | undefined {
  const both = bothSides(comparison, index);
  const before = closeness(both.a, both.b);
  const heads = headsOf(comparison, both);
  return (
    scaleFault(both) ??
    transposedFault(both, before) ??
    (heads && ropeFault(both, heads, before)) ??
    (heads && headFault(both, heads, before)) ??
    shiftFault(both, before) ??
    truncated(totals) ??
    regionFault(both)
  );
}

function bothSides(comparison: Comparison, index: number): BothSides {
  const { left, right } = comparison.elements(index);
  const { name, left: operand } = comparison.pairs[index]!;
  const shape = operand!.shape.filter(d => d !== 1);
  const columns = shape.length < 2 ? 1 : shape.at(-1)!;
  const all = sizeOf(shape) / columns;
  const rows = Math.min(all, Math.max(1, Math.floor(MOST_ELEMENTS / columns)));
  const floats = (side: Elements) => readFloats(side, 0, rows * columns);
  return { name, rows, columns, isWhole: rows === all, a: floats(left), b: floats(right) };
}

export function readFloats(side: Elements, from: number, n: number): Float32Array {
  const floats = new Float32Array(n);
  const bytes = new Uint8Array(BLOCK * 8);
  const element = elementReader(side.dtype, bytes);
  for (let at = 0; at < n; at += BLOCK) {
    const size = Math.min(BLOCK, n - at);
    side.read(bytes, from + at, size);
    for (let i = 0; i < size; i++) floats[at + i] = element(i);
  }
  return floats;
}

/** All elements that differ in the coarser format: few. */
function oddElements(comparison: Comparison, index: number): OddElement[] {
  const { left, right } = comparison.elements(index);
  const format = comparison.formatOf(index);
  const shape = comparison.pairs[index]!.left!.shape;
  const [a, b] = [new Uint8Array(BLOCK * 8), new Uint8Array(BLOCK * 8)];
  const [first, second] = [elementReader(left.dtype, a), elementReader(right.dtype, b)];
  const width = left.dtype === right.dtype ? dtypeBytes[left.dtype] : undefined;
  const found: OddElement[] = [];
  for (let at = 0; at < left.count; at += BLOCK) {
    const n = Math.min(BLOCK, left.count - at);
    left.read(a, at, n);
    right.read(b, at, n);
    for (let i = 0; i < n; i++) {
      const [x, y] = [first(i), second(i)];
      const bits =
        width === undefined ? undefined : ([bitsAt(a, i, width), bitsAt(b, i, width)] as const);
      const isSame = bits ? bits[0] === bits[1] : Object.is(x, y) || distanceOf(x, y, format) === 0;
      if (isSame) continue;
      found.push({ index: indexOf(at + i, shape), left: x, right: y, ...(bits && { bits }) });
      if (found.length > FEW) return found;
    }
  }
  return found;
}

function bitsAt(bytes: Uint8Array, i: number, width: number): bigint {
  let bits = 0n;
  for (let k = width - 1; k >= 0; k--) bits = (bits << 8n) | BigInt(bytes[i * width + k]!);
  return bits;
}

/** An element's number as indices. */
export function indexOf(element: number, shape: readonly number[]): number[] {
  const indices: number[] = [];
  let rest = element;
  for (const size of [...shape].reverse()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return indices;
}

function notFinite(comparison: Comparison, index: number, totals: Totals): Fault {
  const { nanLeft, nanRight, infLeft, infRight, unlike } = totals;
  const shape = comparison.pairs[index]!.left!.shape;
  const first = totals.differing[0];
  const where = first === undefined ? '' : `, first at [${indexOf(first, shape).join(', ')}]`;
  const side = nanRight + infRight >= nanLeft + infLeft ? 'right' : 'left';
  const [nan, inf] = side === 'right' ? [nanRight, infRight] : [nanLeft, infLeft];
  const what = [nan > 0 ? `${nan} NaN` : '', inf > 0 ? `${inf} infinite` : ''].filter(Boolean);
  return {
    kind: 'not-finite',
    message: `${unlike} values are not finite on one side: the ${side} has ${what.join(' and ')}${where}`,
  };
}

/** All of the right is what the left is when its last bits are cut off. */
function truncated(totals: Totals): Fault | undefined {
  const m = metricsOf(totals);
  if (!(m.ulpMax <= 1 && m.equalAs < 99)) return undefined;
  const share = Number((100 - m.equalAs).toPrecision(3));
  return {
    kind: 'truncated',
    message: `${share} % of the elements are one unit of the last place off: cut off where the left would be rounded to the nearest, or rounded twice`,
  };
}

/** A head that is tied on one side and not on the other. */
function headTied(comparison: Comparison, index: number): Fault | undefined {
  const pair = comparison.pairs[index]!;
  const { pairs } = comparison;
  const { left, right } = pair;
  if (pair.by === 'tied' && left && right) {
    const own = isHead(right.tensor) && !isHead(left.tensor) ? 'right' : 'left';
    const operand = own === 'right' ? right : left;
    return {
      kind: 'untied-head',
      message: `the head is untied: ${operand.tensor} of the ${own} is not the embedding any more, to which the ${own === 'right' ? 'left' : 'right'} ties it`,
    };
  }
  if (!isHead(pair.name)) return undefined;
  const embedding = pairs.findIndex(({ name, state }) => state === 'pair' && isEmbedding(name));
  if (embedding < 0) return undefined;
  const isTied = (side: 'left' | 'right') => {
    const head = comparison.elements(index)[side];
    const sample = samplesOf(head);
    const other = comparison.elements(embedding)[side];
    return other.count === head.count && isSame(sample, samplesOf(other));
  };
  const [first, second] = [isTied('left'), isTied('right')];
  if (first === second) return undefined;
  return {
    kind: 'untied-head',
    message: first
      ? `the head is untied: on the left it is the embedding, on the right it is not`
      : `the head is tied on the right: it is the embedding there, and is not on the left`,
  };
}

const SAMPLE = 256;

/** From four places. */
function samplesOf(side: Elements): Float32Array {
  const n = Math.min(SAMPLE, side.count);
  const parts = [0, 1, 2, 3].map(k => Math.floor(((side.count - n) * k) / 3));
  const all = new Float32Array(4 * n);
  parts.forEach((from, k) => all.set(readFloats(side, from, n), k * n));
  return all;
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  let [distance, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    distance += (a[i]! - b[i]!) ** 2;
    size += a[i]! ** 2;
  }
  return size > 0 && isClose([distance, size]);
}

const MOST_OTHERS = 4096;

/** The right holds what is another parameter on the left: exchanged with it, or copied from it. */
function otherParameter(comparison: Comparison, index: number): Fault | undefined {
  const { pairs } = comparison;
  const pair = pairs[index]!;
  const own = comparison.elements(index);
  const [mine, held] = [samplesOf(own.left), samplesOf(own.right)];
  if (isSame(mine, held)) return undefined;
  const shape = pair.left!.shape.join();
  const others = [...pairs.keys()]
    .filter(
      i => i !== index && comparison.isComparable(i) && pairs[i]!.left!.shape.join() === shape,
    )
    .sort((i, j) => distanceTo(pair.name, pairs[i]!.name) - distanceTo(pair.name, pairs[j]!.name))
    .slice(0, MOST_OTHERS);
  for (const i of others) {
    const other = comparison.elements(i);
    if (!isSame(samplesOf(other.left), held)) continue;
    const { name } = pairs[i]!;
    if (isEmbedding(name) && isHead(pair.name)) continue;
    const [first, second] = [shortName(pair.name), shortName(name, pair.name)];
    if (isSame(mine, samplesOf(other.right)))
      return {
        kind: 'exchanged',
        message: `${first} and ${second} are exchanged`,
        repair: 'Compared with each other',
        repaired: closeness(mine, samplesOf(other.right)),
        other: name,
      };
    return {
      kind: 'copied',
      message: `the right holds ${second} of the left`,
      repair: 'Compared with it',
      repaired: closeness(samplesOf(other.left), held),
      other: name,
    };
  }
  return undefined;
}

/** Those of the same layer first. */
const distanceTo = (name: string, other: string): number =>
  numbersIn(name) === numbersIn(other) ? 0 : nameKey(name) === nameKey(other) ? 1 : 2;

/** "K" and "V" for keys and values, as people say it. */
function shortName(name: string, beside = name): string {
  if (numbersIn(name) !== numbersIn(beside)) return name;
  const kind = /([qkv])_proj\.(weight|bias)$/.exec(nameKey(name));
  return kind ? `${kind[1]!.toUpperCase()} (${name})` : name;
}

/** How heads lie in a parameter; undefined where there are none. */
function headsOf({ left, right }: Comparison, both: BothSides): Heads | undefined {
  const kind = headKind(both.name);
  if (!kind) return undefined;
  const length = kind === 'across' ? both.columns : both.rows;
  const sizes = knownHeadSize(left.shape ?? right.shape) ?? likelySizes(length);
  return {
    sizes: sizes.filter(size => length % size === 0),
    across: kind === 'across',
    word: kind === 'kv' ? 'kv head' : 'head',
  };
}

function headKind(name: string): 'q' | 'kv' | 'across' | undefined {
  const key = nameKey(name);
  if (/attn.*\b(o_proj|c_proj|proj|dense)\.weight$/.test(key)) return 'across';
  if (/\b[kv]_proj\./.test(key)) return 'kv';
  return /\b(q_proj|qkv\w*|c_attn|query\w*)\b/.test(key) ? 'q' : undefined;
}

function knownHeadSize(shape: BaseShape | undefined): number[] | undefined {
  if (!shape) return undefined;
  if (isSlm(shape) || shape.family === 'gpt2') return [shape.n_embed / shape.n_head];
  return [shape.head_size];
}

const likelySizes = (length: number): number[] =>
  [128, 64, 96, 80, 256, 32, 48, 16, 8, 4].filter(size => length % size === 0 && size <= length);
