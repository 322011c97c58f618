/** The builder: shapes are checked where a mistake is made, dead nodes leave, equal graphs give equal bytes. */
import { describe, expect, it } from 'vitest';
import { backward } from '../../../src/engine/graph/backward';
import { GraphBuilder } from '../../../src/engine/graph/graph';
import { printGraph } from '../../../src/engine/graph/printGraph';
import { toOnnx } from '../../../src/engine/graph/toOnnx';

const builder = () => {
  const b = new GraphBuilder('g');
  return { b, x: b.input('x', 'float32', [2, 3]), w: b.input('w', 'float32', [4, 3]) };
};

describe('GraphBuilder', () => {
  it.each<[string, (g: ReturnType<typeof builder>) => unknown, RegExp]>([
    [
      'names the node and shapes of a wrong product',
      ({ b, x, w }) => b.gemm(x, w),
      /Gemm\(float32\[2, 3\], float32\[4, 3\]\): inner dimensions 3 and 4 differ/,
    ],
    ['refuses shapes that do not broadcast', ({ b, x, w }) => b.add(x, w), /do not broadcast/],
    ['refuses to reshape to another size', ({ b, x }) => b.reshape(x, [5]), /cannot hold 6 values/],
    [
      'refuses parts that do not make the whole',
      ({ b, x }) => b.split(x, [1, 1], 1),
      /do not make 3/,
    ],
    [
      'refuses mixed dtypes',
      ({ b, x }) => b.add(x, b.ints([1])),
      /dtypes float32 and int64 differ/,
    ],
    ['refuses an axis outside the rank', ({ b, x }) => b.softmax(x, 2), /axis 2 is outside rank 2/],
    ['refuses a slice beyond the end', ({ b, x }) => b.slice(x, 0, 1, 3), /no elements 1 to 3/],
    ['refuses two inputs of one name', ({ b }) => b.input('x', 'float32', [1]), /declared twice/],
  ])('%s', (_, act, message) => expect(() => act(builder())).toThrow(message));

  it('infers shapes for integers that are fed', () => {
    const { b, x } = builder();
    const parts = b.splitAs(x, b.intsInput('sizes', [1, 2]), 1);
    expect(parts.map(part => part.shape)).toEqual([
      [2, 1],
      [2, 2],
    ]);
    expect(b.last(x, 1).shape).toEqual([2, 1]);
    expect(() => b.splitAs(x, b.input('others', 'int64', [2]), 1)).toThrow();
  });

  it('prints what runs and leaves out what no output needs', () => {
    const { b, x, w } = builder();
    b.exp(x);
    const y = b.scope('layer', () => b.gemm(x, w, { transB: 1 }));
    expect(printGraph(b.build([y]))).toBe(
      [
        'graph g',
        '  input x: float32[2, 3]',
        '  input w: float32[4, 3]',
        '  layer.Gemm = Gemm(x, w) transB=1: float32[2, 4]',
        '  output layer.Gemm',
      ].join('\n'),
    );
  });

  it('gives the same bytes for the same calls', () => {
    const make = () => {
      const { b, x, w } = builder();
      return toOnnx(b.build([b.softmax(b.gemm(x, w, { transB: 1 }))]));
    };
    expect(Buffer.from(make()).equals(Buffer.from(make()))).toBe(true);
  });
});

describe('backward', () => {
  it('computes no gradient below the lowest wanted value', () => {
    const { b, x, w } = builder();
    const y = b.gemm(b.exp(x), w, { transB: 1 });
    const loss = b.sum(y, [0, 1], 0);
    const gradients = backward(b, new Map([[loss, b.scalar(1)]]), [w]);
    const graph = b.build([gradients.get(w)!]);
    expect(graph.nodes.map(n => n.op)).toEqual(['Exp', 'Reshape', 'Expand', 'Gemm']);
  });

  it('names a value the result does not depend on', () => {
    const { b, x, w } = builder();
    const loss = b.sum(b.exp(x), [0, 1], 0);
    expect(() => backward(b, new Map([[loss, b.scalar(1)]]), [w])).toThrow(/does not depend on w/);
  });

  it('names operator and node when a rule has no gradient', () => {
    const { b, x } = builder();
    const loss = b.max(x, [0, 1], 0);
    expect(() => backward(b, new Map([[loss, b.scalar(1)]]), [x])).toThrow(
      /gradient of ReduceMax \(ReduceMax\): ReduceMax has no gradient/,
    );
  });

  it('scatters a tied table’s rows onto the gradient it already has', () => {
    const b = new GraphBuilder('tied');
    const table = b.input('table', 'float32', [5, 2]);
    const rows = b.gather(table, b.ints([1, 1, 4]));
    const logits = b.gemm(rows, table, { transB: 1 });
    const loss = b.sum(logits, [0, 1], 0);
    const graph = b.build([backward(b, new Map([[loss, b.scalar(1)]]), [table]).get(table)!]);
    const last = graph.nodes.at(-1)!;
    expect(last.op).toBe('ScatterND');
    expect(graph.nodes.find(n => n.outputs[0] === last.inputs[0])?.op).toBe('Gemm');
  });
});
