import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/engine/config/readConfig';
import type { RunConfig } from '../../../src/engine/config/schema';
import { ProblemError } from '../../../src/engine/problem';
import { formatPlan } from '../../../src/engine/plan/formatPlan';
import type { PlanFacts } from '../../../src/engine/plan/planFacts';
import { planFacts } from '../../../src/engine/plan/planFacts';
import { refusalOf } from '../../../src/engine/plan/planWarnings';
import { planRun } from '../../../src/engine/plan/planRun';
import { refusalToResume, refusalToStart } from '../../../src/engine/plan/refusals';

const GB = 1e9;

function configOf(...lines: string[]): RunConfig {
  const text = ['weightroom: 1', 'model: { family: slm }', 'data: { train: a.txt }'];
  const keys = lines.map(line => line.split(':')[0]);
  const given = [...text.filter(line => !keys.includes(line.split(':')[0])), ...lines];
  const { config, problems } = readConfig(given.join('\n'));
  if (!config) throw new Error(JSON.stringify(problems));
  return config;
}

/** The notebook's model on a GSM8K of 1.27 M tokens, on a machine with room. */
const facts: PlanFacts = {
  model: {
    vocab_size: 50257,
    block_size: 256,
    n_layer: 4,
    n_head: 6,
    n_embed: 384,
    dropout: 0.1,
    bias: false,
  },
  trainTokens: { count: 1_267_505, isEstimate: false },
  validationTokens: { count: 200_000, isEstimate: false },
  freeMemory: 16 * GB,
  freeDisk: 100 * GB,
};

const NOTEBOOK = 'train: { max_steps: 10000, batch_size: 4, gradient_accumulation: 8 }';
const LORA = 'adapter: { kind: lora, r: 8, alpha: 16, targets: [qkv, proj] }';

describe('planRun', () => {
  it('counts steps, tokens and passes over the data', () => {
    const plan = planRun(configOf(NOTEBOOK), facts);
    expect(plan.steps).toBe(10_000);
    expect(plan.tokensPerStep).toBe(4 * 8 * 256);
    expect(plan.tokens).toBe(81_920_000);
    expect(plan.epochs).toBeCloseTo(64.63, 2);
  });

  it('counts the steps of epochs, and says when that is an estimate', () => {
    const epochs = 'train: { epochs: 2, batch_size: 4, gradient_accumulation: 8 }';
    const known = planRun(configOf(epochs), facts);
    expect(known.steps).toBe(Math.ceil((2 * facts.trainTokens.count) / (4 * 8 * 256)));
    expect(known.isStepsEstimate).toBe(facts.trainTokens.isEstimate);
    const guessed = { ...facts, trainTokens: { count: 1e6, isEstimate: true } };
    expect(planRun(configOf(epochs), guessed).isStepsEstimate).toBe(true);
  });

  it('counts the parameters of the notebook, part by part', () => {
    expect(planRun(configOf(NOTEBOOK), facts).parameters).toEqual({
      total: 26_380_032,
      trainable: 26_380_032,
      byPart: [
        { name: 'token embedding', count: 50257 * 384 },
        { name: 'attention', count: 4 * 4 * 384 * 384 },
        { name: 'MLP', count: 4 * 8 * 384 * 384 },
        { name: 'norms', count: 9 * 384 },
      ],
    });
  });

  it('counts the 135,168 parameters of its adapter', () => {
    const { total, trainable, byPart } = planRun(configOf(NOTEBOOK, LORA), facts).parameters;
    const perBlock = 8 * (384 + 3 * 384) + 8 * (384 + 384) + 8 * (4 * 384 + 384);
    expect(trainable).toBe(4 * perBlock);
    expect(trainable).toBe(135_168);
    expect(total).toBe(26_380_032 + 135_168);
    expect(byPart[0]).toEqual({ name: 'adapter', count: 135_168 });
  });

  it('gives every parameter a part, biases too', () => {
    const model = { ...facts.model, bias: true };
    const { total, byPart } = planRun(configOf(NOTEBOOK), { ...facts, model }).parameters;
    expect(byPart.reduce((sum, { count }) => sum + count, 0)).toBe(total);
  });

  it.each<[claim: string, lines: string[], checkpoints: number]>([
    ['those kept, the best and the next', ['train: { max_steps: 10000, save_every: 250 }'], 5],
    ['no more than are ever written', ['train: { max_steps: 500, save_every: 250 }'], 2],
    ['the last one alone', ['train: { save_every: 0 }'], 1],
  ])('plans disk for %s', (_, lines, checkpoints) => {
    const { diskBytes } = planRun(configOf(...lines), facts);
    expect(diskBytes.checkpoints).toBe(checkpoints);
    expect(diskBytes.checkpoint / (3 * 4 * 26_380_032)).toBeCloseTo(1, 3);
    expect(diskBytes.run / (checkpoints * diskBytes.checkpoint)).toBeCloseTo(1, 1);
  });

  it('plans disk for the base that a fresh adapter needs', () => {
    const fresh = planRun(configOf(NOTEBOOK, LORA), facts).diskBytes;
    const grown = planRun(configOf(NOTEBOOK, LORA, 'model: { from: base }'), facts).diskBytes;
    expect(fresh.run - grown.run).toBe(4 * 26_380_032);
    expect(grown.checkpoint).toBeLessThan(2e6);
  });
});

