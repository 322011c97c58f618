/** Devices on which models write and are trained, and what is said of one that is missing. Plain data. */

/** By the names of the runtime's execution providers. */
export const runtimeDevices = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type RuntimeDevice = (typeof runtimeDevices)[number];

export interface DeviceChoice {
  readonly name: RuntimeDevice;
  /** For people: which chips, which driver; empty where nothing more is known. */
  readonly details: string;
  /** Why it is missing, and what would bring it; null when it is there. */
  readonly reason: string | null;
}
