import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../../scripts/project';
import { Comparison } from '../../../src/engine/compare/comparison';
import {
  BLOCK,
  ElementKernel,
  type Kernel,
  makeKernel,
} from '../../../src/engine/compare/kernel/kernel';
import { joinTotals, metricsOf, noTotals } from '../../../src/engine/compare/totals';
import { narrow } from '../../../src/engine/tensor/halfPrecision';
import {
  breaches,
  type MetricName,
  metricNames,
  profiles,
  type Metrics,
} from '../../../src/protocol/diffMetrics';
import { randomNumbers } from '../../durability/randomNumbers';

const folder = join(root, 'test', 'fixtures', 'diff');
type Expected = Record<string, number | boolean | null>;
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Record<
  string,
  Expected
>;

const compared = (): Map<string, Metrics> => {
  const comparison = new Comparison({
    left: join(folder, 'left.npz'),
    right: join(folder, 'right.npz'),
  });
  const all = new Map(comparison.pairs.map(({ name }, i) => [name, comparison.metrics(i)]));
  comparison.close();
  return all;
};

/** Relative, and of what is near 1 absolute: correlations end in rounding. */
const isNear = (found: number, wanted: number, tolerance: number): boolean =>
  Object.is(found, wanted) ||
  Math.abs(found - wanted) <= tolerance * Math.max(Math.abs(wanted), 1e-5);

describe('metrics equal those of NumPy and PyTorch', () => {
  const metrics = compared();

  it.each(Object.keys(expected))('%s', name => {
    const found = metrics.get(name)!;
    const wrong = Object.entries(expected[name]!)
      .filter(([key]) => !key.startsWith('allclose'))
      .filter(([key, wanted]) => {
        const value = found[key as MetricName];
        // Python's null is undefined, or endless
        if (wanted === null) return Number.isFinite(value);
        // distances beyond 127 are told by the lower end of their bin, 1/64 of a doubling wide
        const tolerance = /ulp(50|99)/.test(key) ? 1 / 64 : 1e-9;
        return !isNear(value, wanted as number, tolerance);
      })
      .map(([key, wanted]) => `${key}: ${found[key as MetricName]}, not ${String(wanted)}`);
    expect(wrong).toEqual([]);
  });

  it.each([
    ['allclose1e-5', 1e-5],
    ['allclose1e-2', 1e-2],
  ])('agrees with %s of NumPy', (key, tolerance) => {
    const profile = { name: 'own', allclose: { atol: tolerance, rtol: tolerance } };
    const wrong = Object.keys(expected).filter(name => {
      const m = { ...metrics.get(name)!, unlike: 0 }; // NumPy was asked about finite elements
      return (breaches(profile, m).length === 0) !== expected[name]![key];
    });
    expect(wrong).toEqual([]);
  });
});

const floats = ['float32', 'bfloat16', 'float16'] as const;
type FloatName = (typeof floats)[number];

function fill(kernel: Kernel, [left, right]: readonly [FloatName, FloatName], seed: number): void {
  const random = randomNumbers(seed);
  const set = (bytes: Uint8Array, dtype: FloatName, i: number, value: number) => {
    if (dtype === 'float32') new Float32Array(bytes.buffer, bytes.byteOffset, BLOCK)[i] = value;
    else new Uint16Array(bytes.buffer, bytes.byteOffset, BLOCK)[i] = narrow[dtype](value);
  };
  const odd = [NaN, Infinity, -Infinity, 0, -0, 1e-7, 65504, 1e-40];
  for (let i = 0; i < BLOCK; i++) {
    const value = (random() - 0.5) * 10 ** (random() * 6 - 4);
    const isOdd = random() < 0.01;
    const pick = () => odd[Math.floor(random() * odd.length)]!;
    set(kernel.left, left, i, isOdd ? pick() : value);
    set(
      kernel.right,
      right,
      i,
      isOdd ? pick() : random() < 0.3 ? value : value + (random() - 0.5) * 1e-3,
    );
  }
}

