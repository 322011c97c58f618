import { describe, expect, it } from 'vitest';
import { sparkline } from '../../../src/host/runs/sparkline';

const falling = (length: number) => Array.from({ length }, (_, i) => length - i);

const cases: [claim: string, values: number[], shown: string][] = [
  ['is six bars wide', falling(32), '█▇▅▄▂▁'],
  ['is as wide as there are values while they are few', [3, 2, 1], '█▅▁'],
  ['says nothing of a single value', [3], ''],
  ['is flat where nothing changes', [2, 2, 2, 2, 2, 2], '▁▁▁▁▁▁'],
  ['shows a rise', [1, 1, 1, 1, 1, 9], '▁▁▁▁▁█'],
  ['takes the mean of each stretch', [9, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], '█▁▁▁▁▁'],
];

describe('a sparkline', () => {
  it.each(cases)('%s', (_claim, values, shown) => {
    expect(sparkline(values)).toBe(shown);
  });
});
