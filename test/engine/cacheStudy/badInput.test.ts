/** What does not fit together is refused by name, before anything is computed. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CacheStudyConfig } from '../../../src/engine/config/schema';
import { disk } from '../../../src/engine/files/fileSystem';
import { readSafetensors, writeSafetensors } from '../../../src/engine/formats/safetensors';
import { ProblemError } from '../../../src/engine/problem';
import type { Tensor } from '../../../src/engine/tensor/tensor';
import { scratchFolder } from '../../durability/scratchFolder';
import { fixture, run, studyOf } from './studies';

const scratch = scratchFolder();
let copies = 0;

/** A copy of an adapter with another config, or other weights. */
function adapterWith(
  config: object,
  weights: (all: Map<string, Tensor>) => Map<string, Tensor> = all => all,
): string {
  const from = fixture('mha/adapter-qkvo');
  const dir = join(scratch, `adapter-${copies++}`);
  cpSync(from, dir, { recursive: true });
  const path = join(dir, 'adapter_config.json');
  const own = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...own, ...config }));
  const file = join(dir, 'adapter_model.safetensors');
  writeSafetensors(disk, file, weights(readSafetensors(file)));
  return dir;
}

const without =
  (part: string) =>
  (all: Map<string, Tensor>): Map<string, Tensor> =>
    new Map([...all].filter(([name]) => !name.includes(part)));

async function refusal(study: CacheStudyConfig): Promise<{ code: string; message: string }> {
  try {
    await run(study);
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
  throw new Error('nothing was refused');
}

const ONE = { adapters: [fixture('mha/adapter-qv')] };

describe('a study is refused', () => {
  it.each<[claim: string, study: () => Partial<CacheStudyConfig>, code: string, says: RegExp]>([
    [
      'with an adapter of other sizes',
      () => ({ adapters: [fixture('gqa/adapter-qkvo')] }),
      'cache.other-base',
      /adapter of another base/,
    ],
    [
      'with an adapter that names another base of the same sizes',
      () => {
        const model = join(scratch, `model-${copies++}`);
        cpSync(fixture('mha/model'), model, { recursive: true });
        const file = join(model, 'model.safetensors');
        const all = readSafetensors(file);
        (all.get('model.norm.weight')!.data as Float32Array)[0]! += 1e-3;
        writeSafetensors(disk, file, all);
        return { adapters: [adapterWith({ base_model_name_or_path: model })] };
      },
      'cache.other-base',
      /whose weights are not those of/,
    ],
    [
      'with a rank that the weights do not have',
      () => ({ adapters: [adapterWith({ r: 4 })] }),
      'cache.ranks',
      /ranks of adapter_config.json and of its weights differ/,
    ],
    [
      'with an adapter that leaves values alone',
      () => ({
        adapters: [
          adapterWith({ target_modules: ['q_proj', 'k_proj', 'o_proj'] }, without('v_proj')),
        ],
      }),
      'cache.no-v-target',
      /no layer that makes values \(self_attn.v_proj\)/,
    ],
    [
      'with a folder that is no adapter',
      () => ({ adapters: [fixture('mha/model')] }),
      'cache.not-an-adapter',
      /no adapter_config.json/,
    ],
    [
      'over an adapter',
      () => ({ model: fixture('mha/adapter-qv') }),
      'cache.not-a-base',
      /is an adapter/,
    ],
    ['over nothing', () => ({ model: 'nowhere' }), 'cache.no-model', /no folder of a model/],
    [
      'with a prefix longer than the context',
      () => ({ ...ONE, prefix_ids: Array(240).fill(1) as number[], tokens: 32 }),
      'cache.too-long',
      /240 tokens and 33 behind it are more than the model's context of 256/,
    ],
    [
      'with tokens beyond the vocabulary',
      () => ({ ...ONE, prefix_ids: [1, 2, 131] }),
      'cache.token',
      /Token 131 is outside the model's vocabulary of 131/,
    ],
    [
      'with text for a model without tokenizer',
      () => ({ ...ONE, prefix_ids: undefined, prefix: 'You are careful.' }),
      'cache.no-tokenizer',
      /Use `prefix_ids`/,
    ],
    [
      'with a tensor of ids that is not there',
      () => ({ ...ONE, prefix_ids: `${fixture('mha/cache.safetensors')}#idx` }),
      'cache.bad-ids',
      /has no tensor "idx"; it has/,
    ],
    [
      'with numbers that are no ids',
      () => ({ ...ONE, prefix_ids: `${fixture('mha/cache.safetensors')}#base/0/k` }),
      'cache.bad-ids',
      /no token ids/,
    ],
    [
      'with one token to cache and nothing behind it',
      () => ({ ...ONE, prefix_ids: [5], continuation: undefined }),
      'cache.no-prefix',
      /nothing to cache/,
    ],
    [
      'with a layer that is not there',
      () => ({ ...ONE, layers: [3] }),
      'cache.no-layer',
      /no layer 3/,
    ],
    [
      'with weights that are not finite',
      () => ({
        adapters: [
          adapterWith({}, all => {
            (all.values().next().value!.data as Float32Array)[0] = NaN;
            return all;
          }),
        ],
      }),
      'cache.not-finite',
      /not finite/,
    ],
  ])('%s', async (_claim, study, code, says) => {
    const found = await refusal(studyOf('mha', study()));
    expect(found).toMatchObject({ code });
    expect(found.message).toMatch(says);
  });

  it('not with an adapter that leaves values alone, when no residual is wanted', async () => {
    const adapter = adapterWith(
      { target_modules: ['q_proj'] },
      all => new Map([...all].filter(([name]) => name.includes('q_proj'))),
    );
    const ran = await run(studyOf('mha', { adapters: [adapter], strategies: ['full', 'base'] }));
    expect(ran.report.results).toHaveLength(2);
  });
});

it('a study that is stopped says so', async () => {
  const stopping = new AbortController();
  const ran = run(studyOf('mha'), {
    signal: stopping.signal,
    onProgress: ({ done }) => done > 2 && stopping.abort(),
  });
  await expect(ran).rejects.toMatchObject({ problem: { code: 'cache.stopped' } });
});

it('without a continuation each adapter is compared on its own greedy text', async () => {
  const { report } = await run(studyOf('mha', { continuation: undefined, tokens: 8 }));
  expect(report.prefix_tokens).toBe(23); // the last one is read behind the cache
  expect(report.start_ids).toHaveLength(1);
  for (const result of report.results.filter(r => r.strategy === 'full'))
    expect(result).toMatchObject({ kl: 0, top1_agreement: 1, first_divergence: null });
});

it('a question is read behind the prefix before greedy texts begin', async () => {
  const { report } = await run(studyOf('mha', { ...ONE, question_ids: [7, 8, 9] }));
  expect(report.start_ids).toEqual([7, 8, 9]);
  expect(report.continuation_tokens).toBe(9);
});
