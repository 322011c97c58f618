/**
 * Element types that files hold and this engine can name and size, but not read. Knows nothing of
 * how a format spells them.
 */
import type { Dtype } from '../tensor/tensor';
import { dtypeBytes } from '../tensor/tensor';

/** Bits of an element. */
const foreignBits = {
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F128: 128,
  C32: 32,
  C64: 64,
  C128: 128,
  C256: 256,
  I2: 2,
  U2: 2,
  I4: 4,
  U4: 4,
  /** Quantised integers of PyTorch: their scale and zero point stand beside them. */
  QI8: 8,
  QU8: 8,
  QI32: 32,
  /** Moments and durations of NumPy, in units that its header names. */
  DATETIME: 64,
  DURATION: 64,
} as const;

/** Elements whose width is not in their name: text, and bytes without meaning. */
type Unsized = 'TEXT' | 'VOID';

export type ForeignDtype = keyof typeof foreignBits | Unsized;
export type SizedDtype = Dtype | Exclude<ForeignDtype, Unsized>;

export const isForeign = (dtype: Dtype | ForeignDtype): dtype is ForeignDtype =>
  !(dtype in dtypeBytes);

export const bitsOf = (dtype: SizedDtype): number =>
  isForeign(dtype) ? foreignBits[dtype] : dtypeBytes[dtype] * 8;
