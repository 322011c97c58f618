/**
 * The loops of the comparison as WebAssembly text, for each pair of element types: four elements a
 * round, sums in double precision. What they leave in memory is read by `LoopKernel`.
 *
 * What two sides come to takes three loops over a block that stays in the processor's cache, because
 * the numbers that one of them keeps fit into registers, and those of all three do not.
 */

/** Element types that the loops read. */
export type FloatDtype = 'float32' | 'bfloat16' | 'float16';

/** Bytes of the loops' memory. */
export const AT = {
  /** float64: what both sides are shifted by before they are summed; then the same as float32. */
  shift: 0,
  shift32: 8,
  /** float32: the least |right| for a relative difference. */
  floor32: 12,
  /** float32 each: relative tolerances. */
  tolerances: 16,
  /** Two float64 each, to be added: Σa, Σb, Σa², Σb², Σab, Σ(a−b)², a and b shifted. */
  sums: 32,
  /** Four float32 each: max |a−b|, max |a−b|/|b|, then max |a−b| − tolerance·|b| for each. */
  maxima: 128,
  /** Four int32: elements of equal bits. */
  equal: 208,
  /** Four uint32: largest distance in units of the last place. */
  farthest: 224,
  /** float64: the least |right| for a relative difference; a difference and a relative one. */
  floor: 256,
  largest: 264,
  /** float32 each: no larger difference is less than the first as float32, or than the second times |right|. */
  largest32: 280,
  /** int32 each: byte of the left side where one of a round's four elements was found. */
  found: 1024,
  /** Two times BINS uint32: how often each distance was seen, a set of bins for every other lane. */
  bins: 34816,
  left: 65536,
  right: 262144,
} as const;

export const BLOCK = 32768;
export const PAGES = 6;
/** Up to 2^32. */
export const BINS = 2 + 32 * 64;
const BIN_BYTES = BINS * 4;

const get = (name: string) => `(local.get $${name})`;
const set = (name: string, value: string) => `(local.set $${name} ${value})`;
const int = (n: number) => `(i32.const ${n})`;
const splat = (n: number) => `(i32x4.splat ${int(n)})`;
const op = (name: string, ...parts: string[]) => `(${name} ${parts.join(' ')})`;

/** What loops compare with all the time: in locals, because it would be made anew in each round. */
const CONSTANTS = {
  magnitude: 0x7fffffff,
  largest: 0x7f7fffff,
  one: 1,
  half16: 0x7fff,
  half13: 0xfff,
  sign16: 0x8000,
  infinite16: 0x7bff,
  exponent: 0x7f800000,
  scale112: 0x77800000, // 2^112
  scale24: 0x4b800000, // 2^24
  bias16: 112 << 10,
  most16: 0x7c00,
  normal16: 0x387fffff,
} as const;
type Constant = keyof typeof CONSTANTS;
const constant = (name: Constant) => get(`c_${name}`);

const bytesOf = (dtype: FloatDtype): number => (dtype === 'float32' ? 4 : 2);

/** One side of a block: where its elements lie, and the local that counts its bytes. */
interface Stream {
  readonly dtype: FloatDtype;
  readonly base: number;
  readonly at: string;
}

const leftOf = (dtype: FloatDtype): Stream => ({ dtype, base: AT.left, at: 'l' });
/** Counts along with the left where both are of one width. */
const rightOf = (dtype: FloatDtype, left: FloatDtype): Stream => ({
  dtype,
  base: AT.right,
  at: bytesOf(dtype) === bytesOf(left) ? 'l' : 'r',
});

const halves = ({ base, at }: Stream) => op(`v128.load16x4_u offset=${base}`, get(at));
const signAt31 = (h: string) => op('i32x4.shl', op('v128.and', h, constant('sign16')), int(16));

/** Sets a local to four elements as float32. */
const load: Readonly<Record<FloatDtype, (name: string, stream: Stream) => string>> = {
  float32: (name, { base, at }) => set(name, op(`v128.load offset=${base}`, get(at))),
  bfloat16: (name, stream) => set(name, op('i32x4.shl', halves(stream), int(16))),
  // exponents become float32's by a multiplication, which is exact also for subnormal numbers
  float16: (name, stream) => `
    ${set('h', halves(stream))}
    ${set('x', op('v128.and', get('h'), constant('half16')))}
    ${set(name, op('f32x4.mul', op('i32x4.shl', get('x'), int(13)), constant('scale112')))}
    ${set(name, op('v128.or', get(name), op('v128.and', op('i32x4.gt_s', get('x'), constant('infinite16')), constant('exponent'))))}
    ${set(name, op('v128.or', get(name), signAt31(get('h'))))}`,
};

const magnitude = (x: string) => op('v128.and', x, constant('magnitude'));
const lowestKept = (x: string, shift: number) =>
  op('v128.and', op('i32x4.shr_u', x, int(shift)), constant('one'));
