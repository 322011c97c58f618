/** The weights of an opened model in the form that generates best. */
import { freemem } from 'node:os';
import type { OpenedModel } from '../model/modelFolder';
import { adapterParameters, baseParameters } from '../model/programs';
import type { Bits } from '../model/quantise';
import { quantisedModel, type QuantiseOptions } from '../model/quantisedModel';
import type { Device } from '../session/session';
import { type ExternalTensor, sizeOf, type Tensor } from '../tensor/tensor';
import type { Weights } from './decoding';
import { widenWeights } from './widenWeights';

export interface GenerationWeights {
  readonly weights: Weights;
  /** ‖W − quantised‖ / ‖W‖ of each quantised layer. */
  readonly errors: ReadonlyMap<string, number>;
}

export interface WeightsOptions extends Omit<QuantiseOptions, 'bits'> {
  readonly bits?: Bits | undefined;
  /** That the weights are for. */
  readonly device?: Device | undefined;
  /** Bytes that widened weights may take: half of what is free, if nobody says otherwise. */
  readonly room?: number | undefined;
}

/**
 * Weights are read where they lie in their file, float16 too: the runtime widens it as it multiplies
 * with it, faster than it reads twice the bytes from memory. Bfloat16 it widens slower than it reads,
 * so that is done once, for all sessions, if there is room. So is everything of 16 bits for devices
 * other than the processor, and vectors. With `bits` linear layers are quantised.
 */
export async function weightsOf(
  opened: OpenedModel,
  options: WeightsOptions = {},
): Promise<GenerationWeights> {
  const { bits, device = 'cpu', room = freemem() / 2, ...rest } = options;
  const quantised = bits && quantisedModel(opened, { bits, ...rest });
  const own = quantised ? [] : baseParameters(opened.model);
  const weights = new Map<string, Tensor | ExternalTensor>(quantised?.stored);
  const narrow = new Map<string, ExternalTensor>();
  const specs = [...own, ...adapterParameters(opened.model)];
  const dtypeOf = ({ name }: { name: string }) => opened.stored.get(name)?.dtype;
  const wideBytes = specs
    .filter(spec => dtypeOf(spec) === 'bfloat16')
    .reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const late = wideBytes > room ? ['float16', 'bfloat16'] : ['float16'];
  for (const { name, shape } of specs) {
    const where = opened.stored.get(name);
    const isLate = device === 'cpu' && shape.length > 1 && where && late.includes(where.dtype);
    if (where && where.dtype !== 'float32' && !isLate) narrow.set(name, where);
    else weights.set(name, where ?? opened.read(name));
  }
  for (const [name, wide] of await widenWeights(narrow)) weights.set(name, wide);
  return { weights, errors: quantised?.errors ?? new Map() };
}
