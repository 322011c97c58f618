/** Loops compiled to WebAssembly, against the same arithmetic in JavaScript rounded to float32. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  array,
  div,
  mul,
  scalar,
  sqrt,
  sub,
  type Vector,
  vectorLoop,
} from '../../../src/engine/tensor/vectorLoop';

const f = Math.fround;
const arithmetic = {
  add: (a = 0, b = 0) => f(a + b),
  sub: (a = 0, b = 0) => f(a - b),
  mul: (a = 0, b = 0) => f(a * b),
  div: (a = 0, b = 0) => f(a / b),
  sqrt: (a = 0) => f(Math.sqrt(a)),
};

/** What one element becomes. */
function valueOf(v: Vector, element: Record<string, number>): number {
  if (v.kind !== 'made') return f(element[v.name]!);
  return arithmetic[v.op](...v.from.map(x => valueOf(x, element)));
}

const expressions = fc.letrec<{ v: Vector }>(tie => ({
  v: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(array('x'), array('y'), scalar('s')),
    fc.tuple(fc.constantFrom(add, sub, mul, div), tie('v'), tie('v')).map(([op, a, b]) => op(a, b)),
    tie('v').map(a => sqrt(a)),
  ),
})).v;

const floats = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898 + seed) * 3);

describe('a loop over arrays', () => {
  it('does to every element what the expression says, to the bit', () => {
    fc.assert(
      fc.property(expressions, fc.integer({ min: 0, max: 11 }), fc.float(), (v, length, s) => {
        const [x, y] = [floats(length, 1), floats(length, 2)];
        const expected = Array.from(x, (_, i) => valueOf(v, { x: x[i]!, y: y[i]!, s }));
        vectorLoop({ arrays: ['x', 'y'], scalars: ['s'], stores: { x: v } })({ x, y }, { s });
        expect([...x]).toEqual(expected);
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it('stores only after all is computed', () => {
    const [x, y] = [floats(9, 1), floats(9, 2)];
    const swapped = [[...y], [...x]];
    const swap = { x: array('y'), y: array('x') };
    vectorLoop({ arrays: ['x', 'y'], scalars: [], stores: swap })({ x, y }, {});
    expect([[...x], [...y]]).toEqual(swapped);
  });

  it.each([0, 1, 5, 4096, 4097, 20_001])('sums %i elements in double precision', length => {
    const x = new Float32Array(length).fill(0.1);
    const sum = vectorLoop({ arrays: ['x'], scalars: [], sum: array('x') });
    expect(sum({ x }, {})).toBeCloseTo(length * f(0.1), 9);
  });

  it('changes no element behind the end of a view', () => {
    const whole = new Float32Array(8).fill(1);
    const x = whole.subarray(0, 5);
    vectorLoop({ arrays: ['x'], scalars: [], stores: { x: add(array('x'), array('x')) } })(
      { x },
      {},
    );
    expect([...whole]).toEqual([2, 2, 2, 2, 2, 1, 1, 1]);
  });

  it('refuses arrays of different lengths', () => {
    const loop = vectorLoop({ arrays: ['x', 'y'], scalars: [], sum: array('x') });
    expect(() => loop({ x: floats(2, 1), y: floats(3, 1) }, {})).toThrow('differ in length: 2,3');
  });
});
