/** What counts as a spike. */
import { describe, expect, it } from 'vitest';
import { SpikeWatch } from '../../../src/engine/train/spikeWatch';

const watched = (steps: number) => {
  const watch = new SpikeWatch();
  const told = Array.from({ length: steps }, (_, i) => watch.check(3, 1 + 0.1 * (i % 3)));
  return { watch, told };
};

describe('SpikeWatch', () => {
  it('is silent over ordinary steps', () => {
    expect(watched(200).told.filter(Boolean)).toEqual([]);
  });

  it('says by how much a gradient is larger than usual', () => {
    expect(watched(60).watch.check(3, 22)).toBe('Gradient norm 22.0, 20× the median');
  });

  it('says by how much a loss is larger than usual', () => {
    expect(watched(60).watch.check(6, 1)).toBe('Loss 6.000, 2.0× the median');
  });

  it('says nothing before it knows what is usual', () => {
    expect(watched(10).watch.check(3, 1000)).toBeUndefined();
  });
});
