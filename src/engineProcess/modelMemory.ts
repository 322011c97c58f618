/**
 * How much memory an open model takes, from what its folder says, before anything is loaded. Knows
 * nothing of which models are open.
 */
import { readInPlace } from '../engine/generate/weightsOf';
import { adaptersOf, openOver } from '../engine/model/combineAdapters';
import { adapterParameters, baseParameters } from '../engine/model/programs';
import { sizeOf } from '../engine/tensor/tensor';
import { isRuntimeDevice } from '../protocol/devices';
import type { ModelSpec } from '../protocol/engineProcess';

/** The runtime's own, programs and caches of a small model. */
const FIXED_BYTES = 48e6;

/** Of float32 weights: the runtime packs a part of them anew. */
const PACKED_SHARE = 0.25;

/** Of a number while it goes to a device beyond the runtime: float32 here, on the way and there. */
const FOREIGN_BYTES = 12;

/** @throws as `openOver` */
export function memoryOf(spec: ModelSpec): number {
  const { dir, bits, device } = spec;
  const opened = openOver(dir, adaptersOf(spec));
  try {
    const specs = [...baseParameters(opened.model), ...adapterParameters(opened.model)];
    if (!isRuntimeDevice(device))
      return specs.reduce((sum, { shape }) => sum + FOREIGN_BYTES * sizeOf(shape), FIXED_BYTES);
    const isInPlace = readInPlace(opened, specs, { device });
    return specs.reduce((sum, parameter) => {
      const { name, shape, linear } = parameter;
      const isQuantised = bits !== undefined && linear !== undefined;
      const isHalf = opened.stored.get(name)?.dtype !== 'float32' && isInPlace(parameter);
      const bytes = isHalf ? 2 : 4 * (1 + PACKED_SHARE);
      // int8 and int4 come with a scale for each block of 128 or 32 weights.
      return sum + sizeOf(shape) * (isQuantised ? (bits + 1) / 8 : bytes);
    }, FIXED_BYTES);
  } finally {
    opened.close();
  }
}
