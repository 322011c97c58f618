/**
 * How much memory an open model takes, from what its folder says, before anything is loaded. Knows
 * nothing of which models are open.
 */
import { adaptersOf, openOver } from '../engine/model/combineAdapters';
import { adapterParameters, baseParameters } from '../engine/model/programs';
import type { ParameterSpec } from '../engine/model/slmParameters';
import { sizeOf } from '../engine/tensor/tensor';
import type { ModelSpec } from '../protocol/engineProcess';

/** The runtime's own, programs and caches of a small model. */
const FIXED_BYTES = 48e6;

/** Of float32 weights: the runtime packs a part of them anew. */
const PACKED_SHARE = 0.25;

/** @throws as `openOver` */
export function memoryOf(spec: ModelSpec): number {
  const { dir, bits } = spec;
  const opened = openOver(dir, adaptersOf(spec));
  try {
    const isInPlace = (name: string) => opened.stored.get(name)?.dtype === 'float16';
    const weights = (specs: readonly ParameterSpec[]) =>
      specs.reduce((sum, { name, shape, linear }) => {
        const isQuantised = bits !== undefined && linear !== undefined;
        const wide = isInPlace(name) ? 2 : 4 * (1 + PACKED_SHARE);
        // int8 and int4 come with a scale for each block of 128 or 32 weights.
        return sum + sizeOf(shape) * (isQuantised ? (bits + 1) / 8 : wide);
      }, 0);
    const { model } = opened;
    return FIXED_BYTES + weights([...baseParameters(model), ...adapterParameters(model)]);
  } finally {
    opened.close();
  }
}