describe('the loops find what an element at a time finds', () => {
  const both = floats.flatMap(left => floats.map(right => [left, right] as const));

  it.each(both)('%s against %s', (left, right) => {
    const [loop, slow] = [makeKernel(left, right), new ElementKernel(left, right)];
    const [found, wanted] = [noTotals(), noTotals()];
    // of both lengths, so that what remains of a block is counted, too
    for (const [block, n] of [BLOCK, BLOCK - 3].entries()) {
      fill(loop, [left, right], block + 1);
      fill(slow, [left, right], block + 1);
      loop.add(found, block * BLOCK, n);
      slow.add(wanted, block * BLOCK, n);
    }
    const [m, w] = [metricsOf(found), metricsOf(wanted)];
    const wrong = metricNames.filter(name => {
      const tolerance = name.startsWith('max') ? 0 : name.startsWith('over') ? 1e-6 : 1e-9;
      return !isNear(m[name], w[name], tolerance) && !(m[name] === 0 && w[name] === 0);
    });
    expect(wrong.map(name => `${name}: ${m[name]}, not ${w[name]}`)).toEqual([]);
    expect(found.differing).toEqual(wanted.differing);
  });

  it.each<[string, (x: number, block: number) => [left: number, right: number]]>([
    ['blocks with hardly larger differences than those before', (_, n) => [1024 + n / 8192, 1]],
    ['differences that are equal but for their last bits', x => [x * (1 + 2 ** -10), x]],
    ['differences that are all the same', x => [x + 0.25, x]],
    ['sides of which one is always twice the other', x => [2 * x, x]],
    ['differences beyond float32', x => (x < 1.99 ? [x, 1] : [-x * 1.5e38, 3e38])],
  ])('finds the largest of %s', (_, sides) => {
    const [loop, slow] = [
      makeKernel('float32', 'float32'),
      new ElementKernel('float32', 'float32'),
    ];
    const [found, wanted] = [noTotals(), noTotals()];
    const random = randomNumbers(5);
    for (let block = 0; block < 3; block++) {
      const pairs = Array.from({ length: BLOCK }, () => sides(1 + random(), block));
      for (const [kernel, totals] of [
        [loop, found],
        [slow, wanted],
      ] as const) {
        for (const [side, { buffer, byteOffset }] of [kernel.left, kernel.right].entries())
          new Float32Array(buffer, byteOffset, BLOCK).set(pairs.map(pair => pair[side]!));
        kernel.add(totals, block * BLOCK, BLOCK);
      }
    }
    for (const key of ['maxAbs', 'maxAbsAt', 'maxRel', 'maxRelAt'] as const)
      expect(found[key], key).toBe(wanted[key]);
  });

  it('takes blocks of the same bytes for what they are, special values included', () => {
    const kernel = makeKernel('float32', 'float32');
    fill(kernel, ['float32', 'float32'], 3);
    kernel.right.set(kernel.left);
    const totals = noTotals();
    kernel.add(totals, 0, BLOCK);
    const m = metricsOf(totals);
    expect(m).toMatchObject({ maxAbs: 0, relL2: 0, pcc: 1, equalBits: 100, unlike: 0, ulpMax: 0 });
    expect(m.nanLeft).toBeGreaterThan(0);
    expect(m.nanLeft).toBe(m.nanRight);
  });
});

describe('totals of parts', () => {
  it('join to those of the whole', () => {
    const kernel = makeKernel('float32', 'float32');
    const [whole, joined] = [noTotals(), noTotals()];
    for (let block = 0; block < 6; block++) {
      fill(kernel, ['float32', 'float32'], block);
      kernel.add(whole, block * BLOCK, BLOCK);
      fill(kernel, ['float32', 'float32'], block);
      const part = noTotals();
      kernel.add(part, block * BLOCK, BLOCK);
      joinTotals(joined, part);
    }
    const [m, w] = [metricsOf(joined), metricsOf(whole)];
    const wrong = metricNames.filter(
      name => !isNear(m[name], w[name], 1e-6) && m[name] !== w[name],
    );
    expect(wrong).toEqual([]);
  });

  it('keep a correlation exact where the mean is far from zero', () => {
    const kernel = makeKernel('float32', 'float32');
    const [a, b] = [kernel.left, kernel.right].map(
      bytes => new Float32Array(bytes.buffer, bytes.byteOffset, BLOCK),
    ) as [Float32Array, Float32Array];
    const random = randomNumbers(9);
    for (let i = 0; i < BLOCK; i++) {
      const x = random() - 0.5;
      a[i] = 4096 + x;
      b[i] = 4096 - x;
    }
    const totals = noTotals();
    kernel.add(totals, 0, BLOCK);
    expect(metricsOf(totals).pcc).toBeLessThan(-0.999999);
  });
});

describe('profiles', () => {
  const metrics = compared();
  const passes = (name: string) =>
    Object.entries(profiles)
      .filter(([, profile]) => breaches(profile, metrics.get(name)!).length === 0)
      .map(([profile]) => profile);

  it.each([
    ['same', ['bit-exact', 'polygraphy', 'tt-op', 'tt-model', 'tt-xla']],
    ['equal constants', ['bit-exact', 'polygraphy', 'tt-op', 'tt-model', 'tt-xla']],
    ['noise', ['tt-op', 'tt-model', 'tt-xla']],
    // correlation is blind to a scale; tolerances are not
    ['scaled', ['tt-op', 'tt-model']],
    ['negated', []],
    ['zeros', []],
    // no correlation: tolerances decide
    ['constant', ['tt-op', 'tt-model', 'tt-xla']],
    ['one element', []],
    ['not finite', []],
  ])('%s passes %j', (name, wanted) => {
    expect(passes(name)).toEqual(wanted);
  });
});
