/**
 * How Tenstorrent's ttml (tt-train) holds GPT-2 and Llama: bfloat16 tensors of four dimensions in
 * tiles of 32 × 32, keys and values in one matrix, rows of queries and keys in pairs for its rotary
 * positions, a vocabulary filled up to whole tiles. After its loaders (ttml/models/llama and nanogpt,
 * safetensors_loader.py; models/llama.cpp, gpt2.cpp), which differ in names only.
 */
import { type BaseShape, embeddingName, familyParameters, isSlm } from '../model/families';
import type { Gpt2Shape } from '../model/gpt2';
import type { LlamaShape } from '../model/llama';
import { fail } from '../problem';
import { sizeOf } from '../tensor/tensor';
import type { DeviceLayout, DeviceTensor, LayoutPart } from './layout';
import type { DeviceDtype, PaddingFill, Transform } from './transform';

export const TILE = 32;

export const toTiles = (n: number, multiple: number = TILE): number =>
  Math.ceil(n / multiple) * multiple;

/** How the versions of ttml call what is the same. */
export interface TtmlNaming {
  /** Of C++ modules (`llama/llama_block_0`) or of Python ones (`Llama/blocks/0`). */
  readonly blocks: 'cpp' | 'python';
  /** Which linear layers are one: keys and values, or all three and the gates as well. */
  readonly fused: 'kv' | 'qkv';
  /** What a tied embedding is called. */
  readonly tied: 'fc' | 'tok_emb';
}

export const TTML_NAMING: TtmlNaming = { blocks: 'cpp', fused: 'kv', tied: 'fc' };

export interface TtmlOptions {
  readonly naming?: TtmlNaming;
  readonly dtype?: DeviceDtype;
  readonly fill?: PaddingFill;
  /** Rows of the vocabulary are filled up to a multiple of this: 32 for each device it is split over. */
  readonly vocabularyMultiple?: number;
}

