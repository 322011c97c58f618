import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDense, marksOf, traceBand, traceBars, traceLine } from '../../src/curves/curvePath';
import { scaleOf } from '../../src/curves/scale';
import { SvgPath } from '../../src/curves/svg';
import { windowOf } from '../../src/curves/window';

const SIZE = 100;

/** Values at x = 0, 1, 2 … as lines on a plot of 100 × 100 pixels, 0 to 10 on both axes. */
function drawn(values: readonly number[], kind: 'linear' | 'log' = 'linear') {
  const x = scaleOf('linear', [0, 10], [0, SIZE]);
  const y = scaleOf(kind, kind === 'log' ? [0.1, 10] : [0, 10], [SIZE, 0]);
  const window = windowOf(
    Float64Array.from(values, (_, i) => i),
    Float64Array.from(values),
    { from: 0, to: 10, columns: SIZE, log: false, smoothing: 0, lineExtremes: false },
  );
  const [line, band] = [new SvgPath(), new SvgPath()];
  traceLine(line, window, x, y);
  traceBand(band, window, x, y);
  return { line: line.toString(), band: band.toString(), marks: marksOf(window, x, y, 15) };
}

const count = (path: string, command: string) => path.split(command).length - 1;

describe('a line', () => {
  it.each([
    ['joins its points', [1, 2, 3], 'M0 90L10 80L20 70'],
    ['leaves a gap where a value is not a number', [1, NaN, 3, 4], 'M0 90M20 70L30 60'],
    ['leaves a gap where a value is infinite', [1, Infinity, 3], 'M0 90M20 70'],
    ['is nothing without a number', [NaN, NaN], ''],
  ])('%s', (_, values, path) => {
    expect(drawn(values).line).toBe(path);
  });

  it('leaves out what a logarithmic axis has no place for', () => {
    expect(drawn([1, 0, -3, 1], 'log').line).toBe('M0 50M30 50');
  });

  it('is never drawn across a value that is not a number', () => {
    const values = fc.array(
      fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.constant(NaN)),
      {
        maxLength: 11,
      },
    );
    fc.assert(
      fc.property(values, points => {
        const stretches = points.filter(
          (value, i) => !Number.isNaN(value) && (i === 0 || Number.isNaN(points[i - 1]!)),
        );
        const { line, band } = drawn(points);
        expect(count(line, 'M')).toBe(stretches.length);
        expect(count(band, 'Z')).toBe(stretches.length);
      }),
    );
  });
});

describe('a band', () => {
  it('goes along the largest values and back along the least', () => {
    const x = Float64Array.of(0, 0.1, 5, 5.1);
    const y = Float64Array.of(2, 4, 6, 1);
    const request = { from: 0, to: 10, columns: 2, log: false, smoothing: 0, lineExtremes: false };
    const path = new SvgPath();
    const across = scaleOf('linear', [0, 10], [0, SIZE]);
    traceBand(path, windowOf(x, y, request), across, scaleOf('linear', [0, 10], [SIZE, 0]));
    expect(path.toString()).toBe('M1 60L51 40L51 90L1 80Z');
  });
});

/** Bars of values at x = 0, 0.1, 0.2 …, a pixel each, on a plot of 100 × 100 pixels. */
function barsOf(values: readonly number[], columns = SIZE) {
  const x = scaleOf('linear', [0, 10], [0, SIZE]);
  const y = scaleOf('linear', [0, 10], [SIZE, 0]);
  const at = Float64Array.from(values, (_, i) => i / 10);
  const request = { from: 0, to: 10, columns, log: false, smoothing: 0, lineExtremes: false };
  const window = windowOf(at, Float64Array.from(values), request);
  const bars: { left: number; right: number; top: number; bottom: number }[] = [];
  traceBars(window, x, y, 'raw', (left, top, width, height) =>
    bars.push({ left, right: left + width, top, bottom: top + height }),
  );
  return { bars, window, x };
}

const points = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 2, maxLength: 100 });

describe('the bars of a band', () => {
  it('share their edges, and each touches the one before', () => {
    fc.assert(
      fc.property(points, fc.constantFrom(20, 50, 100), (values, columns) => {
        const { bars } = barsOf(values, columns);
        for (const [i, bar] of bars.slice(1).entries()) {
          const before = bars[i]!;
          expect(bar.left).toBe(before.right);
          expect(bar.top).toBeLessThanOrEqual(before.bottom);
          expect(bar.bottom).toBeGreaterThanOrEqual(before.top);
        }
      }),
    );
  });

  it('reach to the extremes of all points, and no farther', () => {
    fc.assert(
      fc.property(points, values => {
        const { bars } = barsOf(values);
        expect(Math.min(...bars.map(b => b.top))).toBe(100 - 10 * Math.max(...values));
        expect(Math.max(...bars.map(b => b.bottom))).toBe(100 - 10 * Math.min(...values));
      }),
    );
  });

  it('leave a gap where a value is not a number', () => {
    const { bars } = barsOf([5, 5, 5, NaN, NaN, NaN, 5, 5, 5]);
    const inGap = bars.filter(({ left, right }) => left < 5 && right > 3);
    expect(inGap).toEqual([]);
  });

  it('are meant for broad rows that are near each other', () => {
    const dense = barsOf([1, 2, 3, 4, 5, 6, 7, 8], 40);
    expect(isDense(dense.window, scaleOf('linear', [0, 10], [0, 40]))).toBe(true);
    expect(isDense(dense.window, scaleOf('linear', [0, 1], [0, 40]))).toBe(false);
    const single = barsOf([1, 2, 3]);
    expect(isDense(single.window, single.x)).toBe(false);
  });
});

describe('marks', () => {
  it('keep their distance from each other', () => {
    expect(drawn([1, 2, 3, 4, 5]).marks.map(([px]) => px)).toEqual([0, 20, 40]);
  });
});
