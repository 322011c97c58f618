/** One measurement of the engine for bench/finetune.ts: passes over examples of which the end is trained. */
import { initializeParameters } from '../src/engine/model/initialize';
import { adapterParameters, baseParameters, type ModelShape } from '../src/engine/model/programs';
import {
  type Examples,
  exampleBatch,
  mostScored,
  rowOrder,
  rowsOf,
} from '../src/engine/train/exampleRows';
import { openTrainer } from '../src/engine/train/trainer';

const [kind = 'full', passes = '2', threads = '2', batch = '4', mode = ''] = process.argv.slice(2);
const base = {
  ...{ vocab_size: 50257, block_size: 256, n_layer: 4, n_head: 6, n_embed: 384 },
  ...{ dropout: 0, bias: false },
};
const COUNT = 96;

function examplesOf(): Examples {
  const lengths = Array.from({ length: COUNT }, (_, i) => 60 + ((i * 97) % 197));
  const starts = new Uint32Array(COUNT + 1);
  for (const [i, length] of lengths.entries()) starts[i + 1] = starts[i]! + length;
  const tokens = new Uint16Array(starts[COUNT]!);
  const trained = new Uint8Array(tokens.length);
  for (const [i, length] of lengths.entries()) {
    for (let t = 0; t < length; t++) tokens[starts[i]! + t] = (i * 7919 + t * 104729) % 50257;
    trained.fill(1, starts[i]! + Math.floor(length * 0.7), starts[i + 1]);
  }
  return { tokens, trained, starts };
}

async function measure(): Promise<object> {
  const lora = { r: 8, alpha: 16, targets: ['qkv', 'proj'] };
  const model: ModelShape = kind === 'lora' ? { base, lora } : { base };
  const examples = examplesOf();
  const rows = rowsOf(examples, 256, true);
  const size = Number(batch);
  const { order, stepsPerEpoch } = rowOrder(rows.rows.length, { seed: 1, batch: size, micros: 1 });
  const trainer = await openTrainer({
    ...{ model, seed: 1, threads: Number(threads), clip_grad_norm: 1 },
    shape: { batch: size, time: 256 },
    mostScored: mostScored(examples, rows, size),
    recomputes: mode === 'checkpointing',
    momentBits: mode === '8bit' ? 8 : 32,
    weights: initializeParameters([...baseParameters(model), ...adapterParameters(model)], 1),
    optimizer: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0 },
  });
  const seconds: number[] = [];
  let loss = NaN;
  for (let pass = 0; pass <= Number(passes); pass++) {
    const began = performance.now();
    for (let i = 0; i < stepsPerEpoch; i++) {
      const step = pass * stepsPerEpoch + i;
      const chosen = order(step, 0);
      ({ loss } = await trainer.step(step, 1e-4, [exampleBatch(examples, rows, chosen, size)]));
    }
    if (pass > 0) seconds.push((performance.now() - began) / 1000);
  }
  return { seconds, loss, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

void measure().then(result => console.log(JSON.stringify(result)));