/** The naming of a device's tensors, undefined when they are not ttml's. */
export function ttmlNamingOf(names: Iterable<string>): TtmlNaming | undefined {
  const all = [...names];
  const has = (pattern: RegExp) => all.some(name => pattern.test(name));
  if (!has(/^(llama|Llama|transformer|NanoGPT)\//)) return undefined;
  return {
    blocks: has(/^(Llama|NanoGPT)\//) ? 'python' : 'cpp',
    fused: has(/^[Ll]lama\/.*\/qkv_linear\//) ? 'qkv' : 'kv',
    tied: has(/\/fc\/weight$/) ? 'fc' : 'tok_emb',
  };
}

/** @throws `device.no-layout` for families that ttml has no module for */
export function ttmlLayout(shape: BaseShape, options: TtmlOptions = {}): DeviceLayout {
  if (isSlm(shape))
    return fail(
      'device.no-layout',
      'ttml has no module for the SLM (rotary positions, one norm without biases): it holds GPT-2 and Llama. Choose a model of these.',
    );
  const layout = new LayoutBuilder(shape, options);
  const notes = shape.family === 'gpt2' ? layGpt2(layout, shape) : layLlama(layout, shape);
  const embedding = embeddingName(shape);
  return {
    device: 'tenstorrent',
    tensors: layout.tensors,
    ties: new Map(shape.tied ? [['lm_head.weight', embedding]] : []),
    notes,
  };
}

type PartSteps = LayoutPart['steps'];
interface Source {
  readonly parameter: string;
  readonly steps?: PartSteps;
}

const TRANSPOSE: PartSteps = [{ kind: 'transpose' }];
const pairs = (heads: number): PartSteps => [{ kind: 'permute', heads }];

class LayoutBuilder {
  readonly tensors = new Map<string, DeviceTensor>();
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #dtype: DeviceDtype;
  readonly naming: TtmlNaming;

  constructor(
    shape: BaseShape,
    private readonly options: TtmlOptions,
  ) {
    this.#shapes = new Map(familyParameters(shape).map(p => [p.name, p.shape]));
    this.#dtype = options.dtype ?? 'bfloat16';
    this.naming = options.naming ?? TTML_NAMING;
  }

  has = (parameter: string): boolean => this.#shapes.has(parameter);

  /** A tensor of one parameter, or of several below each other. */
  add(name: string, ...sources: readonly Source[]): void {
    const rows = sources.map(source => this.#deviceRows(source));
    const total = rows.reduce((a, b) => a + b, 0);
    let at = 0;
    const parts = sources.map(({ parameter, steps = [] }, i): LayoutPart => {
      const fuse = { kind: 'fuse', at, rows: rows[i]!, of: total } as const;
      at += rows[i]!;
      return {
        parameter,
        shape: this.#shape(parameter),
        steps: sources.length === 1 ? steps : [...steps, fuse],
      };
    });
    this.#set(name, parts, [total, this.#columns(sources[0]!)], []);
  }

  /** An embedding or head, whose rows are filled up to whole tiles. */
  addVocabulary(name: string, parameter: string, steps: PartSteps = []): void {
    const [rows, columns] = this.#shape(parameter) as [number, number];
    const to = toTiles(rows, this.options.vocabularyMultiple);
    const fill = this.options.fill ?? { kind: 'normal', seed: 0 };
    const pad: DeviceTensor['steps'] =
      to === rows ? [] : [{ kind: 'pad', rows, to, fill, key: name }];
    this.#set(name, [{ parameter, shape: [rows, columns], steps }], [to, columns], pad);
  }

  #set(
    name: string,
    parts: readonly LayoutPart[],
    matrix: readonly [number, number],
    pad: DeviceTensor['steps'],
  ): void {
    const isVector = parts[0]!.shape.length === 1;
    const [rows, columns] = isVector ? [1, matrix[0]] : matrix;
    const shape = [1, 1, rows, columns];
    const steps: Transform<'pad' | 'cast' | 'reshape'>[] = [
      ...pad,
      { kind: 'cast', to: this.#dtype },
      { kind: 'reshape', from: matrix, to: shape },
    ];
    const paddedShape = [1, 1, toTiles(rows), toTiles(columns)];
    this.tensors.set(name, { name, shape, paddedShape, dtype: this.#dtype, parts, steps });
  }

  #shape(parameter: string): readonly number[] {
    const shape = this.#shapes.get(parameter);
    if (!shape) throw new Error(`the model has no parameter ${parameter}`);
    return shape;
  }

  #isTransposed = ({ steps = [] }: Source): boolean => steps.some(s => s.kind === 'transpose');
  #deviceRows = (source: Source): number =>
    this.#shape(source.parameter)[this.#isTransposed(source) ? 1 : 0]!;
  #columns = (source: Source): number =>
    this.#isTransposed(source)
      ? this.#shape(source.parameter)[0]!
      : sizeOf(this.#shape(source.parameter).slice(1));
}

function layEmbedding(
  layout: LayoutBuilder,
  root: string,
  shape: Gpt2Shape | LlamaShape,
  tied: TtmlNaming['tied'],
): void {
  const embedding = embeddingName(shape);
  if (!shape.tied) {
    layout.addVocabulary(`${root}/tok_emb/weight`, embedding);
    layout.addVocabulary(`${root}/fc/weight`, 'lm_head.weight');
    return;
  }
  const name = `${root}/${tied}/weight`;
  layout.addVocabulary(name, embedding, [{ kind: 'tie', to: name }]);
}

function layLlama(layout: LayoutBuilder, shape: LlamaShape): string[] {
  const { blocks, fused, tied } = layout.naming;
  const root = blocks === 'cpp' ? 'llama' : 'Llama';
  layEmbedding(layout, root, shape, tied);
  for (let i = 0; i < shape.n_layer; i++) {
    const hf = `model.layers.${i}`;
    const block = blocks === 'cpp' ? `${root}/llama_block_${i}` : `${root}/blocks/${i}`;
    /** A layer's weight and, where the model has one, its bias. */
    const linear = (name: string, ...sources: readonly Source[]) => {
      for (const kind of ['weight', 'bias'])
        if (sources.every(({ parameter }) => layout.has(`${hf}.${parameter}.${kind}`)))
          layout.add(
            `${block}/${name}/${kind}`,
            ...sources.map(s => ({ ...s, parameter: `${hf}.${s.parameter}.${kind}` })),
          );
    };
    const [q, k, v] = [
      { parameter: 'self_attn.q_proj', steps: pairs(shape.n_head) },
      { parameter: 'self_attn.k_proj', steps: pairs(shape.n_kv_head) },
      { parameter: 'self_attn.v_proj' },
    ] as const;
    const [gate, up] = [{ parameter: 'mlp.gate_proj' }, { parameter: 'mlp.up_proj' }];
    if (fused === 'kv') {
      linear('attention/q_linear', q);
      linear('attention/kv_linear', k, v);
    } else linear('attention/qkv_linear', q, k, v);
    linear('attention/out_linear', { parameter: 'self_attn.o_proj' });
    layout.add(`${block}/attention_norm/gamma`, { parameter: `${hf}.input_layernorm.weight` });
    if (fused === 'kv') {
      linear('mlp/w1', gate);
      linear('mlp/w3', up);
    } else linear('mlp/w_gate_up', gate, up);
    linear('mlp/w2', { parameter: 'mlp.down_proj' });
    layout.add(`${block}/mlp_norm/gamma`, { parameter: `${hf}.post_attention_layernorm.weight` });
  }
  layout.add(`${root}/ln_fc/gamma`, { parameter: 'model.norm.weight' });
  return shape.qkv_bias || shape.mlp_bias
    ? [
        'ttml builds the biases of this model only where its Llama is made with them (attention_bias); its loader does not fill them.',
      ]
    : [];
}

function layGpt2(layout: LayoutBuilder, shape: Gpt2Shape): string[] {
  const { blocks, tied } = layout.naming;
  const root = blocks === 'cpp' ? 'transformer' : 'NanoGPT';
  layEmbedding(layout, root, shape, tied);
  layout.add(`${root}/pos_emb/weight`, { parameter: 'transformer.wpe.weight' });
  const linears = [
    ['attention/qkv_linear', 'attn.c_attn'],
    ['attention/out_linear', 'attn.c_proj'],
    ['mlp/fc1', 'mlp.c_fc'],
    ['mlp/fc2', 'mlp.c_proj'],
  ] as const;
  for (let i = 0; i < shape.n_layer; i++) {
    const hf = `transformer.h.${i}`;
    const block = blocks === 'cpp' ? `${root}/gpt_block_${i}` : `${root}/blocks/${i}`;
    for (const n of [1, 2]) {
      layout.add(`${block}/ln${n}/gamma`, { parameter: `${hf}.ln_${n}.weight` });
      layout.add(`${block}/ln${n}/beta`, { parameter: `${hf}.ln_${n}.bias` });
    }
    for (const [name, parameter] of linears) {
      layout.add(`${block}/${name}/weight`, {
        parameter: `${hf}.${parameter}.weight`,
        steps: TRANSPOSE,
      });
      layout.add(`${block}/${name}/bias`, { parameter: `${hf}.${parameter}.bias` });
    }
  }
  const norm = blocks === 'cpp' ? `${root}/ln_fc/` : `${root}/ln_f_`;
  layout.add(`${norm}gamma`, { parameter: 'transformer.ln_f.weight' });
  layout.add(`${norm}beta`, { parameter: 'transformer.ln_f.bias' });
  return [];
}
