/**
 * The parameters of the SLM by their checkpoint names, and those LoRA adds to it, in a fixed order.
 * Pure arithmetic on sizes; knows nothing of graphs or of data.
 */
import type { SlmConfig } from '../config/schema';
import type { LinearLayout } from './parts';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** How a fresh parameter starts: normal has mean 0. */
  readonly init: { kind: 'normal'; std: number } | { kind: 'ones' | 'zeros' } | { kind: 'kaiming' };
  /** Set for the weight of a linear layer, which an adapter can adapt. */
  readonly linear?: LinearLayout;
}

/** Sizes of an SLM whose vocabulary is known. */
export type SlmShape = Pick<
  SlmConfig,
  'block_size' | 'n_layer' | 'n_head' | 'n_embed' | 'dropout' | 'bias'
> & { family?: 'slm'; vocab_size: number };

const INIT_STD = 0.02;

/** The head is tied to `token_emb.weight`: it has no parameter of its own. */
export function slmParameters(shape: SlmShape): ParameterSpec[] {
  const { vocab_size: V, n_embed: C, n_layer, bias } = shape;
  const linear = (name: string, out: number, inp: number): ParameterSpec[] => [
    {
      name: `${name}.weight`,
      shape: [out, inp],
      init: { kind: 'normal', std: INIT_STD },
      linear: 'out-in',
    },
    ...(bias ? [{ name: `${name}.bias`, shape: [out], init: { kind: 'zeros' as const } }] : []),
  ];
  const norm = (name: string): ParameterSpec[] => [
    { name: `${name}.weight`, shape: [C], init: { kind: 'ones' } },
    ...(bias ? [{ name: `${name}.bias`, shape: [C], init: { kind: 'zeros' as const } }] : []),
  ];
  const block = (i: number): ParameterSpec[] => [
    ...norm(`blocks.${i}.ln1`),
    ...linear(`blocks.${i}.attn.qkv`, 3 * C, C),
    ...linear(`blocks.${i}.attn.proj`, C, C),
    ...norm(`blocks.${i}.ln2`),
    ...linear(`blocks.${i}.mlp.fc`, 4 * C, C),
    ...linear(`blocks.${i}.mlp.proj`, C, 4 * C),
  ];
  return [
    { name: 'token_emb.weight', shape: [V, C], init: { kind: 'normal', std: INIT_STD } },
    ...Array.from({ length: n_layer }, (_, i) => block(i)).flat(),
    ...norm('ln_f'),
  ];
}
