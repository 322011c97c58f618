import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Progress, horizontalEnd, reachOf, verticalRange } from '../../src/curves/extent';
import { clampRange, scaleOf, shiftRange, zoomRange } from '../../src/curves/scale';
import { windowOf } from '../../src/curves/window';

const progress: Progress = {
  step: 0,
  maxSteps: 10_000,
  tokens: 0,
  tokensPerStep: 100,
  seconds: 0,
  secondsPerStep: 0,
};
const at = (step: number): Progress => ({
  ...progress,
  step,
  tokens: step * 100,
  seconds: step * 0.5,
  secondsPerStep: step > 0 ? 0.5 : 0,
});
const end = (step: number, live = true, axis: 'step' | 'tokens' | 'seconds' = 'step') =>
  horizontalEnd([reachOf(at(step), axis, live)]);

describe('the end of the x axis', () => {
  it.each([
    ['is the planned end before the first step', end(0), 10_000],
    ['is a share of it while a live run is young', end(100), 500],
    ['grows in few jumps', end(500), 1000],
    ['is the planned end later on', end(3000), 10_000],
    ['is the last step of a run that has ended', end(3000, false), 3000],
    ['counts tokens', end(3000, true, 'tokens'), 1_000_000],
    ['rounds an estimate of time up', end(3000, true, 'seconds'), 5400],
    ['is not nothing without a run', horizontalEnd([]), 1],
  ])('%s', (_, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it('changes three times at most while a run goes on', () => {
    const ends = Array.from({ length: 10_001 }, (_, step) => end(step));
    const changes = ends.filter((value, step) => step > 1 && value !== ends[step - 1]);
    expect(changes.length).toBeLessThanOrEqual(3);
  });

  it('holds the longest of several runs, and where the live one will go', () => {
    const beside = (step: number) =>
      horizontalEnd([reachOf(at(200), 'step', true), reachOf(at(step), 'step', false)]);
    expect(beside(900)).toBe(2500);
    expect(beside(9000)).toBe(10_000);
  });
});

describe('the vertical range', () => {
  const rangeOf = (
    y: readonly number[],
    kind: 'linear' | 'log',
    range: [number, number] = [0, 99],
  ) => {
    const x = Float64Array.from(y, (_, i) => i);
    const request = {
      from: range[0],
      to: range[1],
      columns: 50,
      log: false,
      smoothing: 0,
      lineExtremes: false,
    };
    return verticalRange([windowOf(x, Float64Array.from(y), request)], { kind, range, raw: true });
  };

  it.each([
    ['begins at a round number below the least', rangeOf([2.2, 10], 'log')?.[0], 2],
    ['goes a little beyond the largest', rangeOf([2, 10], 'linear')?.[1], 10.24],
    ['is not there without a number', rangeOf([NaN], 'linear'), undefined],
    ['ignores what a logarithmic axis has no place for', rangeOf([0, -1, 3, 9], 'log')?.[0], 3],
    ['begins below a value just below a round one', rangeOf([9.99999998, 50], 'log')?.[0], 8],
    ['counts only what is visible', rangeOf([100, 1, 2, 100], 'linear', [1, 2])?.[0], 1],
  ])('%s', (_, actual, expected) => {
    if (expected === undefined) expect(actual).toBeUndefined();
    else expect(actual).toBeCloseTo(expected, 9);
  });

  it('holds every visible value', () => {
    const values = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), {
      minLength: 1,
      maxLength: 99,
    });
    fc.assert(
      fc.property(values, fc.constantFrom('linear', 'log'), (y, kind) => {
        const [low, high] = rangeOf(y, kind)!;
        expect(low).toBeLessThanOrEqual(Math.min(...y) * (1 + 1e-9));
        expect(high).toBeGreaterThanOrEqual(Math.max(...y) * (1 - 1e-9));
        expect(high).toBeGreaterThan(low);
      }),
    );
  });
});

describe('a range', () => {
  it.each([
    ['is halved around a point', zoomRange('linear', [0, 100], 25, 2), [12.5, 62.5]],
    ['is halved in log space', zoomRange('log', [1, 100], 10, 2), [Math.sqrt(10), 10 ** 1.5]],
    ['moves by a share of its length', shiftRange('linear', [20, 40], 0.5), [30, 50]],
    ['moves by a factor in log space', shiftRange('log', [1, 10], 1), [10, 100]],
    ['stays within its bounds', clampRange('linear', [-10, 10], [0, 100]), [0, 20]],
    ['keeps its length at the far end', clampRange('linear', [90, 120], [0, 100]), [70, 100]],
    ['is no longer than its bounds', clampRange('linear', [-50, 250], [0, 100]), [0, 100]],
  ])('%s', (_, actual, expected) => {
    actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 9));
  });

  it('maps to pixels and back', () => {
    const positive = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom('linear', 'log'), positive, positive, (kind, a, b) => {
        const scale = scaleOf(kind, [Math.min(a, b), Math.max(a, b) * 1.1], [0, 800]);
        expect(scale.toValue(scale.toPixel(a)) / a).toBeCloseTo(1, 6);
      }),
    );
  });
});
