import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../../scripts/project';
import { align } from '../../../src/engine/compare/align';
import { Comparison } from '../../../src/engine/compare/comparison';
import { nameKey } from '../../../src/engine/compare/names';
import { openSides } from '../../../src/engine/compare/side';
import { disk } from '../../../src/engine/files/fileSystem';
import { readSafetensors, writeSafetensors } from '../../../src/engine/formats/safetensors';
import { tensor } from '../../../src/engine/tensor/tensor';
import { breaches, profiles } from '../../../src/protocol/diffMetrics';
import { scratchFolder } from '../../durability/scratchFolder';
import { asType, llamaFloats, someFloats, type Weights, writeModel } from './models';

const scratch = scratchFolder();
const golden = join(process.env.WEIGHTROOM_DATA ?? join(root, '../shared/data'), '../golden/hf');
const hasGolden = existsSync(golden);

let made = 0;
function writeWeights(weights: Weights): string {
  const path = join(scratch, `weights${++made}.safetensors`);
  writeSafetensors(disk, path, weights);
  return path;
}

/** What stands beside what, as "left ~ right" or "left –"; then whether all of them are equal. */
function aligned(left: string, right: string) {
  const comparison = new Comparison({ left, right });
  const pairs = comparison.pairs.map(({ name, rightName, state, by }) =>
    state === 'pair' ? `${name} ${by} ${rightName ?? '='}` : `${name} ${state}`,
  );
  const unequal = comparison.pairs.filter(
    ({ state }, i) => state === 'pair' && comparison.metrics(i).maxAbs !== 0,
  );
  comparison.close();
  return { pairs, unequal: unequal.map(({ name }) => name) };
}

const matrix = (seed: number, ...shape: number[]) =>
  tensor(
    'float32',
    shape,
    someFloats(
      shape.reduce((a, b) => a * b),
      seed,
    ),
  );

describe('names of the same parameter', () => {
  it.each([
    ['model.layers.3.self_attn.q_proj.weight', 'llama/llama_block_3/attention/q_linear/weight'],
    ['model.layers.0.mlp.gate_proj.weight', 'Llama/blocks/0/mlp/w1/weight'],
    ['model.layers.0.input_layernorm.weight', 'layers.0.attention_norm.weight'],
    ['model.norm.weight', 'llama/ln_fc/gamma'],
    ['transformer.h.2.ln_1.bias', 'h.2.ln_1.bias'],
    ['blocks.1.attn.qkv.weight', 'module._orig_mod.blocks.1.attn.qkv.weight'],
    ['model.embed_tokens.weight', 'token_emb.weight'],
  ])('%s is %s', (a, b) => {
    expect(nameKey(a)).toBe(nameKey(b));
  });

  it.each([
    ['model.layers.1.self_attn.q_proj.weight', 'model.layers.2.self_attn.q_proj.weight'],
    ['model.layers.1.self_attn.q_proj.weight', 'model.layers.1.self_attn.k_proj.weight'],
    ['model.layers.1.self_attn.q_proj.weight', 'model.layers.1.self_attn.q_proj.bias'],
  ])('%s is not %s', (a, b) => {
    expect(nameKey(a)).not.toBe(nameKey(b));
  });
});

