/** The weights of an opened model in the form that generates best. */
import { freemem } from 'node:os';
import type { OpenedModel } from '../model/modelFolder';
import { adapterParameters, baseParameters } from '../model/programs';
import type { Bits } from '../model/quantise';
import { quantisedModel, type QuantiseOptions } from '../model/quantisedModel';
import type { ParameterSpec } from '../model/slmParameters';
import type { Device } from '../session/session';
import { type ExternalTensor, sizeOf, type Tensor } from '../tensor/tensor';
import type { Weights } from './decoding';
import { widenWeights } from './widenWeights';

export interface GenerationWeights {
  readonly weights: Weights;
  /** ‖W − quantised‖ / ‖W‖ of each quantised layer. */
  readonly errors: ReadonlyMap<string, number>;
}

/** What weights are for, and what they may take. */
export interface WeightsPlace {
  readonly device?: Device | undefined;
  /** Bytes that widened weights may take: half of what is free, if nobody says otherwise. */
  readonly room?: number | undefined;
}

export interface WeightsOptions extends Omit<QuantiseOptions, 'bits'>, WeightsPlace {
  readonly bits?: Bits | undefined;
}

/**
 * Which weights are read where they lie in their file: float32, and float16, which the runtime widens as
 * it multiplies with it, faster than it reads twice the bytes from memory. Bfloat16 it widens slower than
 * it reads, so that is done beforehand if there is room. So is everything of 16 bits for devices other
 * than the processor, and vectors.
 */
export function readInPlace(
  opened: OpenedModel,
  specs: readonly ParameterSpec[],
  { device = 'cpu', room = freemem() / 2 }: WeightsPlace = {},
): (spec: ParameterSpec) => boolean {
  const dtypeOf = ({ name }: ParameterSpec) => opened.stored.get(name)?.dtype;
  const wideBytes = specs
    .filter(spec => dtypeOf(spec) === 'bfloat16')
    .reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const late = wideBytes > room ? ['float16', 'bfloat16'] : ['float16'];
  return spec => {
    const dtype = dtypeOf(spec);
    if (dtype === undefined || dtype === 'float32') return dtype !== undefined;
    return device === 'cpu' && spec.shape.length > 1 && late.includes(dtype);
  };
}

/** As `readInPlace` says, or widened once for all sessions; with `bits` linear layers are quantised. */
export async function weightsOf(
  opened: OpenedModel,
  options: WeightsOptions = {},
): Promise<GenerationWeights> {
  const { bits, device, room, ...rest } = options;
  const quantised = bits && quantisedModel(opened, { bits, ...rest });
  const own = quantised ? [] : baseParameters(opened.model);
  const weights = new Map<string, Tensor | ExternalTensor>(quantised?.stored);
  const narrow = new Map<string, ExternalTensor>();
  const specs = [...own, ...adapterParameters(opened.model)];
  const isInPlace = readInPlace(opened, specs, { device, room });
  for (const spec of specs) {
    const where = opened.stored.get(spec.name);
    if (!where) weights.set(spec.name, opened.read(spec.name));
    else (isInPlace(spec) ? weights : narrow).set(spec.name, where);
  }
  for (const [name, wide] of await widenWeights(narrow)) weights.set(name, wide);
  return { weights, errors: quantised?.errors ?? new Map() };
}
