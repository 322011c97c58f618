/** A device by its name. Loads the native runtime. */
import { type DeviceName, type ForeignDevice, isRuntimeDevice } from '../../protocol/devices';
import type { LabDevice, WritingModel } from './device';
import { runtimeDevice } from './runtimeDevice';
import { tenstorrentDevice, type TenstorrentOptions } from './tenstorrentDevice';
import { torchDevice, type TorchOptions } from './torchDevice';
import { ttmlDevice } from './ttmlDevice';

export interface OpenDeviceOptions extends TorchOptions, TenstorrentOptions {}

export const openDevice = (name: DeviceName, options: OpenDeviceOptions = {}): LabDevice =>
  isRuntimeDevice(name) ? runtimeDevice(name) : openForeignDevice(name, options);

export function openForeignDevice(
  name: ForeignDevice,
  options: OpenDeviceOptions = {},
): LabDevice<WritingModel> {
  switch (name) {
    case 'torch':
    case 'torch-cuda':
    case 'torch-mps':
      return torchDevice(name, options);
    case 'tenstorrent':
      return tenstorrentDevice(options);
    case 'ttml':
      return ttmlDevice(options);
  }
}
