import { describe, expect, it } from 'vitest';
import { lazyTensor } from '../../../src/engine/tensor/tensor';

describe('a lazy tensor', () => {
  it('is made once, when it is first read', () => {
    let made = 0;
    const of = lazyTensor('float32', [2, 2], () => {
      made++;
      return Float32Array.of(1, 2, 3, 4);
    });
    expect([of.dtype, of.shape, 'data' in of, made]).toEqual(['float32', [2, 2], true, 0]);
    expect(of.data).toBe(of.data);
    expect([...of.data, made]).toEqual([1, 2, 3, 4, 1]);
  });

  it('refuses data of another size', () => {
    expect(() => lazyTensor('int64', [3], () => new BigInt64Array(2)).data).toThrow('2 values');
  });
});