/** To the nearest, ties to even, of bits whose sign is cleared. */
const rounded = (x: string, shift: 16 | 13) =>
  op(
    'i32x4.shr_u',
    op(
      'i32x4.add',
      op('i32x4.add', x, constant(shift === 16 ? 'half16' : 'half13')),
      lowestKept(x, shift),
    ),
    int(shift),
  );

/** The place of a float32 among all numbers of the format, without its sign. */
const place: Readonly<Record<FloatDtype, (x: string) => string>> = {
  float32: magnitude,
  bfloat16: x => rounded(magnitude(x), 16),
  float16: x =>
    op(
      'v128.bitselect',
      op(
        'i32x4.min_s',
        op('i32x4.sub', rounded(magnitude(x), 13), constant('bias16')),
        constant('most16'),
      ),
      op(
        'i32x4.trunc_sat_f32x4_s',
        op('f32x4.nearest', op('f32x4.mul', magnitude(x), constant('scale24'))),
      ),
      op('i32x4.gt_s', magnitude(x), constant('normal16')),
    ),
};

/** Sets a local to places; negative numbers count downwards, and both zeros are one. */
const loadPlace = (name: string, stream: Stream, format: FloatDtype): string => {
  const signed = (sign: string, unsigned: string) => `
    ${set('h', sign)}
    ${set(name, op('i32x4.sub', op('v128.xor', unsigned, get('h')), get('h')))}`;
  // numbers of the format itself are their places
  if (stream.dtype === format && format !== 'float32')
    return `${set('x', halves(stream))}
      ${signed(
        op('i32x4.shr_s', op('i32x4.shl', get('x'), int(16)), int(31)),
        op('v128.and', get('x'), constant('half16')),
      )}`;
  return `${load[stream.dtype]('b', stream)}
    ${signed(op('i32x4.shr_s', get('b'), int(31)), place[format](get('b')))}`;
};

const isSpecial = (x: string) => op('i32x4.gt_s', magnitude(x), constant('largest'));

const storeRound = `
      (i32.store offset=${AT.found} (i32.shl ${get('found')} ${int(2)}) ${get('l')})
      ${set('found', op('i32.add', get('found'), int(1)))}`;

/**
 * Lanes of which one side is not finite become the shift, which adds nothing to any sum.
 * @param suspect not finite where one side is not
 */
const setSpecialAside = (sides: readonly string[], suspect: string): string => `
    (if ${op('i32x4.bitmask', isSpecial(suspect))} (then
      ${storeRound}
      ${set(
        'h',
        sides.map(x => isSpecial(get(x))).reduce((a, b) => op('v128.or', a, b)),
      )}
      ${sides.map(x => set(x, op('v128.bitselect', get('shift32'), get(x), get('h')))).join('\n')}
    ))`;

const HIGH = '8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15';
type Half = 'low' | 'high';
const wide = (x: string, part: Half) =>
  op(
    'f64x2.promote_low_f32x4',
    part === 'low' ? get(x) : op('i8x16.shuffle', get(x), get(x), HIGH),
  );
const addTo = (sum: string, value: string) => set(sum, op('f64x2.add', get(sum), value));
const product = (a: string, b: string) => op('f64x2.mul', get(a), get(b));

const sumsOfBoth = (part: Half): string => `
    ${set('p', op('f64x2.sub', wide('a', part), get('shift')))}
    ${set('q', op('f64x2.sub', wide('b', part), get('shift')))}
    ${addTo('sa', get('p'))}
    ${addTo('sb', get('q'))}
    ${addTo('saa', product('p', 'p'))}
    ${addTo('sbb', product('q', 'q'))}
    ${addTo('sab', product('p', 'q'))}
    ${set('p', op('f64x2.sub', get('p'), get('q')))}
    ${addTo('sdd', product('p', 'p'))}`;

const sumsOfOne = (part: Half): string => `
    ${set('p', op('f64x2.sub', wide('a', part), get('shift')))}
    ${addTo('sa', get('p'))}
    ${addTo('saa', product('p', 'p'))}`;

const SUMS = ['sa', 'sb', 'saa', 'sbb', 'sab', 'sdd'];
const MAXIMA = ['most', 'rel', 'over0', 'over1', 'over2'];

/** Of the bits of a distance as float32 these are kept: the exponent and six of the fraction. */
const KEPT = 17;
const FIRST = 127 << 6;
/** In bytes; distances below 1 have the bin before the first. */
const BEFORE_FIRST = 4 * (FIRST - 1);

/** Of a distance as float32, in bytes, the address of its bin: 0 alone, 64 to a doubling. */
const binAddress = (distance: string) =>
  op(
    'i32x4.max_s',
    op('v128.and', op('i32x4.shr_u', distance, int(KEPT - 2)), get('words')),
    get('first'),
  );

