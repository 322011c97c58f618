/**
 * A Llama model as a GGUF file (version 3, ggml-org/ggml docs/gguf.md) for llama.cpp: its names, its
 * order of query and key rows, its blocks of few bits. The tokenizer in it is a dummy.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { baseParameters } from '../../src/engine/model/programs';
import type { LlamaShape } from '../../src/engine/model/llama';
import { narrow } from '../../src/engine/tensor/halfPrecision';
import { narrowFloats } from '../../src/engine/tensor/narrowFloats';
import { sizeOf } from '../../src/engine/tensor/tensor';

export type GgufType = 'F32' | 'F16' | 'BF16' | 'Q8_0' | 'Q4_0';

const ALIGNMENT = 32;
/** Values that share a scale in Q8_0 and Q4_0. */
const BLOCK = 32;
const typeCodes: Record<GgufType, number> = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 8, BF16: 30 };
const bytesPerBlock: Record<GgufType, number> = { F32: 128, F16: 64, BF16: 64, Q4_0: 18, Q8_0: 34 };
const encoders: Record<GgufType, (x: Float32Array) => Uint8Array> = {
  F32: x => new Uint8Array(x.buffer, x.byteOffset, x.byteLength),
  F16: x => new Uint8Array(narrowFloats(x, 'float16').buffer),
  BF16: x => new Uint8Array(narrowFloats(x, 'bfloat16').buffer),
  Q8_0: toQ8,
  Q4_0: toQ4,
};

/** Of GGUF's `gguf_metadata_value_type`. */
const valueTypes = { uint32: 4, int32: 5, float32: 6, string: 8, array: 9 } as const;

/** @param read a parameter by its checkpoint name, as float32 */
export function writeGguf(
  path: string,
  shape: LlamaShape,
  type: GgufType,
  read: (name: string) => Float32Array,
): void {
  const specs = baseParameters({ base: shape });
  const ofTensor = (dims: readonly number[]): GgufType => (dims.length === 1 ? 'F32' : type);
  const bytesOf = (dims: readonly number[]) =>
    (sizeOf(dims) / BLOCK) * bytesPerBlock[ofTensor(dims)];
  let offset = 0;
  const infos = specs.map(({ name, shape: dims }) => {
    const at = offset;
    offset = aligned(offset + bytesOf(dims));
    return [
      text(ggufName(name)),
      u32(dims.length),
      ...dims.toReversed().map(u64),
      u32(typeCodes[ofTensor(dims)]),
      u64(at),
    ];
  });
  const metadata = metadataOf(shape);
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    ...[u32(3), u64(specs.length), u64(metadata.length)],
    ...metadata,
    ...infos.flat(),
  ]);
  const file = openSync(path, 'w');
  let written = 0;
  const write = (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;)
      done += writeSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30));
    written += bytes.length;
  };
  const pad = () => write(new Uint8Array(aligned(written) - written));
  try {
    write(header);
    for (const { name, shape: dims } of specs) {
      pad();
      write(encoders[ofTensor(dims)](reordered(name, dims, shape, read(name))));
    }
    pad();
  } finally {
    closeSync(file);
  }
}

const names: readonly [RegExp, string][] = [
  [/^model\.layers\.(\d+)\./, 'blk.$1.'],
  [/self_attn\.([qkv])_proj/, 'attn_$1'],
  [/self_attn\.o_proj/, 'attn_output'],
  [/mlp\.(gate|up|down)_proj/, 'ffn_$1'],
  [/input_layernorm/, 'attn_norm'],
  [/post_attention_layernorm/, 'ffn_norm'],
  [/^model\.embed_tokens/, 'token_embd'],
  [/^model\.norm/, 'output_norm'],
  [/^lm_head/, 'output'],
];

const ggufName = (name: string): string =>
  names.reduce((known, [pattern, to]) => known.replace(pattern, to), name);

