/** Where models run, which of these they are trained on, and what is said of one that is missing. Plain data. */

/** By the names of the runtime's execution providers: models write on them in every way, and are trained. */
export const runtimeDevices = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type RuntimeDevice = (typeof runtimeDevices)[number];

/** PyTorch on the processor, and on what PyTorch itself calls `cuda` (also AMD's) and `mps`. */
export const torchDevices = ['torch', 'torch-cuda', 'torch-mps'] as const;
export type TorchDevice = (typeof torchDevices)[number];

/** Beyond the runtime: they have no cache, and weights as they are. */
export const foreignDevices = [...torchDevices, 'tenstorrent', 'ttml'] as const;
export type ForeignDevice = (typeof foreignDevices)[number];

export const deviceNames = [...runtimeDevices, ...foreignDevices] as const;
export type DeviceName = (typeof deviceNames)[number];

export const isRuntimeDevice = (name: DeviceName): name is RuntimeDevice =>
  (runtimeDevices as readonly string[]).includes(name);

export interface DeviceChoice {
  readonly name: DeviceName;
  /** For people: which chips, which driver; empty where nothing more is known. */
  readonly details: string;
  /** Why it is missing, and what would bring it; null when it is there. */
  readonly reason: string | null;
}