describe('warnings', () => {
  const warnings = (changes: Partial<PlanFacts>, ...lines: string[]) =>
    planRun(configOf(...lines), { ...facts, ...changes }).warnings.map(
      ({ code, message }) => `${code} ${message.replaceAll('\u2009', ' ')}`,
    );

  it('has none for a run that fits', () => {
    expect(warnings({}, NOTEBOOK)).toEqual([]);
  });

  it('names smaller micro-batches of the same step when those fit', () => {
    const [warning, ...more] = warnings({ freeMemory: 0.58 * GB }, NOTEBOOK, LORA);
    expect(more).toEqual([]);
    expect(warning).toMatch(/^plan\.memory About 5\d\d MB of memory are needed, 580 MB are free\./);
    expect(warning).toContain('Use `batch_size: 2` with `gradient_accumulation: 16`');
  });

  it('proposes only what it would itself accept', () => {
    for (const free of [2, 1.2, 0.9, 0.7, 0.5, 0.4]) {
      const [warning] = warnings({ freeMemory: free * GB }, NOTEBOOK, LORA);
      const batch = /`batch_size: (\d+)`/.exec(warning ?? '')?.[1] ?? '4';
      const micro = /`gradient_accumulation: (\d+)`/.exec(warning ?? '')?.[1] ?? '8';
      const row = /`data.max_length: (\d+)`/.exec(warning ?? '')?.[1];
      if (warning === undefined || warning.includes('smaller model')) continue;
      const twice = warning.includes('gradient_checkpointing');
      const train = `train: { batch_size: ${batch}, gradient_accumulation: ${micro}, gradient_checkpointing: ${twice} }`;
      const data = `data: { train: a.txt, max_length: ${row ?? 256} }`;
      expect(warnings({ freeMemory: free * GB }, train, LORA, data)).toEqual([]);
    }
  });

  it('refuses what needs more memory than there is, and says what would fit', () => {
    const small = { ...facts, freeMemory: 0.45 * GB };
    const plan = planRun(configOf(NOTEBOOK, LORA), small);
    expect(refusalOf(plan)?.message).toContain('Use `batch_size: ');
    expect(refusalOf(planRun(configOf(NOTEBOOK, LORA), facts))).toBeUndefined();
  });

  it('refuses to go on with a run for the same reason as to start it', () => {
    const baseDir = mkdtempSync(join(tmpdir(), 'plan-'));
    writeFileSync(join(baseDir, 'a.txt'), 'A text to learn from. '.repeat(100));
    const of = (n_layer: number, n_embed: number) => ({
      config: configOf(
        `model: { family: slm, n_layer: ${n_layer}, n_head: ${n_embed / 64}, n_embed: ${n_embed} }`,
        'data: { train: a.txt, tokenizer: bytes }',
      ),
      ...{ baseDir, runsDir: join(baseDir, 'runs') },
    });
    const huge = of(500, 16384);
    const start = refusalToStart(huge);
    expect(start).toMatchObject({ code: 'plan.does-not-fit', severity: 'error' });
    const resume = refusalToResume(huge);
    expect(resume).toMatchObject({ code: start!.code, where: start!.where });
    expect(resume!.message).toMatch(
      /are free\. .* A run goes on with the config it has: free memory/,
    );
    const small = of(1, 64);
    expect([refusalToStart(small), refusalToResume(small)]).toEqual([undefined, undefined]);
    rmSync(baseDir, { recursive: true });
  });

  it('proposes few bits for the frozen base of an adapter, and pages for all weights', () => {
    const model = 'model: { from: base }';
    const [first] = warnings({ freeMemory: 0.33 * GB }, model, LORA, 'train: { batch_size: 1 }');
    expect(first).toContain('`adapter.quantization: nf4`');
    const [second] = warnings({ freeMemory: 0.75 * GB }, model, 'train: { batch_size: 1 }');
    expect(second).toContain('`optimizer: paged_adamw8bit`');
  });

  it('says so when nothing fits', () => {
    expect(warnings({ freeMemory: 0.1 * GB }, NOTEBOOK)[0]).toContain('use a smaller model');
  });

  it('compares the run folder with the disk', () => {
    expect(warnings({ freeDisk: GB }, NOTEBOOK)).toEqual([
      'plan.disk The run folder grows to 1.59 GB, 1.00 GB are free. Free some space, or lower `keep_checkpoints`.',
    ]);
  });

  it('finds data shorter than a block', () => {
    const changes = {
      trainTokens: { count: 256, isEstimate: false },
      validationTokens: { count: 20, isEstimate: true },
    };
    expect(warnings(changes, NOTEBOOK)).toEqual([
      'plan.data-too-short The training data has 256 tokens, one block and its next token need 257. Use more data or a smaller `block_size`.',
      'plan.data-too-short The validation data has about 20 tokens, one block and its next token need 257. Use more data or a smaller `block_size`.',
    ]);
  });
});

