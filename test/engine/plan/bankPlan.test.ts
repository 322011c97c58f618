/** The plan of a step in banks: against peaks that tt-metal measured, and against itself. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bankDevice } from '../../../src/engine/devices/bankDevice';
import { type BankJob, readBankJob } from '../../../src/engine/plan/bankJob';
import { inBanks } from '../../../src/engine/plan/bankMemory';
import { bankPlan } from '../../../src/engine/plan/bankPlan';

const wormhole = bankDevice('wormhole');

function job(text: string): BankJob {
  const dir = mkdtempSync(join(tmpdir(), 'wr-bank-'));
  const path = join(dir, 'config.yaml');
  writeFileSync(path, text);
  const read = readBankJob(text, path);
  expect(read.problems.filter(p => p.severity === 'error')).toEqual([]);
  return read.job!;
}

const transformer = (lines: string, training = '') => `training_config:
  project_name: test
  batch_size: 64
${training}  transformer_config:
${lines
  .trim()
  .split('\n')
  .map(line => `    ${line.trim()}`)
  .join('\n')}
`;

const gpt2s = (runner: string) =>
  job(
    transformer(`model_type: gpt2
    runner_type: ${runner}
    num_heads: 12
    embedding_dim: 768
    num_blocks: 12
    vocab_size: 50257
    max_sequence_length: 1024
    weight_tying: enabled`),
  );

const llama8b = (batch = 1) =>
  job(
    `${transformer(`model_type: llama
    num_heads: 32
    num_groups: 8
    embedding_dim: 4096
    intermediate_dim: 14336
    num_blocks: 32
    vocab_size: 128256
    max_sequence_length: 256`).replace('batch_size: 64', `batch_size: ${batch}`)}`,
  );

describe('a plan in banks', () => {
  // PR 16205 of tt-metal: GPT-2 small, batch 64, peak of device memory with both runners, in MB
  it.each([
    ['default', 51038],
    ['memory_efficient', 12078],
  ])('comes within 5 % of the peak that was measured with runner %s', (runner, measured) => {
    const plan = bankPlan(gpt2s(runner), { ...wormhole, bankBytes: 10e9 });
    const peak = (plan.perBankBytes * wormhole.banks) / 1e6;
    expect(peak / measured).toBeGreaterThan(0.95);
    expect(peak / measured).toBeLessThan(1.05);
  });

  it('holds every buffer by the formula, and their sums', () => {
    const plan = bankPlan(gpt2s('memory_efficient'), wormhole);
    for (const buffer of plan.buffers)
      expect(inBanks(buffer, wormhole)).toMatchObject({
        pages: buffer.pages,
        perBankBytes: buffer.perBankBytes,
      });
    const sum = plan.categories.reduce((n, c) => n + c.perBankBytes, 0);
    expect(plan.phases.find(p => p.phase === plan.peakPhase)!.perBankBytes).toBe(plan.perBankBytes);
    expect(plan.perBankBytes).toBeLessThanOrEqual(sum);
    expect(plan.categories.map(c => c.category)).toEqual([
      'weights',
      'gradients',
      'optimizer',
      'activations',
      'logits',
      'kv-cache',
    ]);
  });

  it('counts the parameters of GPT-2 small without what fills up tiles', () => {
    expect(bankPlan(gpt2s('default'), wormhole).parameters).toBe(124439808);
  });

  it('says of the 8B model that its weights alone do not fit, and which buffer fails', () => {
    const plan = bankPlan(llama8b(), wormhole);
    expect(plan).toMatchObject({ fits: false, kind: 'tt-train', family: 'llama' });
    expect(plan.failure).toMatchObject({
      phase: 'model',
      category: 'weights',
      cause: 'size',
      bytes: 117440512,
      perBankBytes: 9787392,
    });
    expect(plan.failure!.buffer).toMatch(/llama_block_\d+\/mlp\/w[123]\/weight/);
    expect(plan.failure!.largestFreeBlockBytes).toBeLessThan(9787392);
    const split = plan.suggestions.find(({ id }) => id === 'sharding');
    expect(split).toMatchObject({ fits: true, title: expect.stringMatching(/over 8 devices/) });
  });

  it('proposes what fits, and what it proposes does fit when it is done', () => {
    const plan = bankPlan(gpt2s('memory_efficient'), { ...wormhole, bankBytes: 700e6 });
    expect(plan.fits).toBe(false);
    expect(plan.shortBytes).toBe(plan.perBankBytes - 700e6);
    const batch = plan.suggestions.find(({ id }) => id === 'batch')!;
    expect(batch.fits).toBe(true);
    const rows = Number(batch.edits[0]!.value);
    expect(rows * Number(batch.edits[1]!.value)).toBe(64);
    const after = bankPlan(
      { ...gpt2s('memory_efficient'), batch: rows },
      { ...wormhole, bankBytes: 700e6 },
    );
    expect(after).toMatchObject({ fits: true, perBankBytes: batch.perBankBytes, shortBytes: 0 });
    expect(plan.largestBatch).toBeGreaterThanOrEqual(rows);
    const most = { ...gpt2s('memory_efficient'), batch: plan.largestBatch };
    expect(bankPlan(most, { ...wormhole, bankBytes: 700e6 }).fits).toBe(true);
    expect(
      bankPlan({ ...most, batch: plan.largestBatch + 1 }, { ...wormhole, bankBytes: 700e6 }).fits,
    ).toBe(false);
  });

  it('combines two changes where no one is enough', () => {
    const plan = bankPlan(gpt2s('default'), { ...wormhole, bankBytes: 150e6 });
    expect(plan.suggestions.every(({ fits }) => !fits)).toBe(true);
    expect(plan.pairs.length).toBeGreaterThan(0);
    expect(plan.pairs[0]!.id).toContain('+');
  });

  it('keeps four times the states in full precision as in bf16', () => {
    const of = (type: string) =>
      bankPlan(
        job(
          transformer('model_type: gpt2\nweight_tying: true', `  optimizer: { type: ${type} }\n`),
        ),
        wormhole,
      ).categories.find(c => c.category === 'optimizer')?.bytes ?? 0;
    const [adam, full, sgd] = [of('AdamW'), of('AdamWFullPrecision'), of('SGD')];
    expect(full).toBe(3 * adam);
    expect(sgd).toBe(0);
  });

  it('takes a Weightroom config as well, and its adapter', () => {
    const dir = mkdtempSync(join(tmpdir(), 'wr-bank-'));
    writeFileSync(join(dir, 'text.txt'), 'hello world\n'.repeat(100));
    const text = (adapter: string) => `weightroom: 1
model: { family: slm, vocab_size: 512, block_size: 64, n_layer: 2, n_head: 2, n_embed: 64 }
data: { train: text.txt, tokenizer: bytes }
train: { max_steps: 10, batch_size: 4 }
${adapter}`;
    const path = join(dir, 'run.yaml');
    const plan = (adapter: string) => bankPlan(readBankJob(text(adapter), path).job!, wormhole);
    const full = plan('');
    expect(full).toMatchObject({ kind: 'weightroom', fits: true, batch: 4, time: 64 });
    const bytesOf = (p: typeof full, category: string) =>
      p.categories.find(c => c.category === category)!.bytes;
    const lora = plan('adapter: { kind: lora, r: 4, alpha: 8, targets: [qkv] }\n');
    expect(bytesOf(lora, 'gradients')).toBeLessThan(bytesOf(full, 'gradients'));
    expect(bytesOf(lora, 'weights')).toBeGreaterThan(bytesOf(full, 'weights'));
  });
});
