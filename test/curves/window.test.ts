import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emaOf } from '../../src/curves/ema';
import {
  type CurveWindow,
  narrow,
  packWindow,
  unpackWindow,
  windowOf,
} from '../../src/curves/window';

const all = { from: 0, to: 1e9, columns: 100, log: false, smoothing: 0, lineExtremes: true };

/** Points of a curve: mostly calm, with spikes, drops and holes. */
const curve = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.double({ min: 2, max: 3, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: 50, max: 1e6, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, 1e-6) },
  ),
  { minLength: 1, maxLength: 3000 },
);

const stepsOf = (y: readonly number[]) => Float64Array.from(y, (_, i) => i);
const finite = (values: Iterable<number>) => [...values].filter(Number.isFinite);

/** The row that stands for the point at `x`: the first whose last point is not before it. */
const rowOf = (window: CurveWindow, x: number) => window.x.findIndex(last => last >= x);

describe('a window', () => {
  it('keeps every point within the extremes of its row, at every zoom', () => {
    const zoomed = fc.tuple(curve, fc.nat(3000), fc.nat(3000), fc.integer({ min: 1, max: 400 }));
    fc.assert(
      fc.property(zoomed, fc.boolean(), ([y, a, b, columns], log) => {
        const [from, to] = [Math.min(a, b) + 1, Math.max(a, b) + 2];
        const window = windowOf(stepsOf(y), Float64Array.from(y), {
          ...all,
          from,
          to,
          columns,
          log,
        });
        for (let x = from; x <= Math.min(to, y.length - 1); x++) {
          const row = rowOf(window, x);
          const value = y[x]!;
          if (!Number.isFinite(value)) expect(window.missing[row]).toBeGreaterThan(0);
          else {
            expect(window.min[row]).toBeLessThanOrEqual(value);
            expect(window.max[row]).toBeGreaterThanOrEqual(value);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('has no more rows than pixel columns and the two beyond the edges', () => {
    fc.assert(
      fc.property(curve, fc.integer({ min: 1, max: 400 }), (y, columns) => {
        const to = y.length;
        const window = windowOf(stepsOf(y), Float64Array.from(y), { ...all, to, columns });
        expect(window.length).toBeLessThanOrEqual(columns + 2);
      }),
    );
  });

  it('counts each point once', () => {
    fc.assert(
      fc.property(curve, y => {
        const window = windowOf(stepsOf(y), Float64Array.from(y), { ...all, to: y.length - 1 });
        const missing = window.missing.reduce((sum, count) => sum + count, 0);
        expect(missing).toBe(y.length - finite(y).length);
      }),
    );
  });

  it('averages in a zoomed range as over the whole curve', () => {
    fc.assert(
      fc.property(
        curve,
        fc.constantFrom(0, 0.5, 0.8, 0.99),
        fc.nat(300),
        (y, smoothing, columns) => {
          const whole = emaOf(y, smoothing);
          const from = Math.floor(y.length / 2);
          const lineExtremes = columns % 2 === 0;
          const request = {
            ...all,
            from,
            to: y.length - 1,
            columns: columns + 1,
            smoothing,
            lineExtremes,
          };
          const window = windowOf(stepsOf(y), Float64Array.from(y), request);
          for (let row = 0; row < window.length; row++) {
            const expected = whole[window.x[row]!]!;
            if (Number.isFinite(window.line[row]!) && Number.isFinite(expected))
              expect(Math.abs(window.line[row]! / expected - 1)).toBeLessThan(1e-6);
          }
        },
      ),
    );
  });

  it('knows the extremes of the average when they are wanted', () => {
    fc.assert(
      fc.property(curve, fc.constantFrom(0, 0.8, 0.99), (y, smoothing) => {
        const whole = emaOf(y, smoothing);
        const request = { ...all, to: y.length - 1, columns: 7, smoothing };
        const window = windowOf(stepsOf(y), Float64Array.from(y), request);
        for (let x = 0; x < y.length; x++) {
          const row = rowOf(window, x);
          if (!Number.isFinite(whole[x]!)) continue;
          expect(window.lineMin[row]).toBeLessThanOrEqual(whole[x]! * (1 + 1e-9));
          expect(window.lineMax[row]).toBeGreaterThanOrEqual(whole[x]! * (1 - 1e-9));
        }
      }),
    );
  });

  it('shows a hole as a row without extremes', () => {
    const window = windowOf(stepsOf([1, 2, 3]), Float64Array.of(1, NaN, 3), { ...all, to: 2 });
    expect([...window.min]).toEqual([1, NaN, 3]);
    expect([...window.missing]).toEqual([0, 1, 0]);
  });

  it('adds the neighbours on both sides of the range', () => {
    const y = Array.from({ length: 100 }, (_, i) => i);
    const window = windowOf(stepsOf(y), Float64Array.from(y), { ...all, from: 40.5, to: 42.5 });
    expect([...window.x]).toEqual([40, 41, 42, 43]);
  });

  it('keeps the extremes when it is narrowed', () => {
    fc.assert(
      fc.property(curve, fc.integer({ min: 1, max: 50 }), (y, columns) => {
        const window = windowOf(stepsOf(y), Float64Array.from(y), { ...all, to: y.length });
        const narrowed = narrow(window, columns);
        expect(narrowed.length).toBeLessThanOrEqual(Math.max(columns, 1));
        expect(Math.max(...finite(narrowed.max))).toBe(Math.max(...finite(window.max)));
        expect(Math.min(...finite(narrowed.min))).toBe(Math.min(...finite(window.min)));
        expect(narrowed.x.at(-1)).toBe(window.x.at(-1));
      }),
    );
  });

  it('crosses a boundary unchanged', () => {
    const window = windowOf(stepsOf([3, 1, 2]), Float64Array.of(3, NaN, 2), { ...all, to: 2 });
    expect(unpackWindow(packWindow(window))).toEqual(
      unpackWindow(packWindow(unpackWindow(packWindow(window)))),
    );
    expect([...unpackWindow(packWindow(window)).last]).toEqual([3, NaN, 2]);
  });
});

describe('the average', () => {
  it.each([
    ['begins at the first point', [5], 0.9, [5]],
    ['weighs by bias-corrected powers of β', [1, 3], 0.5, [1, (0.25 * 1 + 0.5 * 3) / 0.75]],
    ['is the raw value for β = 0', [4, 2, 8], 0, [4, 2, 8]],
    [
      'skips a point that is not a number, and marks it',
      [1, NaN, 3],
      0.5,
      [1, NaN, 2.3333333333333335],
    ],
    ['skips an infinite point', [1, Infinity, 1], 0.9, [1, NaN, 1]],
  ])('%s', (_, values, beta, expected) => {
    const average = emaOf(values, beta);
    expected.forEach((value, i) => {
      if (Number.isNaN(value)) expect(average[i]).toBeNaN();
      else expect(average[i]).toBeCloseTo(value, 12);
    });
  });

  it('follows the formula m/(1 − βᵗ) over a long curve', () => {
    const values = Array.from({ length: 500 }, (_, i) => Math.sin(i) + 3);
    let m = 0;
    const expected = values.map((x, i) => {
      m = 0.95 * m + 0.05 * x;
      return m / (1 - 0.95 ** (i + 1));
    });
    emaOf(values, 0.95).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 10));
  });
});
