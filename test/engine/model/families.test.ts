/** Equality with transformers on models of each family: logits, loss, gradients, padding, dtypes. */
import { mkdtempSync, copyFileSync, rmSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { trace, type TraceInput } from '../../../src/engine/evaluate/trace';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import { readModelFolder } from '../../../src/engine/model/modelFolder';
import { type Tensor, tensor } from '../../../src/engine/tensor/tensor';
import { largestDifference, largestValue } from '../../tensors';

interface Golden {
  ids: number[][];
  attention_mask: number[][];
  labels: number[][];
  loss: number;
  lora_qv: { loss_trained: number };
  lora_all: { loss_trained: number };
  lora_rs: { loss_trained: number };
  leftpad: { ids: number[][]; attention_mask: number[][]; position_ids: number[][] };
}

const ints = (rows: number[][]): Tensor<'int64'> =>
  tensor('int64', [rows.length, rows[0]!.length], BigInt64Array.from(rows.flat(), BigInt));

/** Hugging Face's labels stand under their own token and are shifted inside; ours are shifted. */
const shifted = (labels: number[][]): number[][] =>
  labels.map(row => [...row.slice(1), -100].map(label => (label === -100 ? -1 : label)));

/** Differences relative to the largest value of the reference. */
const error = (a: Tensor, b: Tensor): number => largestDifference(a, b) / largestValue(b);

/** The last position of each row has no successor, and what padding sees is nobody's business. */
function seen(logits: Tensor, mask: number[][]): Tensor {
  const width = logits.shape[2]!;
  const rows = mask.flat().flatMap((m, i) => (m === 1 ? [i] : []));
  const data = Float32Array.from(
    rows.flatMap(i => Array.from(logits.data.slice(i * width, (i + 1) * width), Number)),
  );
  return tensor('float32', [rows.length, width], data);
}

describe.each(['gpt2-tiny', 'llama2-tiny', 'llama32-tiny', 'qwen25-tiny'])('%s', name => {
  const dir = new URL(`../../fixtures/hf/${name}/`, import.meta.url).pathname;
  const golden = JSON.parse(readFileSync(join(dir, 'golden.json'), 'utf8')) as Golden;
  const reference = readSafetensors(join(dir, 'golden.safetensors'));
  const { model, weights } = readModelFolder(dir);
  const input: TraceInput = {
    idx: ints(golden.ids),
    attentionMask: ints(golden.attention_mask),
    targets: ints(shifted(golden.labels)),
    gradients: true,
  };
  const traced = trace(model, weights, input);

  // The reference itself is 1e-6 off float64; 2e-5 of the largest leaves room for another order of sums.
  it('gives the logits of transformers', async () => {
    const [ours, theirs] = [(await traced).get('logits')!, reference.get('logits')!];
    const mask = golden.attention_mask;
    expect(error(seen(ours, mask), seen(theirs, mask))).toBeLessThan(2e-5);
  });

  it('gives its loss', async () => {
    expect((await traced).get('loss')!.data[0]).toBeCloseTo(golden.loss, 5);
  });

  it('gives each of its gradients', async () => {
    const all = [...reference].filter(([key]) => key.startsWith('grad/'));
    expect(all.length).toBe(weights.size);
    for (const [key, theirs] of all) {
      const ours = (await traced).get(key.slice('grad/'.length))!;
      expect(error(ours, theirs), key).toBeLessThan(3e-5);
    }
  });

  it('gives the same with padding on the left', async () => {
    const { ids, attention_mask, position_ids } = golden.leftpad;
    const results = await trace(model, weights, {
      idx: ints(ids),
      attentionMask: ints(attention_mask),
      positionIds: ints(position_ids),
      gradients: false,
    });
    const [ours, theirs] = [results.get('logits')!, reference.get('logits_leftpad')!];
    expect(error(seen(ours, attention_mask), seen(theirs, attention_mask))).toBeLessThan(2e-5);
  });

  it.each(['lora_qv', 'lora_all', 'lora_rs'] as const)(
    'has the loss of PEFT with the adapter %s',
    async adapter => {
      const adapted = readModelFolder(join(dir, `${adapter}_trained`), { baseDir: dir });
      const results = await trace(adapted.model, adapted.weights, { ...input, gradients: false });
      expect(results.get('loss')!.data[0]).toBeCloseTo(golden[adapter].loss_trained, 5);
    },
  );

  it.each(['bf16', 'f16'])('computes in float32 with weights of %s', async dtype => {
    const copy = mkdtempSync(join(tmpdir(), 'weightroom-'));
    copyFileSync(join(dir, 'config.json'), join(copy, 'config.json'));
    copyFileSync(join(dir, `model.${dtype}.safetensors`), join(copy, 'model.safetensors'));
    const narrow = readModelFolder(copy).weights;
    rmSync(copy, { recursive: true });
    const results = await trace(model, narrow, { ...input, gradients: false });
    const theirs = reference.get(`logits_${dtype}weights_f32math`)!;
    const mask = golden.attention_mask;
    expect(error(seen(results.get('logits')!, mask), seen(theirs, mask))).toBeLessThan(2e-5);
  });
});
