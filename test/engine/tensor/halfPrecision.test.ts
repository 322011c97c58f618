import { describe, expect, it } from 'vitest';
import type { HalfDtype } from '../../../src/engine/tensor/halfPrecision';
import { narrow, widen } from '../../../src/engine/tensor/halfPrecision';
import { narrowFloats } from '../../../src/engine/tensor/narrowFloats';
import { randomNumbers } from '../../durability/randomNumbers';

/** Bits of infinity: below it, all numbers in order. */
const infinity: Record<HalfDtype, number> = { float16: 0x7c00, bfloat16: 0x7f80 };

describe.each(['float16', 'bfloat16'] as const)('%s', dtype => {
  const toNumber = widen[dtype];
  const toBits = narrow[dtype];

  it('gives back every one of its numbers', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = toNumber(bits);
      if (Number.isNaN(value)) expect(toNumber(toBits(value))).toBeNaN();
      else if (toBits(value) !== bits) throw new Error(`${bits} comes back as ${toBits(value)}`);
    }
  });

  it('rounds to the nearest, and a tie to the even one', () => {
    for (let bits = 0; bits < infinity[dtype] - 1; bits++) {
      const [low, high] = [toNumber(bits), toNumber(bits + 1)];
      const middle = (low + high) / 2;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const cases: [number, number][] = [
        [middle, even],
        [middle * (1 - 2 ** -40), bits],
        [middle * (1 + 2 ** -40), bits + 1],
        [-middle, even | 0x8000],
      ];
      for (const [value, wanted] of cases)
        if (toBits(value) !== wanted)
          throw new Error(`${value} becomes ${toBits(value)} and not ${wanted}`);
    }
  });

  it('becomes infinite from half a step beyond its largest number', () => {
    const largest = toNumber(infinity[dtype] - 1);
    const step = largest - toNumber(infinity[dtype] - 2);
    expect(toBits(largest + step / 2)).toBe(infinity[dtype]);
    expect(toBits((largest + step / 2) * (1 - 2 ** -40))).toBe(infinity[dtype] - 1);
    expect(toBits(-Infinity)).toBe(infinity[dtype] | 0x8000);
    expect(toNumber(infinity[dtype])).toBe(Infinity);
  });
});

it.each(['float16', 'bfloat16'] as const)('rounds arrays to %s as single numbers', dtype => {
  const random = randomNumbers(5);
  const bits = Uint32Array.from({ length: 200_000 }, (_, i) =>
    i % 2 === 0 ? random() * 2 ** 32 : (Math.floor(random() * 2 ** 16) << 13) ^ 0x38000000,
  );
  const values = new Float32Array(bits.buffer);
  const found = narrowFloats(values, dtype);
  for (let i = 0; i < values.length; i++)
    if (found[i] !== narrow[dtype](values[i]!))
      throw new Error(`${values[i]} becomes ${found[i]} and not ${narrow[dtype](values[i]!)}`);
});

it('knows some numbers of both', () => {
  expect(widen.float16(0x3c01)).toBe(1 + 2 ** -10);
  expect(widen.float16(0x0001)).toBe(2 ** -24);
  expect(widen.bfloat16(0x3f81)).toBe(1 + 2 ** -7);
  expect(narrow.float16(1 / 3)).toBe(0x3555);
  expect(narrow.bfloat16(1 / 3)).toBe(0x3eab);
});