describe('alignment', () => {
  it('finds renamed, added and removed parameters', () => {
    const left = writeWeights(
      new Map([
        ['model.layers.0.mlp.up_proj.weight', matrix(1, 6, 4)],
        ['model.layers.1.mlp.up_proj.weight', matrix(2, 6, 4)],
        ['model.gone.weight', matrix(3, 5)],
      ]),
    );
    const right = writeWeights(
      new Map([
        ['layers.0.mlp.up_proj.weight', matrix(1, 6, 4)],
        ['decoder.1.mlp.upward_projection.weight', matrix(2, 6, 4)],
        ['fresh.weight', matrix(4, 7)],
        ['layers.0.rotary_emb.inv_freq', matrix(5, 8)],
      ]),
    );
    expect(aligned(left, right)).toEqual({
      pairs: [
        'model.layers.0.mlp.up_proj.weight renamed layers.0.mlp.up_proj.weight',
        'model.layers.1.mlp.up_proj.weight likeness decoder.1.mlp.upward_projection.weight',
        'model.gone.weight missing',
        'fresh.weight unused',
        'layers.0.rotary_emb.inv_freq ignored',
      ],
      unequal: [],
    });
  });

  it('splits queries, keys and values out of one matrix', () => {
    const whole = matrix(1, 12, 4);
    const part = (from: number) =>
      tensor('float32', [4, 4], whole.data.slice(from * 4, (from + 4) * 4));
    const split = writeWeights(
      new Map([
        ['layers.0.self_attn.q_proj.weight', part(0)],
        ['layers.0.self_attn.k_proj.weight', part(4)],
        ['layers.0.self_attn.v_proj.weight', part(8)],
      ]),
    );
    const fused = writeWeights(new Map([['layers.0.self_attn.qkv_proj.weight', whole]]));
    for (const [left, right] of [
      [split, fused],
      [fused, split],
    ] as const)
      expect(aligned(left, right).unequal).toEqual([]);
    expect(aligned(split, fused).pairs[1]).toBe(
      'layers.0.self_attn.k_proj.weight split layers.0.self_attn.qkv_proj.weight',
    );
  });

  it('turns a matrix around that has the other shape', () => {
    const m = matrix(1, 6, 4);
    const turned = tensor(
      'float32',
      [4, 6],
      Float32Array.from({ length: 24 }, (_, i) => m.data[(i % 6) * 4 + Math.floor(i / 6)]!),
    );
    const left = writeWeights(new Map([['a.weight', m]]));
    expect(aligned(left, writeWeights(new Map([['a.weight', turned]])))).toEqual({
      pairs: ['a.weight name ='],
      unequal: [],
    });
  });

  it('calls shapes that do not fit unlike', () => {
    const left = writeWeights(new Map([['a.weight', matrix(1, 6, 4)]]));
    const right = writeWeights(new Map([['a.weight', matrix(1, 5, 4)]]));
    expect(aligned(left, right).pairs).toEqual(['a.weight unlike']);
  });

  it('compares the vocabulary without the rows that fill it up', () => {
    const [short, long] = [llamaFloats(), llamaFloats()];
    for (const name of ['model.embed_tokens.weight', 'lm_head.weight']) {
      const { shape, data } = long.get(name)!;
      const padded = new Float32Array(224 * shape[1]!);
      padded.set(data);
      long.set(name, { shape: [224, shape[1]!], data: padded });
    }
    const left = writeModel(join(scratch, 'short'), asType(short, 'float32'));
    expect(aligned(left, writeWeights(asType(long, 'float32'))).unequal).toEqual([]);
  });

  it('takes a head that is not stored for the embedding it is tied to', () => {
    const tied = llamaFloats({ tied: true });
    const without = new Map([...tied].filter(([name]) => name !== 'lm_head.weight'));
    const { pairs, unequal } = aligned(
      writeWeights(asType(tied, 'float32')),
      writeWeights(asType(without, 'float32')),
    );
    expect(pairs.at(-1)).toBe('lm_head.weight tied model.embed_tokens.weight');
    expect(unequal).toEqual([]);
  });

  it('refuses two models that have nothing in common', () => {
    const left = writeWeights(new Map([['a.weight', matrix(1, 6, 4)]]));
    const right = writeWeights(new Map([['xyz', matrix(1, 3)]]));
    expect(() => new Comparison({ left, right })).toThrow(/different models/);
  });
});

describe('a dump in names of ttml', () => {
  const models = ['llama2-tiny', 'llama32-tiny', 'gpt2-tiny', 'qwen25-tiny'];
  const dump = (name: string): string => {
    const made = join(root, 'test', 'fixtures', 'ttml', `${name}.safetensors`);
    const tensors = readSafetensors(made);
    // what the same file keeps in the order of tiles is for another test
    return writeWeights(new Map([...tensors].filter(([key]) => !key.startsWith('tiles/'))));
  };

  it.each(models)('%s: every parameter equals the model, keys and values too', name => {
    if (!hasGolden) return expect(dirname(golden)).toBeTruthy(); // the fixture's source is not here
    const comparison = new Comparison({ left: join(golden, name), right: dump(name) });
    const states = new Set(comparison.pairs.map(({ state }) => state));
    expect([...states]).toEqual(['pair']);
    const wrong = comparison.pairs.filter((_, i) => comparison.metrics(i).equalAs !== 100);
    expect(wrong.map(one => one.name)).toEqual([]);
    const profile = profiles['tt-model'];
    expect(
      comparison.pairs.every((_, i) => breaches(profile, comparison.metrics(i)).length === 0),
    ).toBe(true);
    comparison.close();
  });

  it('is split without a config, beside another dump', () => {
    const path = dump('llama32-tiny');
    const { pairs, unequal } = aligned(path, path);
    expect(pairs).toContain('llama/llama_block_0/attention/k_linear/weight name =');
    expect(pairs).toContain('llama/llama_block_0/attention/v_linear/weight name =');
    expect(unequal).toEqual([]);
  });
});

describe.skipIf(!hasGolden)('sides of every kind (needs ../shared/golden)', () => {
  const model = (name: string) => join(golden, 'llama32-tiny', name);

  it.each(['model.safetensors', 'pytorch_model.bin', 'pytorch_model.legacy.bin', 'sharded'])(
    '%s is the same model as its folder',
    name => {
      const { unequal, pairs } = aligned(model(''), model(name));
      expect(unequal).toEqual([]);
      expect(pairs.filter(pair => / (missing|unused|unlike)$/.test(pair))).toEqual([]);
    },
  );

  it('an adapter is the model that it makes, merged', () => {
    const [left, right] = openSides({
      left: model('lora_qv_trained'),
      right: model('lora_qv_merged.safetensors'),
      base: model(''),
    });
    expect(left.what).toBe('adapter merged into its base');
    const { pairs } = align(left, right);
    expect(pairs.every(({ state }) => state === 'pair')).toBe(true);
    left.file.close();
    right.file.close();
    const comparison = new Comparison({
      left: model('lora_qv_trained'),
      right: model('lora_qv_merged.safetensors'),
      base: model(''),
    });
    const worst = comparison.pairs.map((_, i) => comparison.metrics(i).maxAbs);
    expect(Math.max(...worst)).toBeLessThan(1e-6);
    comparison.close();
  });

  it('two adapters are compared by their own tensors', () => {
    const { pairs } = aligned(model('lora_qv_init'), model('lora_qv_trained'));
    expect(pairs.every(pair => pair.includes('lora_'))).toBe(true);
  });
});