const countInBin = (lane: number) => {
  const offset = AT.bins + (lane % 2) * BIN_BYTES - BEFORE_FIRST;
  return `
      ${set('u', op('i32x4.extract_lane', get('h'), String(lane)))}
      (i32.store offset=${offset} ${get('u')}
        (i32.add (i32.load offset=${offset} ${get('u')}) ${int(1)}))`;
};

const word = new DataView(new ArrayBuffer(4));

/** Bin of a distance, as the loop has it. */
export function binOf(distance: number): number {
  if (distance < 1) return 0;
  word.setFloat32(0, distance);
  return Math.min(BINS - 1, (word.getUint32(0) >>> KEPT) - FIRST + 1);
}

/** The least distance that is in a bin. */
export function leastOf(bin: number): number {
  if (bin === 0) return 0;
  word.setUint32(0, (bin - 1 + FIRST) << KEPT);
  return Math.ceil(word.getFloat32(0));
}

const vectors = (...names: string[]) => names.map(name => `(local $${name} v128)`).join(' ');

const readShift = `
  ${set('shift', `(v128.load64_splat offset=${AT.shift} ${int(0)})`)}
  ${set('shift32', `(v128.load32_splat offset=${AT.shift32} ${int(0)})`)}`;

const storeAt = (at: number, name: string) => `(v128.store offset=${at} ${int(0)} ${get(name)})`;

interface LoopText {
  readonly name: string;
  readonly streams: readonly Stream[];
  readonly locals: readonly string[];
  readonly before: string;
  readonly round: string;
  readonly after: string;
}

/** `name(n)`: n > 0 is a multiple of 4. @returns what `found` counted */
function loopText({ name, streams, locals, before, round, after }: LoopText): string {
  const counters = new Map(streams.map(({ at, dtype }) => [at, 4 * bytesOf(dtype)]));
  const first = streams[0]!.dtype;
  const steps = [...counters].map(([at, bytes]) => set(at, op('i32.add', get(at), int(bytes))));
  const used = (Object.keys(CONSTANTS) as Constant[]).filter(c => round.includes(constant(c)));
  return `
(func ${name} (param $n i32) (result i32)
  (local $l i32) (local $r i32) (local $end i32) (local $found i32) (local $u i32)
  ${vectors('a', 'b', 'h', 'x', 'p', 'q', ...locals, ...used.map(c => `c_${c}`))}
  ${used.map(c => set(`c_${c}`, splat(CONSTANTS[c]))).join('\n')}
  ${set('end', op('i32.shl', get('n'), int(Math.log2(bytesOf(first)))))}
  ${before}
  (loop $next
    ${round}
    ${steps.join('\n')}
    (br_if $next (i32.lt_u ${get('l')} ${get('end')})))
  ${after}
  ${get('found')})`;
}

/** Leaves sums of what is finite on both sides, and where something may not be. @returns how many rounds */
export function sumsText(left: FloatDtype, right: FloatDtype): string {
  const streams = [leftOf(left), rightOf(right, left)];
  return loopText({
    name: 'sums',
    streams,
    locals: ['shift', 'shift32', ...SUMS],
    before: readShift,
    round: `
    ${load[left]('a', streams[0]!)}
    ${load[right]('b', streams[1]!)}
    ${set('p', op('f32x4.sub', get('a'), get('b')))}
    ${setSpecialAside(['a', 'b'], get('p'))}
    ${sumsOfBoth('low')}
    ${sumsOfBoth('high')}`,
    after: SUMS.map((name, k) => storeAt(AT.sums + 16 * k, name)).join('\n'),
  });
}

/** Leaves the largest differences and how many elements are equal. All are finite. */
export function maximaText(left: FloatDtype, right: FloatDtype): string {
  const streams = [leftOf(left), rightOf(right, left)];
  const tolerance = (k: number) => `(v128.load32_splat offset=${AT.tolerances + 4 * k} ${int(0)})`;
  return loopText({
    name: 'maxima',
    streams,
    locals: ['floor', 't0', 't1', 't2', 'equal', ...MAXIMA],
    before: `
  ${set('floor', `(v128.load32_splat offset=${AT.floor32} ${int(0)})`)}
  ${[0, 1, 2].map(k => set(`t${k}`, tolerance(k))).join('\n')}`,
    round: `
    ${load[left]('a', streams[0]!)}
    ${load[right]('b', streams[1]!)}
    ${set('equal', op('i32x4.sub', get('equal'), op('i32x4.eq', get('a'), get('b'))))}
    ${set('p', magnitude(op('f32x4.sub', get('a'), get('b'))))}
    ${set('q', magnitude(get('b')))}
    ${set('most', op('f32x4.pmax', get('most'), get('p')))}
    ${set('rel', op('f32x4.pmax', get('rel'), op('v128.and', op('f32x4.div', get('p'), get('q')), op('f32x4.gt', get('q'), get('floor')))))}
    ${[0, 1, 2].map(k => set(`over${k}`, op('f32x4.pmax', get(`over${k}`), op('f32x4.sub', get('p'), op('f32x4.mul', get(`t${k}`), get('q')))))).join('\n')}`,
    after: `
  ${MAXIMA.map((name, k) => storeAt(AT.maxima + 16 * k, name)).join('\n')}
  ${storeAt(AT.equal, 'equal')}`,
  });
}

