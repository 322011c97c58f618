/**
 * Runs that are stopped at random steps and go on: to the bit what they would have been, whatever is
 * trained and however. `WEIGHTROOM_STOPS=50` makes fifty of them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/engine/config/readConfig';
import { loadCheckpoint } from '../../src/engine/run/checkpoint';
import { newestCheckpoint } from '../../src/engine/run/checkpointList';
import { request } from '../../src/engine/run/control';
import { executeRun } from '../../src/engine/run/executeRun';
import { createRunFolder } from '../../src/engine/run/runFolder';
import { readRunLog } from '../../src/engine/run/runLog';
import { type Execute, runProcess } from '../../src/engine/run/runProcess';
import { randomNumbers } from './randomNumbers';
import { scratchFolder } from './scratchFolder';

const STOPS = Number(process.env['WEIGHTROOM_STOPS'] ?? 6);
const STEPS = 24;
const folder = scratchFolder();
process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
writeFileSync(
  join(folder, 'sums.jsonl'),
  Array.from({ length: 60 }, (_, i) =>
    JSON.stringify({ prompt: `${i % 10}+${i % 7}=`, completion: `${(i % 10) + (i % 7)}` }),
  ).join('\n'),
);

/** [name, train, adapter]: each holds something else that a resume must bring back. */
const kinds = [
  ['all weights, with dropout', 'gradient_accumulation: 2, eval_every: 5', ''],
  [
    'an adapter',
    'schedule: linear, warmup_steps: 6',
    'adapter: { kind: lora, r: 4, dropout: 0.2 }',
  ],
  ['moments in 8 bits', 'optimizer: adamw8bit, eval_strategy: epoch', ''],
  ['moments on the disk', 'optimizer: paged_adamw8bit, weight_decay: 0.1', ''],
  ['blocks computed twice', 'gradient_checkpointing: true, save_strategy: best, eval_every: 3', ''],
  [
    'an adapter over 4 bits',
    'gradient_accumulation: 2, early_stopping_patience: 50',
    'adapter: { kind: lora, r: 4, targets: [qkv, fc], rslora: true, quantization: nf4 }',
  ],
] as const;

function createRun(kind: (typeof kinds)[number], name: string): string {
  const [, train, adapter] = kind;
  const configText = [
    'weightroom: 1',
    'model: { family: slm, block_size: 32, n_layer: 2, n_head: 2, n_embed: 64, dropout: 0.1 }',
    'data: { train: sums.jsonl, format: completion, tokenizer: bytes, validation_fraction: 0.2 }',
    `train: { max_steps: ${STEPS}, batch_size: 2, learning_rate: 1e-2, save_every: 7, keep_checkpoints: 9, ${train} }`,
    adapter,
  ].join('\n');
  const configPath = join(folder, `${name}.yaml`);
  writeFileSync(configPath, configText);
  const { config, problems } = readConfig(configText, configPath);
  if (!config) throw new Error(JSON.stringify(problems));
  const runs = join(folder, 'runs');
  return createRunFolder(runs, { configText, configPath, name, resolved: { config } });
}

/** The run with a request to stop as soon as it has made these steps. */
const stoppedAt = (runDir: string, step: number): Execute =>
  async function* (input) {
    for await (const event of executeRun(input)) {
      if (event.type === 'step' && event.step === step) request(runDir, 'stop');
      yield event;
    }
  };

/** Everything that training produced, but for times. */
function outcomeOf(runDir: string) {
  const losses = new Map<number, [number, number]>();
  const evaluations = new Map<number, number>();
  for (const event of readRunLog(runDir).events) {
    if (event.type === 'step') losses.set(event.step, [event.loss, event.grad_norm]);
    if (event.type === 'eval') evaluations.set(event.step, event.loss);
  }
  const { dir } = newestCheckpoint(runDir).checkpoint!;
  const { weights, optimizer, state } = loadCheckpoint(dir);
  const bits = (tensors: typeof weights) =>
    [...tensors].map(([name, { shape, data }]) => [name, shape, Buffer.from(data.buffer).toString('base64')]); // prettier-ignore
  return { losses, evaluations, weights: bits(weights), optimizer: bits(optimizer), state };
}

/** Straight runs by kind: what the others must come to. */
const straight = new Map<string, ReturnType<typeof outcomeOf>>();
async function reference(kind: (typeof kinds)[number]) {
  const known = straight.get(kind[0]);
  if (known) return known;
  const runDir = createRun(kind, `straight-${straight.size}`);
  expect(await runProcess(runDir, { execute: executeRun })).toMatchObject({ outcome: 'done' });
  const outcome = outcomeOf(runDir);
  expect(outcome.losses.size).toBe(STEPS);
  straight.set(kind[0], outcome);
  return outcome;
}

const random = randomNumbers(4);
const stops = Array.from({ length: STOPS }, (_, i) => ({
  kind: kinds[i % kinds.length]!,
  name: kinds[i % kinds.length]![0],
  i,
  at: 1 + Math.floor(random() * (STEPS - 3)),
  again: Math.floor(random() * 4),
}));

describe('a run that is stopped', () => {
  it.each(stops)('at step $at goes on to the same bits: $name ($i)', async stop => {
    const { kind, i, at, again } = stop;
    const expected = await reference(kind);
    const runDir = createRun(kind, `stopped-${i}`);
    const first = await runProcess(runDir, { execute: stoppedAt(runDir, at) });
    expect(first).toMatchObject({ outcome: 'stopped' });
    // every other run is stopped a second time, soon after
    if (i % 2 === 1) {
      const second = stoppedAt(runDir, at + 1 + again);
      await runProcess(runDir, { execute: second, resume: true });
    }
    const end = readRunLog(runDir).events.at(-1);
    // a stop in the last step finds the run done
    if (end?.type === 'end' && end.outcome !== 'done')
      expect(await runProcess(runDir, { execute: executeRun, resume: true })).toMatchObject({
        outcome: 'done',
        step: STEPS,
      });
    const { state, ...rest } = outcomeOf(runDir);
    const { state: wanted, ...others } = expected;
    expect(rest).toEqual(others);
    // the config's hash is of its own name
    expect({ ...state, configHash: '' }).toEqual({ ...wanted, configHash: '' });
    expect(readFileSync(join(runDir, 'events.jsonl'), 'utf8')).not.toContain('approximate');
  });
});
