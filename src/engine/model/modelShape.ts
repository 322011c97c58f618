/** What decides a model's parameters: its base, and its adapter if it has one. */
import type { AdapterConfig } from '../config/schema';
import { type BaseShape, familyParameters } from './families';
import { type LoraShape, loraParameters } from './lora';
import type { ParameterSpec } from './slmParameters';

/** A model with its adapter, if it has one: everything that decides its parameters. */
export interface ModelShape {
  readonly base: BaseShape;
  readonly lora?: LoraShape;
  /** The base's linear layers are held in 4 bits, as QLoRA does. */
  readonly quantization?: 'nf4';
}

/** What an adapter's config makes of a base. */
export const modelWith = (base: BaseShape, adapter: AdapterConfig | undefined): ModelShape => ({
  base,
  ...(adapter && { lora: adapter }),
  ...(adapter?.quantization === 'nf4' && { quantization: 'nf4' as const }),
});

export const baseParameters = (model: ModelShape): ParameterSpec[] => familyParameters(model.base);
export const adapterParameters = (model: ModelShape): ParameterSpec[] =>
  model.lora ? loraParameters(baseParameters(model), model.lora) : [];
