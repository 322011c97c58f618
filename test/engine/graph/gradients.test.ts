/** Every operator's gradient against central differences, through the real runtime. */
import { describe, expect, it } from 'vitest';
import { backward } from '../../../src/engine/graph/backward';
import { GraphBuilder, type Value } from '../../../src/engine/graph/graph';
import { gradientRules } from '../../../src/engine/graph/gradients';
import type { Op } from '../../../src/engine/graph/op';
import { openSession } from '../../../src/engine/session/session';
import { randomStream, uniform } from '../../../src/engine/tensor/random';
import { sizeOf, type Tensor, tensor } from '../../../src/engine/tensor/tensor';

interface Sample {
  /** Shapes of the differentiable inputs. */
  shapes: number[][];
  build: (b: GraphBuilder, xs: Value[]) => Value;
  /** Inputs are drawn from this interval. */
  range?: [number, number];
}
type NotDifferentiable = 'no gradient';

const ints = (b: GraphBuilder, shape: number[], xs: number[]) =>
  b.constant('i', tensor('int64', shape, BigInt64Array.from(xs, BigInt)));
const floats = (b: GraphBuilder, shape: number[], f: (i: number) => number) =>
  b.constant(
    't',
    tensor(
      'float32',
      shape,
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => f(i)),
    ),
  );
const x0 = (xs: Value[]) => xs[0]!;
const x1 = (xs: Value[]) => xs[1]!;

