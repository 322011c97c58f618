/**
 * A small workspace to train in: sums as text, configs that take seconds on any machine, and one
 * that trains until it is stopped.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Values that differ between the configs of `writeWorkspace`. */
interface Variant {
  steps: number;
  learningRate: string;
}

/** More than any machine trains before it is stopped: whoever looks is never too late. */
export const endlessSteps = 1_000_000;
export const shortSteps = 60;
const endless: Variant = { steps: endlessSteps, learningRate: '3e-3' };
const slow: Variant = { steps: shortSteps, learningRate: '1e-3' };
const steep: Variant = { steps: shortSteps, learningRate: '1e-2' };

export function writeWorkspace(folder: string): void {
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'sums.txt'), sums(600));
  writeFileSync(join(folder, 'sums.yaml'), configOf(endless));
  writeFileSync(join(folder, 'slow.yaml'), configOf(slow));
  writeFileSync(join(folder, 'steep.yaml'), configOf(steep));
  writeFileSync(join(folder, 'mistakes.yaml'), mistakes);
}

function sums(count: number): string {
  const terms = Array.from({ length: count }, (_, i) => [i % 10, (i * 7) % 10] as const);
  return terms.map(([a, b]) => `${a} + ${b} = ${a + b}\n`).join('');
}

function configOf({ steps, learningRate }: Variant): string {
  return `weightroom: 1
model:
  family: slm
  block_size: 32
  n_layer: 2
  n_head: 4
  n_embed: 64
data:
  train: data/sums.txt
  tokenizer: bytes
train:
  max_steps: ${steps}
  batch_size: 16
  learning_rate: ${learningRate}
  warmup_steps: 20
  eval_every: 200
  eval_batches: 2
  save_every: 200
`;
}

/** A head count that does not divide the width, and a key with a typing error. */
const mistakes = `weightroom: 1
model:
  family: slm
  n_head: 5
  n_embed: 64
data:
  train: data/sums.txt
  tokeniser: bytes
`;
