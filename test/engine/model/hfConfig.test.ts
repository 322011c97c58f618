/** Hugging Face configs: what is read, what is refused by which key, and back again. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hfConfigOf, parseHfConfig } from '../../../src/engine/model/hfConfig';
import { ropeFrequencies } from '../../../src/engine/model/rotary';

const refuse = (key: string, why: string): never => {
  throw new Error(`${key}: ${why}`);
};
const read = (json: Record<string, unknown>) =>
  parseHfConfig(json, json['model_type'] as string, refuse);

const fixture = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../../fixtures/hf/${name}/config.json`, import.meta.url), 'utf8'),
  ) as Record<string, unknown>;

const families = ['gpt2-tiny', 'llama2-tiny', 'llama32-tiny', 'qwen25-tiny', 'stories260K'];

describe('a config', () => {
  it.each(families)('of %s says the same when it is written again', name => {
    const shape = read(fixture(name));
    expect(read(hfConfigOf(shape))).toEqual(shape);
  });

  it.each<[claim: string, from: string, change: Record<string, unknown>, key: RegExp]>([
    ['of another model', 'llama2-tiny', { model_type: 'bloom' }, /^model_type: "bloom"/],
    ['without its sizes', 'llama2-tiny', { hidden_size: undefined }, /^hidden_size/],
    ['with another activation', 'llama2-tiny', { hidden_act: 'gelu' }, /^hidden_act: "gelu"/],
    [
      'with an unknown scaling',
      'llama2-tiny',
      { rope_scaling: { rope_type: 'yarn', factor: 4 } },
      /^rope_scaling: "yarn"/,
    ],
    [
      'with half a scaling',
      'llama2-tiny',
      { rope_scaling: { type: 'llama3', factor: 8 } },
      /^rope_scaling.low_freq_factor/,
    ],
    [
      'with heads turned in part',
      'llama2-tiny',
      { partial_rotary_factor: 0.5 },
      /^partial_rotary_factor/,
    ],
    [
      'with heads that share unevenly',
      'llama2-tiny',
      { num_key_value_heads: 3 },
      /^num_attention_heads/,
    ],
    [
      'quantised elsewhere',
      'llama2-tiny',
      { quantization_config: { quant_method: 'gptq' } },
      /^quantization_config/,
    ],
    [
      'of a classifier',
      'llama2-tiny',
      { architectures: ['LlamaForSequenceClassification'] },
      /^architectures: LlamaForSequence/,
    ],
    [
      'that scales by layer',
      'gpt2-tiny',
      { scale_attn_by_inverse_layer_idx: true },
      /^scale_attn_by_inverse/,
    ],
    ['that does not scale', 'gpt2-tiny', { scale_attn_weights: false }, /^scale_attn_weights/],
    ['with cross-attention', 'gpt2-tiny', { add_cross_attention: true }, /^add_cross_attention/],
    [
      'with another activation',
      'gpt2-tiny',
      { activation_function: 'relu' },
      /^activation_function: "relu"/,
    ],
    [
      'with an activation named like a method',
      'gpt2-tiny',
      { activation_function: 'toString' },
      /^activation_function/,
    ],
    ['whose heads do not divide it', 'gpt2-tiny', { n_head: 5 }, /^n_embd: 32/],
  ])('%s is refused by its key (%s)', (_, from, change, key) => {
    expect(() => read({ ...fixture(from), ...change })).toThrow(key);
  });

  it.each<[claim: string, from: string, change: Record<string, unknown>, expected: object]>([
    [
      'has as many key heads as heads when it does not say',
      'llama2-tiny',
      { num_key_value_heads: null },
      { n_kv_head: 4 },
    ],
    ['has a head size of its own', 'llama2-tiny', { head_dim: 16 }, { head_size: 16 }],
    [
      'of Qwen2 has biases on queries, keys and values only',
      'qwen25-tiny',
      {},
      { qkv_bias: true, output_bias: false, mlp_bias: false },
    ],
    [
      'of Mistral reaches as far as its window',
      'llama2-tiny',
      { model_type: 'mistral', sliding_window: 32 },
      { family: 'mistral', block_size: 32 },
    ],
    [
      'of Qwen2 has no window unless it says so',
      'qwen25-tiny',
      { sliding_window: 32 },
      { block_size: 256 },
    ],
    [
      'scaled by length reaches that much further',
      'llama2-tiny',
      { rope_scaling: { type: 'dynamic', factor: 2 } },
      { block_size: 256 },
    ],
    [
      'may name its rotation in one place',
      'llama2-tiny',
      { rope_theta: undefined, rope_parameters: { rope_type: 'default', rope_theta: 5e5 } },
      { rope_base: 5e5, rope_scaling: { kind: 'none' } },
    ],
  ])('%s', (_, from, change, expected) => {
    expect(read({ ...fixture(from), ...change })).toMatchObject(expected);
  });
});

describe('rotary frequencies', () => {
  const plain = { headSize: 64, base: 10000, scaling: { kind: 'none' } } as const;
  const own = ropeFrequencies(plain, 100);

  it('fall from 1 to nearly 1/base', () => {
    expect(own[0]).toBe(1);
    expect(own[31]).toBeCloseTo(10000 ** (-62 / 64), 9);
  });

  it('are divided by a linear factor', () => {
    const scaled = ropeFrequencies({ ...plain, scaling: { kind: 'linear', factor: 4 } }, 100);
    scaled.forEach((f, i) => expect(f).toBeCloseTo(own[i]! / 4, 9));
  });

  it('scaled by length change only beyond the trained one, as NTK scaling says', () => {
    const scaling = { kind: 'dynamic', factor: 2, original: 128 } as const;
    expect(ropeFrequencies({ ...plain, scaling }, 128)).toEqual(own);
    const base = 10000 * ((2 * 256) / 128 - 1) ** (64 / 62);
    const longer = ropeFrequencies({ ...plain, scaling }, 256);
    longer.forEach((f, i) => expect(f).toBeCloseTo(base ** ((-2 * i) / 64), 6));
  });

  it('of llama3 keep short waves, stretch long ones, and go over between', () => {
    const scaling = {
      kind: 'llama3',
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      original: 256,
    } as const;
    const scaled = ropeFrequencies({ ...plain, scaling }, 100);
    const ratio = Array.from(scaled, (f, i) => own[i]! / f);
    expect(ratio[0]).toBe(1);
    expect(ratio[31]).toBeCloseTo(8, 5);
    expect(ratio).toEqual(ratio.toSorted((a, b) => a - b));
    expect(ratio.some(r => r > 1.01 && r < 7.99)).toBe(true);
  });
});
