/**
 * A Llama decoder as transformers.js expects one: keys and values come in as `past_key_values.*` and
 * go out, longer, as `present.*`. Built as onnxruntime-genai's model builder does: GroupQueryAttention
 * with its own rotary tables, fused norms, logits of the last positions only.
 */
import { toOnnxModel, type OnnxNode } from './onnxModel';
import { blockSize, packedName, scalesName } from '../../src/engine/model/quantise';
import type { LlamaShape } from '../../src/engine/model/llama';
import { rotaryTables } from '../../src/engine/model/rotary';
import { type ExternalTensor, type Tensor, tensor } from '../../src/engine/tensor/tensor';

/**
 * @param stored weights by checkpoint name, quantised ones in the parts that ours stores
 * @param files under which name each of their files lies beside the model
 */
export function writeDecoder(
  shape: LlamaShape,
  stored: ReadonlyMap<string, ExternalTensor>,
  files: ReadonlyMap<string, string>,
): Uint8Array {
  const nodes: OnnxNode[] = [];
  const constants = new Map<string, Tensor | ExternalTensor>();
  let count = 0;
  const apply = (
    op: string,
    inputs: string[],
    attributes: OnnxNode['attributes'] = {},
    outputs = [`${op}_${count++}`],
  ): string => {
    nodes.push({ op, inputs, outputs, attributes });
    return outputs[0]!;
  };
  const weight = (name: string): string => {
    constants.set(name, stored.get(name)!);
    return name;
  };
  const int64 = (name: string, values: number[], dims = [values.length]): string => {
    constants.set(name, tensor('int64', dims, BigInt64Array.from(values, BigInt)));
    return name;
  };
  const linear = (x: string, name: string, [N, K]: [number, number], output?: string): string => {
    const outputs = output === undefined ? undefined : [output];
    const packed = stored.get(packedName(name));
    if (!packed) return apply('FusedMatMul', [x, weight(name)], { transB: 1 }, outputs);
    const bits = (packed.shape[2]! * 8) / blockSize[4] === 4 ? 4 : 8;
    const attributes = { K, N, bits, block_size: blockSize[bits], accuracy_level: 4 };
    const parts = [weight(packedName(name)), weight(scalesName(name))];
    return apply('MatMulNBits', [x, ...parts], attributes, outputs);
  };

  const { n_embed: C, n_inner: F, n_head, n_kv_head, head_size: D } = shape;
  const turnsItself = D % 16 === 0; // GroupQueryAttention turns no smaller heads
  const positions = Array.from({ length: shape.block_size }, (_, i) => i);
  const rope = { headSize: D, base: shape.rope_base, scaling: shape.rope_scaling };
  const { cos, sin } = rotaryTables(rope, positions);
  constants.set('cos_cache', cos).set('sin_cache', sin);

  const held = apply('ReduceSum', ['attention_mask', int64('axis_1', [1])], { keepdims: 0 });
  const lengths = apply('Cast', [apply('Sub', [held, int64('one', [1])])], { to: 6 });
  const total = apply('Gather', [apply('Shape', ['attention_mask']), int64('index_1', [1], [])]);
  const longest = apply('Cast', [total], { to: 6 });

  let x = apply('Gather', [weight('model.embed_tokens.weight'), 'input_ids']);
  const norm = { epsilon: shape.norm_epsilon };
  let y = apply(
    'SimplifiedLayerNormalization',
    [x, weight('model.layers.0.input_layernorm.weight')],
    {
      axis: -1,
      ...norm,
    },
  );
  /** Adds to the residual stream, and normalises what is then there. */
  const addAndNorm = (more: string, name: string): void => {
    const outputs = [`normed_${count}`, '', '', `sum_${count++}`];
    y = apply('SkipSimplifiedLayerNormalization', [x, more, weight(name)], norm, outputs);
    x = outputs[3]!;
  };
  for (let i = 0; i < shape.n_layer; i++) {
    const layer = `model.layers.${i}`;
    const project = (part: string, heads: number) =>
      linear(y, `${layer}.self_attn.${part}_proj.weight`, [heads * D, C]);
    const turned = (v: string) =>
      turnsItself ? v : apply('RotaryEmbedding', [v, 'position_ids', 'cos_cache', 'sin_cache']);
    const mixed = apply(
      'GroupQueryAttention',
      [
        ...[turned(project('q', n_head)), turned(project('k', n_kv_head)), project('v', n_kv_head)],
        ...[`past_key_values.${i}.key`, `past_key_values.${i}.value`],
        ...[lengths, longest],
        ...(turnsItself ? ['cos_cache', 'sin_cache'] : []),
      ],
      { num_heads: n_head, kv_num_heads: n_kv_head, do_rotary: turnsItself ? 1 : 0 },
      [`mixed_${i}`, `present.${i}.key`, `present.${i}.value`],
    );
    const projected = linear(mixed, `${layer}.self_attn.o_proj.weight`, [C, n_head * D]);
    addAndNorm(projected, `${layer}.post_attention_layernorm.weight`);
    const gate = linear(y, `${layer}.mlp.gate_proj.weight`, [F, C]);
    const silu = apply('QuickGelu', [gate], { alpha: 1 });
    const inner = apply('Mul', [silu, linear(y, `${layer}.mlp.up_proj.weight`, [F, C])]);
    const down = linear(inner, `${layer}.mlp.down_proj.weight`, [C, F]);
    const next = `model.layers.${i + 1}.input_layernorm.weight`;
    addAndNorm(down, i + 1 < shape.n_layer ? next : 'model.norm.weight');
  }
  const first = apply('Unsqueeze', [apply('Neg', ['num_logits_to_keep']), int64('axis_0', [0])]);
  const last = apply('Slice', [
    y,
    first,
    int64('end', [Number.MAX_SAFE_INTEGER]),
    int64('axis', [1]),
  ]);
  const head = shape.tied ? 'model.embed_tokens.weight' : 'lm_head.weight';
  linear(last, head, [shape.vocab_size, C], 'logits');

  const caches = (prefix: string, length: string) =>
    positions.slice(0, shape.n_layer).flatMap(i =>
      ['key', 'value'].map(part => ({
        name: `${prefix}.${i}.${part}`,
        dtype: 'float32' as const,
        shape: ['batch_size', n_kv_head, length, D],
      })),
    );
  return toOnnxModel({
    nodes,
    constants,
    files,
    inputs: [
      { name: 'input_ids', dtype: 'int64', shape: ['batch_size', 'sequence_length'] },
      { name: 'attention_mask', dtype: 'int64', shape: ['batch_size', 'total_sequence_length'] },
      ...(turnsItself
        ? []
        : [
            {
              name: 'position_ids',
              dtype: 'int64' as const,
              shape: ['batch_size', 'sequence_length'],
            },
          ]),
      { name: 'num_logits_to_keep', dtype: 'int64', shape: [] },
      ...caches('past_key_values', 'past_sequence_length'),
    ],
    outputs: [
      { name: 'logits', dtype: 'float32', shape: ['batch_size', 'kept', shape.vocab_size] },
      ...caches('present', 'total_sequence_length'),
    ],
  });
}