/** Several samples where a rule has several branches. An operator without a sample does not compile. */
const samples: { [K in Op]: Sample[] | NotDifferentiable } = {
  Add: [
    {
      shapes: [
        [2, 3],
        [2, 3],
      ],
      build: (b, xs) => b.add(x0(xs), x1(xs)),
    },
    {
      shapes: [
        [2, 3],
        [1, 3],
      ],
      build: (b, xs) => b.add(x0(xs), x1(xs)),
    },
    { shapes: [[3], [2, 3]], build: (b, xs) => b.add(x0(xs), x1(xs)) },
  ],
  Sub: [{ shapes: [[2, 3], [3]], build: (b, xs) => b.sub(x0(xs), x1(xs)) }],
  Mul: [
    {
      shapes: [
        [2, 3],
        [2, 1],
      ],
      build: (b, xs) => b.mul(x0(xs), x1(xs)),
    },
    { shapes: [[2, 3]], build: (b, xs) => b.mul(x0(xs), x0(xs)) },
  ],
  Div: [{ shapes: [[2, 3], [3]], build: (b, xs) => b.div(x0(xs), x1(xs)), range: [1, 2] }],
  Neg: [{ shapes: [[4]], build: (b, xs) => b.neg(x0(xs)) }],
  Exp: [{ shapes: [[4]], build: (b, xs) => b.exp(x0(xs)) }],
  Log: [{ shapes: [[4]], build: (b, xs) => b.log(x0(xs)), range: [0.5, 2] }],
  Sqrt: [{ shapes: [[4]], build: (b, xs) => b.sqrt(x0(xs)), range: [0.5, 2] }],
  Erf: [{ shapes: [[4]], build: (b, xs) => b.erf(x0(xs)) }],
  Tanh: [{ shapes: [[4]], build: (b, xs) => b.tanh(x0(xs)) }],
  Sigmoid: [{ shapes: [[4]], build: (b, xs) => b.sigmoid(x0(xs)) }],
  Max: 'no gradient',
  FastGelu: [{ shapes: [[2, 5]], build: (b, xs) => b.fastGelu(x0(xs)), range: [-3, 3] }],
  QuickGelu: [
    { shapes: [[2, 5]], build: (b, xs) => b.silu(x0(xs)), range: [-3, 3] },
    {
      shapes: [[2, 5]],
      build: (b, xs) => b.one('QuickGelu', xs, { alpha: 1.7 }),
      range: [-2, 2],
    },
  ],
  MatMulNBits: 'no gradient',
  MatMulBnb4: [
    {
      shapes: [[3, 32]],
      build: (b, xs) => {
        const bytes = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + 11) % 256);
        const packed = b.constant('packed', tensor('uint8', [64], bytes));
        const largest = floats(b, [2], i => 0.5 + i);
        const attributes = { K: 32, N: 4, block_size: 64, quant_type: 1 } as const;
        return b.one('MatMulBnb4', [x0(xs), packed, largest], attributes);
      },
    },
  ],
  SimplifiedLayerNormalization: [
    {
      shapes: [[3, 6], [6]],
      build: (b, xs) => b.one('SimplifiedLayerNormalization', xs, { axis: -1, epsilon: 1e-5 }),
    },
  ],
  Gelu: [{ shapes: [[2, 5]], build: (b, xs) => b.gelu(x0(xs)), range: [-3, 3] }],
  Gemm: ([0, 1] as const).flatMap(transA =>
    ([0, 1] as const).flatMap(transB => [
      {
        shapes: [transA ? [3, 2] : [2, 3], transB ? [4, 3] : [3, 4], [4]],
        build: (b: GraphBuilder, xs: Value[]) =>
          b.gemm(x0(xs), x1(xs), { transA, transB, alpha: 0.7, beta: 0.5 }, xs[2]),
      },
    ]),
  ),
  MatMul: [
    {
      shapes: [
        [2, 3, 4],
        [2, 4, 5],
      ],
      build: (b, xs) => b.matmul(x0(xs), x1(xs)),
    },
  ],
  FusedMatMul: ([0, 1] as const).flatMap(transA =>
    ([0, 1] as const).map(transB => ({
      shapes: [
        [2, ...(transA ? [4, 3] : [3, 4])],
        [2, ...(transB ? [5, 4] : [4, 5])],
      ],
      build: (b: GraphBuilder, xs: Value[]) =>
        b.fusedMatMul(x0(xs), x1(xs), { transA, transB, alpha: 0.6 }),
    })),
  ),
  Softmax: [{ shapes: [[2, 4]], build: (b, xs) => b.softmax(x0(xs)) }],
  LogSoftmax: [{ shapes: [[2, 4]], build: (b, xs) => b.logSoftmax(x0(xs)) }],
  LayerNormalization: [
    {
      shapes: [[3, 6], [6], [6]],
      build: (b, xs) => b.one('LayerNormalization', xs, { axis: -1, epsilon: 1e-5 }),
    },
    {
      shapes: [[3, 6], [6]],
      build: (b, xs) => b.one('LayerNormalization', xs, { axis: -1, epsilon: 1e-5 }),
    },
  ],
  ReduceSum: [
    { shapes: [[2, 3, 4]], build: (b, xs) => b.sum(x0(xs), [1]) },
    { shapes: [[2, 3, 4]], build: (b, xs) => b.sum(x0(xs), [0, 2], 0) },
  ],
  ReduceMean: [{ shapes: [[2, 3, 4]], build: (b, xs) => b.mean(x0(xs), [-1], 0) }],
  ReduceMax: 'no gradient',
  Identity: [{ shapes: [[4]], build: (b, xs) => b.mul(b.identity(x0(xs)), x0(xs)) }],
  Reshape: [{ shapes: [[2, 6]], build: (b, xs) => b.reshape(x0(xs), [3, 4]) }],
  Transpose: [{ shapes: [[2, 3, 4]], build: (b, xs) => b.transpose(x0(xs), [2, 0, 1]) }],
  Split: [
    {
      shapes: [[2, 6]],
      build: (b, xs) => {
        const [p, , r] = b.split(x0(xs), [1, 2, 3], 1);
        return b.add(p!, b.mul(r!, r!));
      },
    },
  ],
  Concat: [
    {
      shapes: [
        [2, 1],
        [2, 3],
      ],
      build: (b, xs) => b.concat(xs, 1),
    },
  ],
  Slice: [
    { shapes: [[5, 2]], build: (b, xs) => b.slice(x0(xs), 0, 1, 4) },
    { shapes: [[5, 2]], build: (b, xs) => b.slice(x0(xs), 0, 0, 5) },
  ],
  Expand: [{ shapes: [[1, 3]], build: (b, xs) => b.expand(x0(xs), [2, 4, 3]) }],
  Gather: [{ shapes: [[4, 3]], build: (b, xs) => b.gather(x0(xs), ints(b, [2, 2], [1, 3, 1, 1])) }],
  GatherElements: 'no gradient',
  ScatterND: [
    {
      shapes: [
        [4, 3],
        [2, 3],
      ],
      build: (b, xs) => b.scatterAdd(x0(xs), ints(b, [2, 1], [1, 1]), x1(xs)),
    },
  ],
  Cast: 'no gradient',
  Where: [
    {
      shapes: [[2, 3], [3]],
      build: (b, xs) => {
        const condition = b.constant('c', tensor('bool', [2, 1], Uint8Array.of(1, 0)));
        return b.one('Where', [condition, ...xs], {});
      },
    },
  ],
  RotaryEmbedding: [
    {
      shapes: [[1, 2, 3, 4]],
      build: (b, xs) => {
        const table = (f: (a: number) => number) => floats(b, [3, 2], i => f(0.3 * i));
        const attributes = { num_heads: 0, interleaved: 0 } as const;
        return b.one(
          'RotaryEmbedding',
          [x0(xs), b.ints([0]), table(Math.cos), table(Math.sin)],
          attributes,
        );
      },
    },
  ],
};

