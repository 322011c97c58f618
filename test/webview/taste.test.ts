import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tasteFrom } from '../../webview/curves/taste';

describe('what the view remembers', () => {
  const plain = tasteFrom(null);

  it('comes back as it was kept', () => {
    const kept = {
      ...plain,
      axis: 'tokens' as const,
      yLog: false,
      smoothing: 0.95,
      hidden: ['a'],
      highlighted: 'b',
      zoom: [10, 20] as [number, number],
      opened: ['a', 'b'],
    };
    expect(tasteFrom(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  });

  it.each([
    ['an unknown axis', { axis: 'epochs' }],
    ['a smoothing out of range', { smoothing: 2 }],
    ['a range that ends before it begins', { zoom: [5, 1] }],
    ['text for a switch', { yLog: 'yes' }],
  ])('is plain instead of %s', (_, kept) => {
    expect(tasteFrom(kept)).toEqual(plain);
  });

  it('is a taste whatever the memory holds', () => {
    fc.assert(
      fc.property(fc.anything(), memory => {
        expect(Object.keys(tasteFrom(memory))).toEqual(Object.keys(plain));
      }),
    );
  });
});
