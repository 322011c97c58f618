/** The weights of an opened model in the form that generates best. */
import type { OpenedModel } from '../model/modelFolder';
import { adapterParameters, baseParameters } from '../model/programs';
import type { Bits } from '../model/quantise';
import { quantisedModel, type QuantiseOptions } from '../model/quantisedModel';
import type { ExternalTensor, Tensor } from '../tensor/tensor';
import type { Weights } from './decoding';
import { widenWeights } from './widenWeights';

export interface GenerationWeights {
  readonly weights: Weights;
  /** ‖W − quantised‖ / ‖W‖ of each quantised layer. */
  readonly errors: ReadonlyMap<string, number>;
}

/**
 * Float32 weights are read where they lie in their file; those of 16 bits are widened by the runtime
 * once, for all sessions; with `bits` linear layers are quantised.
 */
export async function weightsOf(
  opened: OpenedModel,
  options: { bits?: Bits | undefined } & Omit<QuantiseOptions, 'bits'> = {},
): Promise<GenerationWeights> {
  const { bits, ...rest } = options;
  const quantised = bits && quantisedModel(opened, { bits, ...rest });
  const own = quantised ? [] : baseParameters(opened.model);
  const weights = new Map<string, Tensor | ExternalTensor>(quantised?.stored);
  const narrow = new Map<string, ExternalTensor>();
  for (const { name } of [...own, ...adapterParameters(opened.model)]) {
    const where = opened.stored.get(name);
    if (where && where.dtype !== 'float32') narrow.set(name, where);
    else weights.set(name, where ?? opened.read(name));
  }
  for (const [name, wide] of await widenWeights(narrow)) weights.set(name, wide);
  return { weights, errors: quantised?.errors ?? new Map() };
}
