import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Columns } from '../../src/curves/columns';
import { emaOf } from '../../src/curves/ema';
import { Summary, type Stretch } from '../../src/curves/summary';

const value = fc.oneof(
  { weight: 9, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
);
/** Long enough for several blocks, also large ones. */
const column = fc.array(value, { minLength: 1, maxLength: 1500 });

/** By looking at every point. */
function plainly(values: readonly number[], from: number, to: number, beta: number): Stretch {
  const average = emaOf(values, beta);
  const finite = values.map((_, i) => i).filter(i => Number.isFinite(values[i]));
  const rows = finite.filter(i => i >= from && i < to);
  const raw = rows.map(i => values[i]!);
  const line = rows.map(i => average[i]!);
  const missing = to - from - rows.length;
  if (rows.length === 0)
    return { min: NaN, max: NaN, last: NaN, lineMin: NaN, lineMax: NaN, line: NaN, missing };
  return {
    min: Math.min(...raw),
    max: Math.max(...raw),
    last: raw.at(-1)!,
    lineMin: Math.min(...line),
    lineMax: Math.max(...line),
    line: line.at(-1)!,
    missing,
  };
}

function expectEqual(found: Stretch, wanted: Stretch): void {
  for (const field of ['min', 'max', 'last', 'missing'] as const)
    expect(found[field] + 0, 'whichever zero').toBe(wanted[field] + 0);
  // Sums of thousands of products: their rounding differs where weights reach 1.
  for (const field of ['lineMin', 'lineMax', 'line'] as const)
    if (Number.isNaN(wanted[field])) expect(found[field]).toBeNaN();
    else expect(Math.abs(found[field] - wanted[field])).toBeLessThan(1e-5);
}

describe('a summary', () => {
  it.each([0, 0.6, 0.99])('says what every stretch holds, β = %d', beta => {
    fc.assert(
      fc.property(column, fc.nat(), fc.nat(), (values, a, b) => {
        const from = a % values.length;
        const to = from + 1 + (b % (values.length - from));
        const summary = new Summary(Float64Array.from(values));
        const found = summary.stretch(from, to, { beta, withExtremes: true });
        expectEqual(found, plainly(values, from, to, beta));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it('follows a column that grows, and one that loses its end', () => {
    fc.assert(
      fc.property(column, column, column, fc.nat(), (first, second, third, cut) => {
        const table = new Columns(['y'], 4);
        const asked = { beta: 0.9, withExtremes: true };
        const holds = (values: readonly number[]) => {
          const found = table.summary('y').stretch(0, values.length, asked);
          expectEqual(found, plainly(values, 0, values.length, 0.9));
        };
        for (const y of first) table.push({ y });
        holds(first);
        for (const y of second) table.push({ y });
        const all = [...first, ...second];
        holds(all);
        const kept = cut % all.length;
        table.truncate(kept);
        for (const y of third) table.push({ y });
        holds([...all.slice(0, kept), ...third]);
      }),
      { seed: 2, numRuns: 100 },
    );
  });
});