const differentiable = Object.entries(samples).flatMap(([op, list]) =>
  list === 'no gradient' ? [] : list.map((sample, i) => ({ op: op as Op, i, ...sample })),
);

/** L = Σ y ⊙ c with fixed random c, and its gradients by the rules. */
function program({ op, shapes, build }: { op: Op } & Sample) {
  const b = new GraphBuilder(op);
  const xs = shapes.map((shape, i) => b.input(`x${i}`, 'float32', shape));
  const y = build(b, xs);
  expect(b.nodes.some(n => n.op === op)).toBe(true);
  const next = randomStream(1, 'data');
  const weighted = b.mul(
    y,
    floats(b, [...y.shape], () => uniform(next) + 0.5),
  );
  const loss = b.sum(
    weighted,
    y.shape.map((_, i) => i),
    0,
  );
  const gradients = backward(b, new Map([[loss, b.scalar(1)]]), xs);
  // A gradient may serve two inputs, as in a sum: outputs are unique, names may repeat.
  const outputs = [loss, ...xs.map(x => gradients.get(x)!)];
  return { graph: b.build([...new Set(outputs)]), names: outputs.map(v => v.name) };
}

describe('gradient rules', () => {
  it.each(differentiable)('$op, sample $i, equals central differences', async sample => {
    const { graph, names } = program(sample);
    const session = await openSession(graph, { threads: 1 });
    const [low, high] = sample.range ?? [-1, 1];
    const next = randomStream(2, 'data');
    const xs = new Map(
      sample.shapes.map((shape, i): [string, Tensor<'float32'>] => [
        `x${i}`,
        tensor(
          'float32',
          shape,
          Float32Array.from({ length: sizeOf(shape) }, () => low + (high - low) * uniform(next)),
        ),
      ]),
    );
    const run = async () => {
      const outputs = await session.run(xs);
      return names.map(name => outputs.get(name)!.data as Float32Array);
    };
    const [, ...gradients] = await run();
    // The loss is float32 of order 1: a step of 1e-2 keeps rounding (1e-7/1e-2) and curvature
    // (1e-4 · f'''/6) both near 1e-4; a wrong rule is off by the order of 1.
    const h = 1e-2;
    for (const [i, x] of [...xs.values()].entries())
      for (let k = 0; k < x.data.length; k++) {
        const at = x.data[k]!;
        x.data[k] = at + h;
        const up = (await run())[0]![0]!;
        x.data[k] = at - h;
        const down = (await run())[0]![0]!;
        x.data[k] = at;
        const difference = Math.abs(gradients[i]![k]! - (up - down) / (2 * h));
        expect(difference, `d/dx${i}[${k}]`).toBeLessThan(5e-4);
      }
    await session.dispose();
  });

  it.each(
    Object.entries(samples)
      .filter(([, s]) => s === 'no gradient')
      .map(([op]) => op as Op),
  )('%s passes no gradient on, or says why it has none', op => {
    const b = new GraphBuilder('none');
    const x = b.input('x', 'float32', [2]);
    const node = { op, name: op, inputs: [x], outputs: [x], attributes: {} };
    const rule = gradientRules[op] as (c: unknown) => readonly unknown[];
    let passed: readonly unknown[] | string;
    try {
      passed = rule({ b, node, g: x, gs: [x], x: () => x, y: () => x, wants: () => true });
    } catch (error) {
      passed = (error as Error).message;
    }
    expect(typeof passed === 'string' ? passed : passed.filter(Boolean)).toSatisfy((p: unknown) =>
      typeof p === 'string' ? p.includes('has no gradient') : (p as []).length === 0,
    );
  });
});
