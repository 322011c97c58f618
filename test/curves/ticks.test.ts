import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scaleOf } from '../../src/curves/scale';
import { type TickOptions, ticksOf } from '../../src/curves/ticks';

const ticks = (kind: 'linear' | 'log', from: number, to: number, options: Partial<TickOptions>) =>
  ticksOf(scaleOf(kind, [from, to], [0, 1]), { length: 400, distance: 50, ...options });

describe('ticks', () => {
  it.each([
    ['linear', 0, 10000, {}, [0, 2000, 4000, 6000, 8000, 10000]],
    ['linear', 0, 1, {}, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    ['linear', 0, 3e-4, { length: 180, distance: 45 }, [0, 1e-4, 2e-4, 3e-4]],
    ['linear', 5950, 5953, { whole: true }, [5950, 5951, 5952, 5953]],
    ['linear', 0, 8340, { duration: true }, [0, 1800, 3600, 5400, 7200]],
    ['log', 2, 10.9, { length: 372, distance: 24 }, [2, 2.5, 3, 4, 5, 6, 8, 10]],
    ['log', 1, 1000, { distance: 30 }, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]],
    ['log', 1, 1e6, { length: 200, distance: 30 }, [1, 10, 100, 1e3, 1e4, 1e5, 1e6]],
    ['log', 2.61, 2.69, { distance: 90 }, [2.62, 2.64, 2.66, 2.68]],
  ] as const)('on a %s axis from %d to %d with %o', (kind, from, to, options, expected) => {
    expect(ticks(kind, from, to, options)).toEqual(expected);
  });

  it.each([0, 1, 7, 40])('are at most one on an axis of %d pixels', length => {
    expect(ticks('log', 1, 1e12, { length }).length).toBeLessThanOrEqual(1);
    expect(ticks('linear', 0, 1, { length }).length).toBeLessThanOrEqual(2);
  });

  it('stay within the axis, ascend, and are few', () => {
    const positive = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom('linear', 'log'), positive, positive, (kind, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b) * 1.01];
        const found = ticks(kind, from, to, {});
        expect(found.length).toBeLessThanOrEqual(12);
        found.forEach((tick, i) => {
          expect(tick).toBeGreaterThanOrEqual(from - to * 1e-6);
          expect(tick).toBeLessThanOrEqual(to * (1 + 1e-6));
          if (i > 0) expect(tick).toBeGreaterThan(found[i - 1]!);
        });
      }),
    );
  });
});
