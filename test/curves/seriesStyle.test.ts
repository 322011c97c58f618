import { describe, expect, it } from 'vitest';
import { SLOTS, assignSlots, dashes, themeColours } from '../../src/curves/seriesStyle';
import { contrast } from './contrast';

const PAGES = { dark: '#1F1F1F', light: '#FFFFFF', highContrast: '#000000' };

describe('slots', () => {
  it('go to runs in order and stay theirs when others leave', () => {
    const first = assignSlots({}, ['a', 'b', 'c']);
    expect(first).toEqual({ a: 0, b: 1, c: 2 });
    expect(assignSlots(first, ['b', 'c', 'd'])).toMatchObject({ b: 1, c: 2, d: 0 });
  });

  it('repeat only when all are in use, the least used first', () => {
    const ids = Array.from({ length: SLOTS + 2 }, (_, i) => `run-${i}`);
    const slots = assignSlots({}, ids);
    expect(ids.map(id => slots[id])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 0, 1]);
  });
});

describe('colours', () => {
  it.each(['dark', 'light', 'highContrast'] as const)('are visible on a %s page', theme => {
    const { series, ok, bad, warn } = themeColours[theme];
    for (const colour of series) expect(contrast(colour, PAGES[theme])).toBeGreaterThanOrEqual(3);
    for (const colour of [ok, bad, warn])
      expect(contrast(colour, PAGES[theme])).toBeGreaterThanOrEqual(4.5);
  });

  it('come with one dash pattern each, all different', () => {
    expect(new Set(dashes.map(String)).size).toBe(SLOTS);
    for (const { series } of Object.values(themeColours)) expect(series.length).toBe(SLOTS);
  });
});
