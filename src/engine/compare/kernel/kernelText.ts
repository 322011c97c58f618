/**
 * The two loops of the comparison as WebAssembly text, for each pair of element types: four elements
 * a round, sums in double precision. What they leave in memory is read by `blockKernel`.
 */

/** Element types that the loops read. */
export type FloatDtype = 'float32' | 'bfloat16' | 'float16';

/** Bytes of the loops' memory. */
export const AT = {
  /** float64: what both sides are shifted by before they are summed; then the same as float32. */
  shift: 0,
  shift32: 8,
  /** float32: the least |right| for a relative difference. */
  floor: 12,
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
  /** int32: elements of distance 0 that are not in the bins. */
  zeros: 240,
  /** Two times BINS uint32: how often each distance was seen, a set of bins for every other lane. */
  bins: 1024,
  /** int32 each: where of a round's four elements one is not finite. */
  special: 18432,
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
const splat = (n: number) => `(i32x4.splat (i32.const ${n}))`;
const op = (name: string, ...parts: string[]) => `(${name} ${parts.join(' ')})`;

/** Four elements as float32. */
const load: Readonly<Record<FloatDtype, (address: string) => string>> = {
  float32: address => op('v128.load', address),
  bfloat16: address => op('i32x4.shl', op('v128.load16x4_u', address), '(i32.const 16)'),
  // exponents become float32's by a multiplication, which is exact also for subnormal numbers
  float16: address => `${set('h', op('v128.load16x4_u', address))}
    ${set(
      'x',
      op(
        'f32x4.mul',
        op('i32x4.shl', op('v128.and', get('h'), splat(0x7fff)), '(i32.const 13)'),
        splat(0x77800000), // 2^112
      ),
    )}
    ${set(
      'x',
      op(
        'v128.or',
        get('x'),
        op(
          'v128.and',
          op('i32x4.gt_s', op('v128.and', get('h'), splat(0x7fff)), splat(0x7bff)),
          splat(0x7f800000),
        ),
      ),
    )}
    ${set(
      'x',
      op(
        'v128.or',
        get('x'),
        op('i32x4.shl', op('v128.and', get('h'), splat(0x8000)), '(i32.const 16)'),
      ),
    )}`,
};

const loadInto = (name: string, dtype: FloatDtype, address: string): string =>
  dtype === 'float16'
    ? `${load.float16(address)} ${set(name, get('x'))}`
    : set(name, load[dtype](address));

const magnitude = (x: string) => op('v128.and', get(x), splat(0x7fffffff));
const lowestKept = (x: string, shift: number) =>
  op('v128.and', op('i32x4.shr_u', x, `(i32.const ${shift})`), splat(1));
/** To the nearest, ties to even, of bits whose sign is cleared. */
const rounded = (x: string, shift: number) =>
  op(
    'i32x4.shr_u',
    op('i32x4.add', op('i32x4.add', x, splat(2 ** (shift - 1) - 1)), lowestKept(x, shift)),
    `(i32.const ${shift})`,
  );

/** The number's place among all numbers of the format, without its sign. */
const place: Readonly<Record<FloatDtype, (x: string) => string>> = {
  float32: magnitude,
  bfloat16: x => rounded(magnitude(x), 16),
  float16: x =>
    op(
      'v128.bitselect',
      op(
        'i32x4.min_s',
        op('i32x4.sub', rounded(magnitude(x), 13), splat(112 << 10)),
        splat(0x7c00),
      ),
      op(
        'i32x4.trunc_sat_f32x4_s',
        op('f32x4.nearest', op('f32x4.mul', op('f32x4.abs', get(x)), splat(0x4b800000))), // 2^24
      ),
      op('i32x4.gt_s', magnitude(x), splat(0x387fffff)),
    ),
};

/** Negative numbers count downwards, and both zeros are one. */
const signedPlace = (name: string, x: string, format: FloatDtype): string => `
    ${set('h', op('i32x4.shr_s', get(x), '(i32.const 31)'))}
    ${set(name, op('i32x4.sub', op('v128.xor', place[format](x), get('h')), get('h')))}`;

const isSpecial = (x: string) =>
  op('i32x4.gt_s', op('v128.and', get(x), splat(0x7fffffff)), splat(0x7f7fffff));

/** Lanes of which one side is not finite become the shift, which adds nothing to any sum. */
const setSpecialAside = (sides: readonly string[]): string => `
    ${set(
      'h',
      sides.map(isSpecial).reduce((a, b) => op('v128.or', a, b)),
    )}
    (if (v128.any_true ${get('h')}) (then
      (i32.store offset=${AT.special}
        (i32.shl ${get('specials')} (i32.const 2)) ${get('i')})
      ${set('specials', op('i32.add', get('specials'), '(i32.const 1)'))}
      ${sides.map(x => set(x, op('v128.bitselect', get('shift32'), get(x), get('h')))).join('\n')}
    ))`;

const half = {
  low: '0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15',
  high: '8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15',
};
const wide = (x: string, part: keyof typeof half) =>
  op(
    'f64x2.promote_low_f32x4',
    part === 'low' ? get(x) : op('i8x16.shuffle', get(x), get(x), half.high),
  );
const addTo = (sum: string, value: string) => set(sum, op('f64x2.add', get(sum), value));
const product = (a: string, b: string) => op('f64x2.mul', get(a), get(b));

const sumsOfBoth = (part: keyof typeof half): string => `
    ${set('p', op('f64x2.sub', wide('a', part), get('shift')))}
    ${set('q', op('f64x2.sub', wide('b', part), get('shift')))}
    ${addTo('sa', get('p'))}
    ${addTo('sb', get('q'))}
    ${addTo('saa', product('p', 'p'))}
    ${addTo('sbb', product('q', 'q'))}
    ${addTo('sab', product('p', 'q'))}
    ${set('p', op('f64x2.sub', get('p'), get('q')))}
    ${addTo('sdd', product('p', 'p'))}`;

const sumsOfOne = (part: keyof typeof half): string => `
    ${set('p', op('f64x2.sub', wide('a', part), get('shift')))}
    ${addTo('sa', get('p'))}
    ${addTo('saa', product('p', 'p'))}`;

const SUMS = ['sa', 'sb', 'saa', 'sbb', 'sab', 'sdd'];
const MAXIMA = ['most', 'rel', 'over0', 'over1', 'over2'];

const lane = (i: number) => `
      ${set('u', op('i32.shl', op('i32x4.extract_lane', get('h'), String(i)), '(i32.const 2)'))}
      (i32.store offset=${AT.bins + (i % 2) * BIN_BYTES} ${get('u')}
        (i32.add (i32.load offset=${AT.bins + (i % 2) * BIN_BYTES} ${get('u')}) (i32.const 1)))`;

/** Of the bits of a distance as float32 these are kept: the exponent and six of the fraction. */
const KEPT = 17;
const FIRST = 127 << 6;

/** In its place among the bins: 0 alone, each up to 127, then 64 to a doubling. */
const bins = op(
  'i32x4.add',
  op(
    'i32x4.max_s',
    op(
      'i32x4.sub',
      op('i32x4.shr_u', op('f32x4.convert_i32x4_u', get('ulp')), `(i32.const ${KEPT})`),
      splat(FIRST),
    ),
    splat(-1),
  ),
  splat(1),
);

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

const bytesOf = (dtype: FloatDtype): number => (dtype === 'float32' ? 4 : 2);

const address = (base: number, dtype: FloatDtype) =>
  op(
    'i32.add',
    `(i32.const ${base})`,
    op('i32.shl', get('i'), `(i32.const ${Math.log2(bytesOf(dtype))})`),
  );

const vectors = (...names: string[]) => names.map(name => `(local $${name} v128)`).join(' ');

const loop = (body: string): string => `
  (block $done (loop $next
    (br_if $done (i32.ge_u ${get('i')} ${get('n')}))
    ${body}
    ${set('i', op('i32.add', get('i'), '(i32.const 4)'))}
    (br $next)))`;

const readShift = `
  ${set('shift', `(v128.load64_splat offset=${AT.shift} (i32.const 0))`)}
  ${set('shift32', `(v128.load32_splat offset=${AT.shift32} (i32.const 0))`)}`;

const storeAt = (at: number, name: string) =>
  `(v128.store offset=${at} (i32.const 0) ${get(name)})`;

/** `compare(n)`: n is a multiple of 4. @returns how many rounds have something special */
export const compareText = (left: FloatDtype, right: FloatDtype, format: FloatDtype): string => `
(func compare (param $n i32) (result i32)
  (local $i i32) (local $specials i32) (local $zeros i32) (local $u i32)
  ${vectors('a', 'b', 'd', 'h', 'x', 'p', 'q', 'ulp', 'shift', 'shift32', 'floor', 'equal', 'farthest')}
  ${vectors('t0', 't1', 't2', ...SUMS, ...MAXIMA)}
  ${readShift}
  ${set('floor', `(v128.load32_splat offset=${AT.floor} (i32.const 0))`)}
  ${[0, 1, 2].map(k => set(`t${k}`, `(v128.load32_splat offset=${AT.tolerances + 4 * k} (i32.const 0))`)).join('\n')}
  ${loop(`
    ${loadInto('a', left, address(AT.left, left))}
    ${loadInto('b', right, address(AT.right, right))}
    ${setSpecialAside(['a', 'b'])}
    ${sumsOfBoth('low')}
    ${sumsOfBoth('high')}
    ${set('equal', op('i32x4.sub', get('equal'), op('i32x4.eq', get('a'), get('b'))))}
    ${set('d', op('f32x4.abs', op('f32x4.sub', get('a'), get('b'))))}
    ${signedPlace('p', 'a', format)}
    ${signedPlace('q', 'b', format)}
    ${set('ulp', op('i32x4.sub', op('i32x4.max_s', get('p'), get('q')), op('i32x4.min_s', get('p'), get('q'))))}
    ${set('h', op('f32x4.abs', get('b')))}
    ${set('most', op('f32x4.pmax', get('most'), get('d')))}
    ${set('rel', op('f32x4.pmax', get('rel'), op('v128.and', op('f32x4.div', get('d'), get('h')), op('f32x4.gt', get('h'), get('floor')))))}
    ${[0, 1, 2].map(k => set(`over${k}`, op('f32x4.pmax', get(`over${k}`), op('f32x4.sub', get('d'), op('f32x4.mul', get(`t${k}`), get('h')))))).join('\n')}
    (if (v128.any_true ${get('ulp')})
      (then
        ${set('farthest', op('i32x4.max_u', get('farthest'), get('ulp')))}
        ${set('h', bins)}
        ${[0, 1, 2, 3].map(lane).join('\n')})
      (else ${set('zeros', op('i32.add', get('zeros'), '(i32.const 4)'))}))`)}
  ${SUMS.map((name, k) => storeAt(AT.sums + 16 * k, name)).join('\n')}
  ${MAXIMA.map((name, k) => storeAt(AT.maxima + 16 * k, name)).join('\n')}
  ${storeAt(AT.equal, 'equal')}
  ${storeAt(AT.farthest, 'farthest')}
  (i32.store offset=${AT.zeros} (i32.const 0) ${get('zeros')})
  ${get('specials')})`;

/** `moments(n)`: the sums of the left side alone, for where both sides are the same bytes. */
export const momentsText = (dtype: FloatDtype): string => `
(func moments (param $n i32) (result i32)
  (local $i i32) (local $specials i32)
  ${vectors('a', 'h', 'x', 'p', 'shift', 'shift32', 'sa', 'saa')}
  ${readShift}
  ${loop(`
    ${loadInto('a', dtype, address(AT.left, dtype))}
    ${setSpecialAside(['a'])}
    ${sumsOfOne('low')}
    ${sumsOfOne('high')}`)}
  ${storeAt(AT.sums, 'sa')}
  ${storeAt(AT.sums + 32, 'saa')}
  ${get('specials')})`;
