/** Numbers in 8 bits: the levels of the paper, the nearest of them, and training with such moments. */
import { describe, expect, it } from 'vitest';
import { randomStream, uniform } from '../../../src/engine/tensor/random';
import { zeros } from '../../../src/engine/tensor/tensor';
import { adamWUpdate, startAdamW } from '../../../src/engine/train/adamW';
import {
  BLOCK,
  type Blockwise,
  dequantiseInto,
  type Levels,
  quantiseFrom,
  signedLevels,
  unsignedLevels,
  zeroBlocks,
} from '../../../src/engine/tensor/blockwise';

const both: [string, Levels][] = [
  ['signed', signedLevels],
  ['unsigned', unsignedLevels],
];

describe.each(both)('%s levels', (name, levels) => {
  it('are 256, rising, with zero and one', () => {
    const { values } = levels;
    expect(new Set(values).size).toBe(256);
    expect(values).toEqual(values.toSorted());
    expect(values).toContain(0);
    expect(values.at(-1)).toBe(1);
    expect(values[0]! < 0).toBe(name === 'signed');
  });

  it('send every number to the nearest', () => {
    const next = randomStream(3, 'data');
    const numbers = Float32Array.from({ length: 5 * BLOCK + 7 }, () => {
      const size = 10 ** (-8 * uniform(next));
      return (name === 'signed' && uniform(next) < 0.5 ? -1 : 1) * size;
    });
    const blocks = zeroBlocks(numbers.length, levels);
    quantiseFrom(numbers, blocks, levels, 0);
    for (const [i, x] of numbers.entries()) {
      const scale = blocks.largest[Math.floor(i / BLOCK)]!;
      const distance = (v: number) => Math.abs(v * scale - x);
      const chosen = distance(levels.values[blocks.codes[i]!]!);
      const nearest = Math.min(...Array.from(levels.values, distance));
      // two levels may be equally near, but for the rounding of the division
      expect(chosen).toBeLessThanOrEqual(nearest + 1e-7 * Math.abs(x));
    }
  });

  it('part where the middle of two is', () => {
    const bits = new Int32Array(1);
    const float = new Float32Array(bits.buffer);
    const beside = (x: number, by: number) => {
      float[0] = x;
      bits[0]! += by;
      return float[0];
    };
    for (let i = 0; i < 255; i++) {
      const around = [-1, 0, 1].map(by => beside(levels.middles[i]!, by));
      const blocks = zeroBlocks(4, levels);
      quantiseFrom(Float32Array.of(1, ...around), blocks, levels, 0);
      const rising = [...blocks.codes.slice(1)].sort((a, b) => a - b);
      expect(rising).toEqual([i, i, i + 1]);
    }
  });

  it('keep what they stand for', () => {
    const blocks = zeroBlocks(BLOCK, levels);
    const numbers = levels.values.map(v => v * 0.3);
    quantiseFrom(numbers, blocks, levels, 0);
    const back = new Float32Array(BLOCK);
    dequantiseInto(back, blocks, levels, 0);
    for (const [i, x] of numbers.entries()) expect(back[i]).toBeCloseTo(x, 7);
  });

  it('hold zeros as zeros', () => {
    const blocks = zeroBlocks(300, levels);
    const back = new Float32Array(300).fill(1);
    dequantiseInto(back, blocks, levels, 0);
    expect(back.every(x => x === 0)).toBe(true);
  });
});

describe('the levels', () => {
  it('are those of the paper: means of even parts of each power of ten', () => {
    // create_dynamic_map of bitsandbytes: the first power of ten has one level a sign, then two, …
    expect(signedLevels.values[128]).toBeCloseTo(0.55e-6, 10);
    expect(signedLevels.values.slice(129, 131)).toEqual(Float32Array.of(3.25e-6, 7.75e-6));
    expect(unsignedLevels.values.slice(1, 3)).toEqual(Float32Array.of(3.25e-7, 7.75e-7));
  });
});

describe('AdamW with moments in 8 bits', () => {
  const [r, size] = [randomStream(1, 'data'), 64 * 256];
  const target = Float32Array.from({ length: size }, () => uniform(r) - 0.5);
  const settings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 };

  /** Mean square distance from the target after steps along its gradient. */
  function learn(bits: 8 | 32): number {
    const p = zeros([size]);
    const state = startAdamW(new Map([['p', p]]), bits);
    for (let step = 0; step < 100; step++) {
      const g = p.data.map((x, i) => 2 * (x - target[i]!));
      adamWUpdate(p.data, g, state.get('p')!, settings, { t: step + 1, lr: 0.01, scale: 1 });
    }
    return p.data.reduce((sum, x, i) => sum + (x - target[i]!) ** 2, 0) / size;
  }

  it('comes as near as with 32', () => {
    const [exact, narrow] = [learn(32), learn(8)];
    expect(narrow).toBeLessThan(1e-3);
    expect(Math.abs(narrow - exact)).toBeLessThan(5e-4);
  });

  it('takes a quarter of the memory, and small parameters stay exact', () => {
    const state = startAdamW(
      new Map([
        ['large', zeros([64, 64])],
        ['small', zeros([64])],
      ]),
      8,
    );
    const { first } = state.get('large')! as { first: Blockwise };
    expect(first.codes.byteLength + first.largest.byteLength).toBe(4096 + 4 * 16);
    expect(state.get('small')!.first).toBeInstanceOf(Float32Array);
  });
});