describe('planFacts', () => {
  const inFolder = (files: Record<string, string | Uint16Array>, ...lines: string[]) => {
    const folder = mkdtempSync(join(tmpdir(), 'weightroom-plan-'));
    try {
      for (const [name, content] of Object.entries(files)) {
        writeFileSync(join(folder, name), content);
      }
      const runsDir = join(folder, 'not', 'yet', 'runs');
      return planFacts({ config: configOf(...lines), baseDir: folder, runsDir });
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  it('estimates the tokens of text from its size', () => {
    const { trainTokens, validationTokens, model } = inFolder(
      { 'a.txt': 'x'.repeat(1000) },
      'data: { train: a.txt, tokenizer: bytes, validation_fraction: 0.1 }',
    );
    expect(trainTokens).toEqual({ count: 900, isEstimate: true });
    expect(validationTokens).toEqual({ count: 100, isEstimate: true });
    expect(model.vocab_size).toBe(257);
  });

  it('reads the tokens of a bin', () => {
    const { trainTokens, validationTokens } = inFolder(
      { 'a.bin': new Uint16Array(500) },
      'model: { family: slm, vocab_size: 9 }',
      'data: { train: a.bin, tokenizer: none }',
    );
    expect(trainTokens).toEqual({ count: 500, isEstimate: false });
    expect(validationTokens).toBeUndefined();
  });

  it('finds what is free, where the runs folder will be', () => {
    const { freeMemory, freeDisk } = inFolder({ 'a.txt': 'x' });
    expect(freeMemory).toBeGreaterThan(1e6);
    expect(freeDisk).toBeGreaterThan(1e6);
  });

  it('names a file that is missing', () => {
    expect(() => inFolder({})).toThrow(ProblemError);
    expect(() => inFolder({})).toThrow(/There is no file `a\.txt`/);
  });
});

describe('formatPlan', () => {
  const plan = planRun(configOf(NOTEBOOK, LORA), { ...facts, freeDisk: 1e6 });

  it('aligns its columns for a terminal', () => {
    const lines = formatPlan(plan, { name: 'gsm8k' }).replaceAll('\u2009', ' ').split('\n');
    expect(lines[0]).toBe('Plan of gsm8k');
    expect(lines).toContain('  tokens per step       8 192');
    expect(lines).toContain('  trained               135 168 (0.51 %)');
    const rows = lines.filter(line => line.startsWith('  '));
    expect(rows.length).toBeGreaterThan(15);
    expect(new Set(rows.map(startOfValue)).size).toBe(1);
    expect(lines.at(-2)).toMatch(/^Warning: The run folder grows to/);
  });

  it('makes tables for a markdown document', () => {
    const text = formatPlan(plan, { style: 'markdown' }).replaceAll('\u2009', ' ');
    expect(text).toContain('# Plan of run\n');
    expect(text).toContain('| tokens per step | 8 192 |');
    expect(text).toContain('> **Warning**: The run folder');
  });
});

/** Column after the label and its padding. */
const startOfValue = (line: string): number => /^ {2}\S.*?\s{2,}/.exec(line)?.[0].length ?? -1;
