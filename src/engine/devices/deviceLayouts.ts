/** The layout of a model on a device by the device's name. Pure. */
import type { ModelShape } from '../model/modelShape';
import { baseParameters } from '../model/modelShape';
import { headName } from '../model/families';
import type { DeviceName } from '../../protocol/devices';
import type { DeviceLayout, DeviceTensor } from './layout';
import type { PaddingFill } from './transform';
import { ttmlLayout, ttmlNamingOf } from './ttmlLayout';

export interface LayoutOptions {
  readonly fill?: PaddingFill;
  /** Names that the device's tensors have, when they are known. */
  readonly names?: readonly string[] | undefined;
}

/** @throws `device.no-layout` */
export function layoutOn(
  device: DeviceName,
  model: ModelShape,
  { fill, names }: LayoutOptions = {},
): DeviceLayout {
  if (device !== 'tenstorrent' && device !== 'ttml') return asItIs(device, model);
  const naming = names && ttmlNamingOf(names);
  return ttmlLayout(model.base, { ...(fill && { fill }), ...(naming && { naming }) });
}

/** Canonical names and shapes, float32. */
function asItIs(device: string, model: ModelShape): DeviceLayout {
  const tensors = baseParameters(model).map(({ name, shape }): [string, DeviceTensor] => [
    name,
    {
      ...{ name, shape, paddedShape: shape, dtype: 'float32' },
      parts: [{ parameter: name, shape, steps: [] }],
      steps: [
        {
          kind: 'reshape',
          from: [shape[0] ?? 1, shape.slice(1).reduce((n, d) => n * d, 1)],
          to: shape,
        },
      ],
    },
  ]);
  const isTied = headName(model.base) !== 'lm_head.weight' && 'tied' in model.base;
  return {
    device,
    tensors: new Map(tensors),
    ties: new Map(isTied ? [['lm_head.weight', headName(model.base)]] : []),
    notes: [],
  };
}
