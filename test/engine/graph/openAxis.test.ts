/** One graph for any size: what may differ between two sizes is open, anything else is refused. */
import { expect, it } from 'vitest';
import { type Graph, GraphBuilder, type Value } from '../../../src/engine/graph/graph';
import { openAxis } from '../../../src/engine/graph/openAxis';
import { printGraph } from '../../../src/engine/graph/printGraph';
import { openSession } from '../../../src/engine/session/session';
import { type Tensor, tensor } from '../../../src/engine/tensor/tensor';

const HELD = 8;

/** x [2, time, 3] beside what is held [2, capacity, 3]: sums of both, and the last row of x. */
const sums = (time: number): Graph => {
  const b = new GraphBuilder('sums');
  const x = b.input('x', 'float32', [2, time, 3]);
  const held = b.input('held', 'float32', [2, HELD, 3], { 1: 'capacity' });
  const columns = b.intsInput('columns', [time, HELD]);
  const doubled = b.reshape(b.scale(b.reshape(x, [2 * time, 3]), 2), [2, time, 3]);
  const parts = b.splitAs(b.concat([doubled, held], 1), columns, 1);
  return b.build([...parts.map(part => b.sum(part, [1], 0)), b.last(x, 1)]);
};

it('gives a graph that computes for every size what it computes for one', async () => {
  const session = await openSession(openAxis('time', sums));
  for (const [time, capacity] of [
    [1, 2],
    [5, 3],
    [2, 7],
  ] as const) {
    const ones = (rows: number, value: number) =>
      tensor('float32', [2, rows, 3], new Float32Array(6 * rows).fill(value));
    const x = ones(time, 1);
    x.data.fill(4, 3 * (time - 1), 3 * time);
    const outputs = await session.run(
      new Map<string, Tensor>([
        ['x', x],
        ['held', ones(capacity, 0.5)],
        ['columns', tensor('int64', [2], BigInt64Array.of(BigInt(time), BigInt(capacity)))],
      ]),
    );
    const [ofX, ofHeld, last] = [...outputs.values()];
    const [first, second] = [2 * (time + 3), 2 * time];
    expect([...ofX!.data]).toEqual([first, first, first, second, second, second]);
    expect([...ofHeld!.data]).toEqual(Array(6).fill(capacity / 2));
    expect([...last!.data]).toEqual([4, 4, 4, 1, 1, 1]);
  }
  await session.dispose();
});

it('names the open axes of inputs and leaves the others as they are', () => {
  const graph = openAxis('time', sums);
  expect(graph.inputs.map(({ name, open }) => [name, open])).toEqual([
    ['x', { 1: 'time' }],
    ['held', { 1: 'capacity' }],
    ['columns', undefined],
  ]);
  const reshapes = graph.nodes.filter(({ op }) => op === 'Reshape');
  expect(reshapes.map(({ inputs }) => inputs[1]!.name)).toEqual(['ints_-1_3', 'ints_2_-1_3']);
});

it('is the same graph when nothing depends on the size', () => {
  const make = () => {
    const b = new GraphBuilder('same');
    return b.build([b.reshape(b.scale(b.input('x', 'float32', [2, 6]), 3), [3, 4])]);
  };
  expect(printGraph(openAxis('time', make))).toBe(printGraph(make()));
});

it.each<[string, (b: GraphBuilder, x: Value, time: number) => Value, RegExp]>([
  ['the bounds of a slice', (b, x, time) => b.slice(x, 0, 1, time), /Slice depends on time/],
  [
    'an attribute',
    (b, x, time) => b.softmax(x, Math.floor(time / 1010)),
    /Softmax depends on time/,
  ],
  ['a constant', (b, x, time) => b.add(x, b.zeros([time, 1])), /Expand depends on time/],
  ['a number', (b, x, time) => b.scale(x, 1 / time), /Mul depends on time/],
  [
    'how many operators there are',
    (b, x, time) => (time > 1010 ? b.exp(x) : x),
    /the number of operators depends on time/,
  ],
])('refuses what else depends on it: %s', (_, use, message) => {
  const make = (time: number) => {
    const b = new GraphBuilder('g');
    return b.build([b.neg(use(b, b.input('x', 'float32', [time, 4]), time))]);
  };
  expect(() => openAxis('time', make)).toThrow(message);
});