/**
 * Leaves where a difference is larger than the largest, or a relative one; what cannot be is told in
 * float32. All are finite. @returns how many rounds
 */
export function largerText(left: FloatDtype, right: FloatDtype): string {
  const streams = [leftOf(left), rightOf(right, left)];
  const single = (at: number) => `(v128.load32_splat offset=${at} ${int(0)})`;
  const double = (at: number) => `(v128.load64_splat offset=${at} ${int(0)})`;
  const findLarger = (part: Half): string => `
      ${set('q', wide('b', part))}
      ${set('p', op('f64x2.abs', op('f64x2.sub', wide('a', part), get('q'))))}
      ${set('q', op('f64x2.abs', get('q')))}
      ${set('h', op('v128.or', get('h'), op('f64x2.gt', get('p'), double(AT.largest))))}
      ${set('x', op('f64x2.gt', op('f64x2.div', get('p'), get('q')), double(AT.largest + 8)))}
      ${set('h', op('v128.or', get('h'), op('v128.and', get('x'), op('f64x2.gt', get('q'), double(AT.floor)))))}`;
  return loopText({
    name: 'larger',
    streams,
    locals: ['most', 'rel', 'floor'],
    before: `
  ${set('most', single(AT.largest32))}
  ${set('rel', single(AT.largest32 + 4))}
  ${set('floor', single(AT.floor32))}`,
    round: `
    ${load[left]('a', streams[0]!)}
    ${load[right]('b', streams[1]!)}
    ${set('p', magnitude(op('f32x4.sub', get('a'), get('b'))))}
    ${set('q', magnitude(get('b')))}
    ${set('x', op('v128.and', op('f32x4.ge', get('p'), op('f32x4.mul', get('rel'), get('q'))), op('f32x4.gt', get('q'), get('floor'))))}
    (if (v128.any_true ${op('v128.or', get('x'), op('f32x4.ge', get('p'), get('most')))}) (then
      ${set('h', splat(0))}
      ${findLarger('low')}
      ${findLarger('high')}
      (if (v128.any_true ${get('h')}) (then ${storeRound}))
    ))`,
    after: '',
  });
}

/** Leaves how often each distance was seen, and the farthest. @returns how many are 0 and in no bin */
export function distancesText(left: FloatDtype, right: FloatDtype, format: FloatDtype): string {
  const streams = [leftOf(left), rightOf(right, left)];
  return loopText({
    name: 'distances',
    streams,
    locals: ['ulp', 'farthest', 'words', 'first'],
    before: `${set('words', splat(-4))} ${set('first', splat(BEFORE_FIRST))}`,
    round: `
    ${loadPlace('p', streams[0]!, format)}
    ${loadPlace('q', streams[1]!, format)}
    ${set('ulp', op('i32x4.sub', op('i32x4.max_s', get('p'), get('q')), op('i32x4.min_s', get('p'), get('q'))))}
    (if (v128.any_true ${get('ulp')})
      (then
        ${set('farthest', op('i32x4.max_u', get('farthest'), get('ulp')))}
        (if (i32x4.bitmask ${get('ulp')})
          (then ${set('h', op('f32x4.convert_i32x4_u', get('ulp')))})
          (else ${set('h', op('f32x4.convert_i32x4_s', get('ulp')))}))
        ${set('h', binAddress(get('h')))}
        ${[0, 1, 2, 3].map(countInBin).join('\n')})
      (else ${set('found', op('i32.add', get('found'), int(4)))}))`,
    after: storeAt(AT.farthest, 'farthest'),
  });
}

/** Leaves the sums of the left side alone, for where both sides are the same bytes. @returns as `sums` */
export const momentsText = (dtype: FloatDtype): string =>
  loopText({
    name: 'moments',
    streams: [leftOf(dtype)],
    locals: ['shift', 'shift32', 'sa', 'saa'],
    before: readShift,
    round: `
    ${load[dtype]('a', leftOf(dtype))}
    ${setSpecialAside(['a'], get('a'))}
    ${sumsOfOne('low')}
    ${sumsOfOne('high')}`,
    after: `${storeAt(AT.sums, 'sa')} ${storeAt(AT.sums + 32, 'saa')}`,
  });
