/** A device by its name. Loads the native runtime. */
import type { DeviceName, LabDevice } from './device';
import { runtimeDevice } from './runtimeDevice';
import { tenstorrentDevice, type TenstorrentOptions } from './tenstorrentDevice';
import { torchDevice, type TorchOptions } from './torchDevice';
import { ttmlDevice } from './ttmlDevice';

export interface OpenDeviceOptions extends TorchOptions, TenstorrentOptions {}

export function openDevice(name: DeviceName, options: OpenDeviceOptions = {}): LabDevice {
  switch (name) {
    case 'torch':
      return torchDevice(options);
    case 'tenstorrent':
      return tenstorrentDevice(options);
    case 'ttml':
      return ttmlDevice(options);
    case 'cpu':
    case 'webgpu':
    case 'cuda':
    case 'dml':
    case 'coreml':
      return runtimeDevice(name);
  }
}
