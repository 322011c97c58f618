/**
 * How much memory an open model takes, from what its folder says, before anything is loaded. Knows
 * nothing of which models are open.
 */
import { adaptersOf, openOver } from '../engine/model/combineAdapters';
import { adapterParameters, baseParameters } from '../engine/model/programs';
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
    const weights = (specs: readonly { shape: readonly number[]; linear?: unknown }[]) =>
      specs.reduce((sum, { shape, linear }) => {
        const isQuantised = bits !== undefined && linear !== undefined;
        // int8 and int4 come with a scale for each block of 128 or 32 weights.
        return sum + sizeOf(shape) * (isQuantised ? (bits + 1) / 8 : 4 * (1 + PACKED_SHARE));
      }, 0);
    const { model } = opened;
    return FIXED_BYTES + weights([...baseParameters(model), ...adapterParameters(model)]);
  } finally {
    opened.close();
  }
}