/** llama.cpp turns neighbouring values of a head together, transformers its two halves. */
function reordered(
  name: string,
  [rows = 0, columns = 0]: readonly number[],
  { head_size }: LlamaShape,
  weights: Float32Array,
): Float32Array {
  if (!/self_attn\.[qk]_proj\.weight$/.test(name)) return weights;
  const half = head_size / 2;
  const result = new Float32Array(weights.length);
  for (let row = 0; row < rows; row++) {
    const within = row % head_size;
    const to = row - within + 2 * (within % half) + Math.floor(within / half);
    result.set(weights.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return result;
}

function metadataOf(shape: LlamaShape): Buffer[] {
  const { vocab_size: V } = shape;
  const tokens = Array.from({ length: V }, (_, id) => tokenName(id));
  return [
    entry('general.architecture', 'string', text('llama')),
    entry('general.name', 'string', text('bench')),
    entry('llama.vocab_size', 'uint32', u32(V)),
    entry('llama.context_length', 'uint32', u32(shape.block_size)),
    entry('llama.embedding_length', 'uint32', u32(shape.n_embed)),
    entry('llama.block_count', 'uint32', u32(shape.n_layer)),
    entry('llama.feed_forward_length', 'uint32', u32(shape.n_inner)),
    entry('llama.attention.head_count', 'uint32', u32(shape.n_head)),
    entry('llama.attention.head_count_kv', 'uint32', u32(shape.n_kv_head)),
    entry('llama.attention.layer_norm_rms_epsilon', 'float32', f32(shape.norm_epsilon)),
    entry('llama.rope.dimension_count', 'uint32', u32(shape.head_size)),
    entry('llama.rope.freq_base', 'float32', f32(shape.rope_base)),
    entry('tokenizer.ggml.model', 'string', text('llama')),
    entry('tokenizer.ggml.tokens', 'array', list('string', tokens.map(text))),
    entry(
      'tokenizer.ggml.scores',
      'array',
      list(
        'float32',
        tokens.map((_, id) => f32(-id)),
      ),
    ),
    entry(
      'tokenizer.ggml.token_type',
      'array',
      list(
        'int32',
        tokens.map((_, id) => u32(kind(id))),
      ),
    ),
    entry('tokenizer.ggml.bos_token_id', 'uint32', u32(1)),
    entry('tokenizer.ggml.eos_token_id', 'uint32', u32(2)),
    entry('tokenizer.ggml.unknown_token_id', 'uint32', u32(0)),
  ];
}

/** As in a SentencePiece model: three special tokens, then the bytes. */
function tokenName(id: number): string {
  const special = ['<unk>', '<s>', '</s>'][id];
  if (special !== undefined) return special;
  return id < 259 ? `<0x${(id - 3).toString(16).toUpperCase().padStart(2, '0')}>` : `▁t${id}`;
}

/** Unknown, control, byte, normal. */
const kind = (id: number): number => (id === 0 ? 2 : id < 3 ? 3 : id < 259 ? 6 : 1);

const entry = (key: string, type: keyof typeof valueTypes, value: Buffer): Buffer =>
  Buffer.concat([text(key), u32(valueTypes[type]), value]);
const list = (type: keyof typeof valueTypes, values: readonly Buffer[]): Buffer =>
  Buffer.concat([u32(valueTypes[type]), u64(values.length), ...values]);
const text = (s: string): Buffer => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)]);
const aligned = (n: number): number => Math.ceil(n / ALIGNMENT) * ALIGNMENT;

function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
}

function u64(n: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(n));
  return bytes;
}

function f32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(n);
  return bytes;
}

/** As ggml's quantize_row_q8_0_ref. */
function toQ8(x: Float32Array): Uint8Array {
  const bytes = Buffer.alloc((x.length / BLOCK) * bytesPerBlock.Q8_0);
  for (let from = 0, at = 0; from < x.length; from += BLOCK, at += bytesPerBlock.Q8_0) {
    let most = 0;
    for (let i = 0; i < BLOCK; i++) most = Math.max(most, Math.abs(x[from + i]!));
    const scale = most / 127;
    bytes.writeUInt16LE(narrow.float16(scale), at);
    const inverse = scale === 0 ? 0 : 1 / scale;
    for (let i = 0; i < BLOCK; i++) bytes[at + 2 + i] = Math.round(x[from + i]! * inverse);
  }
  return bytes;
}

/** As ggml's quantize_row_q4_0_ref: the first half of a block in low bits, the second in high ones. */
function toQ4(x: Float32Array): Uint8Array {
  const bytes = Buffer.alloc((x.length / BLOCK) * bytesPerBlock.Q4_0);
  const half = BLOCK / 2;
  for (let from = 0, at = 0; from < x.length; from += BLOCK, at += bytesPerBlock.Q4_0) {
    let farthest = 0;
    for (let i = 0; i < BLOCK; i++)
      if (Math.abs(x[from + i]!) > Math.abs(farthest)) farthest = x[from + i]!;
    const scale = farthest / -8;
    bytes.writeUInt16LE(narrow.float16(scale), at);
    const inverse = scale === 0 ? 0 : 1 / scale;
    const level = (i: number) => Math.min(15, Math.floor(x[from + i]! * inverse + 8.5));
    for (let i = 0; i < half; i++) bytes[at + 2 + i] = level(i) | (level(i + half) << 4);
  }
  return bytes;
}
