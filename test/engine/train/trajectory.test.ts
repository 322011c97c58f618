/** Twenty AdamW steps, full and LoRA, against PyTorch's losses, norms and final weights. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import type { ModelShape } from '../../../src/engine/model/programs';
import type { SlmShape } from '../../../src/engine/model/slmParameters';
import { replayedOrder, windowBatch } from '../../../src/engine/train/batches';
import { learningRate } from '../../../src/engine/train/schedule';
import { openTrainer } from '../../../src/engine/train/trainer';
import { hasWebGpu } from '../../softwareGpu';
import { largestDifference } from '../../tensors';

const dir = new URL('../../fixtures/slm/', import.meta.url).pathname;
const base = JSON.parse(readFileSync(`${dir}config.json`, 'utf8')) as SlmShape;
const bytes = readFileSync(`${dir}train.bin`);
const tokens = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);

interface Golden {
  lr: number;
  weight_decay: number;
  betas: [number, number];
  eps: number;
  clip: number;
  warmup_steps: number;
  r?: number;
  alpha?: number;
  starts: number[][][];
  log: { step: number; lr: number; loss: number; grad_norm: number }[];
}
const golden = JSON.parse(readFileSync(`${dir}golden.json`, 'utf8')) as Record<
  'full' | 'lora',
  Golden
>;

const full = { kind: 'full', initial: ['model'], after: 'after_full' } as const;
const adapter = { kind: 'lora', initial: ['model', 'lora_init'], after: 'after_lora' } as const;
/** A GPU in software is slow: two steps show that it computes the same. */
const cases = [
  { device: 'cpu', steps: 20, ...full },
  { device: 'cpu', steps: 20, ...adapter },
  { device: 'webgpu', steps: 2, ...full },
] as const;

describe.each(cases)('$kind training on $device', ({ device, steps, kind, initial, after }) => {
  const isHere = device === 'cpu' || hasWebGpu;
  const claim = "follows PyTorch's loss within 2e-5, and ends within 1e-4 of every weight";
  it.skipIf(!isHere)(claim, { timeout: 120_000 }, async () => {
    const g = golden[kind];
    const lora = g.r ? { r: g.r, alpha: g.alpha!, targets: ['qkv', 'proj'] } : undefined;
    const model: ModelShape = { base, ...(lora && { lora }) };
    const shape = { batch: g.starts[0]![0]!.length, time: base.block_size };
    const weights = new Map(
      initial.flatMap(file => [...readSafetensors(`${dir}${file}.safetensors`)]),
    );
    const trainer = await openTrainer({
      model,
      shape,
      weights,
      seed: 0,
      device,
      clip_grad_norm: g.clip,
      optimizer: {
        beta1: g.betas[0],
        beta2: g.betas[1],
        epsilon: g.eps,
        weight_decay: g.weight_decay,
      },
    });
    const schedule = {
      max_steps: g.log.length,
      learning_rate: g.lr,
      schedule: 'cosine' as const,
      warmup_steps: g.warmup_steps,
      min_lr_ratio: 0.1,
    };
    const order = replayedOrder(g.starts, 'golden.json');
    for (const expected of g.log.slice(0, steps)) {
      const { step } = expected;
      const lr = learningRate(schedule, step);
      expect(Math.abs(lr - expected.lr), `lr of step ${step}`).toBeLessThan(1e-12);
      const micros = g.starts[step]!.map((_, micro) =>
        windowBatch(tokens, order(step, micro), shape.batch, shape.time),
      );
      const { loss, gradNorm } = await trainer.step(step, lr, micros);
      expect(Math.abs(loss - expected.loss), `loss of step ${step}`).toBeLessThan(2e-5);
      expect(Math.abs(gradNorm - expected.grad_norm), `norm of step ${step}`).toBeLessThan(2e-4);
    }
    await trainer.dispose();
    if (steps < g.log.length) return;
    for (const [name, w] of readSafetensors(`${dir}${after}.safetensors`))
      expect(largestDifference(trainer.trainable.get(name)!, w), name).toBeLessThan(1e-4);
  });
});
