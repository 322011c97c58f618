import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSealedJson, sealJson } from '../../../src/engine/files/sealedJson';
import { parseStepLine } from '../../../src/engine/run/stepLine';

const parse = (line: string) => {
  const bytes = Buffer.from(`####${line}\n`);
  return parseStepLine(bytes, 4, bytes.length - 1);
};

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(0, -0, 1e-7, 1e22, 5e-324, 1.7976931348623157e308, 2.6471235752105713),
);

const step = fc.record({
  type: fc.constant('step'),
  step: fc.nat(),
  loss: number,
  lr: number,
  grad_norm: number,
  tokens: fc.nat(),
  seconds: number,
  seq: fc.nat(),
  time: fc.integer({ min: 1.7e12, max: 1.9e12 }),
});

const plain = {
  step: 7,
  loss: 2.5,
  lr: 1e-4,
  grad_norm: 0.5,
  tokens: 8192,
  seconds: 0.83,
  seq: 9,
  time: 1.7e12,
};

describe('a step line', () => {
  it('reads as the very numbers that a JSON parser finds', () => {
    fc.assert(
      fc.property(step, event => {
        const line = sealJson(event);
        expect(parse(line)).toEqual(openSealedJson(Buffer.from(line)));
      }),
      { numRuns: 2000 },
    );
  });

  it('has NaN where null was written', () => {
    expect(parse(sealJson({ type: 'step', ...plain, loss: NaN }))?.loss).toBeNaN();
  });

  it('is refused when any one bit of it is flipped', () => {
    const line = Buffer.from(sealJson({ type: 'step', ...plain }));
    for (let bit = 0; bit < line.length * 8; bit++) {
      const damaged = Buffer.from(line);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(parseStepLine(damaged, 0, damaged.length)).toBeUndefined();
    }
  });

  it.each<[string, object]>([
    ['an event of another kind', { type: 'eval', ...plain }],
    ['a member it does not know', { type: 'step', ...plain, extra: 1 }],
    ['text where a number belongs', { type: 'step', ...plain, loss: 'low' }],
    ['a missing member', { type: 'step', step: 7, loss: 2.5 }],
    [
      'another order of members',
      Object.fromEntries([['type', 'step'], ...Object.entries(plain).reverse()]),
    ],
  ])('is left to the parser when it has %s', (_, event) => {
    expect(parse(sealJson(event))).toBeUndefined();
  });

  it.each(['', '{', '{"type":"step"', 'x'.repeat(200)])('is not %j', line => {
    expect(parse(line)).toBeUndefined();
  });
});
