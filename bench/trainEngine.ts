/** One measurement of the engine for bench/train.ts: prints seconds of each step and the peak memory. */
import type { Node } from '../src/engine/graph/graph';
import { GraphBuilder } from '../src/engine/graph/graph';
import { initializeParameters } from '../src/engine/model/initialize';
import {
  adapterParameters,
  baseParameters,
  type ModelShape,
  trainingProgram,
} from '../src/engine/model/programs';
import { openSession } from '../src/engine/session/session';
import { randomStream, uniform } from '../src/engine/tensor/random';
import { sizeOf, tensor } from '../src/engine/tensor/tensor';
import { randomOrder, windowBatch } from '../src/engine/train/batches';
import { openTrainer } from '../src/engine/train/trainer';

const [kind = 'full', steps = '8', dropout = '0', threads = '2'] = process.argv.slice(2);
const WARMUP = 2;
const base = {
  vocab_size: 50257,
  block_size: 256,
  n_layer: 4,
  n_head: 6,
  n_embed: 384,
  dropout: Number(dropout),
  bias: false,
};
const shape = { batch: 4, time: 256 };

async function train(): Promise<object> {
  const lora = { r: 8, alpha: 16, targets: ['qkv', 'proj'] };
  const model: ModelShape = kind === 'lora' ? { base, lora } : { base };
  const weights = initializeParameters([...baseParameters(model), ...adapterParameters(model)], 1);
  const next = randomStream(1, 'data');
  const tokens = Uint16Array.from({ length: 100_000 }, () => Math.floor(uniform(next) * 50257));
  const order = randomOrder(tokens.length, { seed: 1, ...shape });
  const trainer = await openTrainer({
    model,
    shape,
    weights,
    seed: 1,
    threads: Number(threads),
    clip_grad_norm: 1,
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 },
  });
  const seconds: number[] = [];
  let loss = NaN;
  for (let step = 0; step < WARMUP + Number(steps); step++) {
    const batch = windowBatch(tokens, order(step, 0), shape.batch, shape.time);
    const began = performance.now();
    ({ loss } = await trainer.step(step, 1e-4, [batch]));
    if (step >= WARMUP) seconds.push((performance.now() - began) / 1000);
  }
  const cpu = process.cpuUsage();
  const flops = trainingProgram(model, shape).graph.nodes.reduce((sum, n) => sum + flopsOf(n), 0);
  return { seconds, loss, flops, peakBytes: process.resourceUsage().maxRSS * 1024, cpu };
}

/** Multiplications and additions of the products; everything else is small beside them. */
function flopsOf({ op, inputs, outputs, attributes }: Node): number {
  if (op !== 'Gemm' && op !== 'MatMul' && op !== 'FusedMatMul') return 0;
  const { transA = 0 } = attributes as { transA?: number };
  return 2 * sizeOf(outputs[0]!.shape) * inputs[0]!.shape.at(transA ? -2 : -1)!;
}

/** The best of several products shaped like the head's, which is most of the work. */
async function gemmPeak(): Promise<object> {
  const [m, k, n] = [1024, 384, 50257];
  const b = new GraphBuilder('gemm');
  const [x, w] = [b.input('x', 'float32', [m, k]), b.input('w', 'float32', [n, k])];
  const session = await openSession(b.build([b.sum(b.gemm(x, w, { transB: 1 }), [0], 1)]), {
    threads: Number(threads),
  });
  const square = new GraphBuilder('square');
  const [p, q] = [
    square.input('x', 'float32', [1536, 1536]),
    square.input('w', 'float32', [1536, 1536]),
  ];
  const squares = await openSession(square.build([square.gemm(p, q)]), {
    threads: Number(threads),
  });
  const filled = (shape: number[]) =>
    tensor('float32', shape, new Float32Array(sizeOf(shape)).fill(0.5));
  let peak = 0;
  const measure = async (run: () => Promise<unknown>, flops: number) => {
    for (let i = 0; i < 6; i++) {
      const began = performance.now();
      await run();
      peak = Math.max(peak, flops / ((performance.now() - began) / 1000));
    }
  };
  const head = new Map([
    ['x', filled([m, k])],
    ['w', filled([n, k])],
  ]);
  await measure(() => session.run(head), 2 * m * n * k);
  const both = new Map([
    ['x', filled([1536, 1536])],
    ['w', filled([1536, 1536])],
  ]);
  await measure(() => squares.run(both), 2 * 1536 ** 3);
  return { peak };
}

void (kind === 'gemm' ? gemmPeak() : train()).then(result => console.log(JSON.stringify(result)));
