/** Element types as PyTorch names them, and the classes of its storages. */
import { dtypeBytes } from '../../tensor/tensor';
import type { SizedDtype } from '../foreignDtypes';
import { bitsOf } from '../foreignDtypes';

/** By the name in `torch.<name>`. */
const dtypes: Readonly<Record<string, SizedDtype>> = {
  float32: 'float32',
  float: 'float32',
  float64: 'float64',
  double: 'float64',
  float16: 'float16',
  half: 'float16',
  bfloat16: 'bfloat16',
  int64: 'int64',
  long: 'int64',
  int32: 'int32',
  int: 'int32',
  int16: 'int16',
  short: 'int16',
  int8: 'int8',
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  uint64: 'uint64',
  bool: 'bool',
  complex32: 'C32',
  complex64: 'C64',
  complex128: 'C128',
  cfloat: 'C64',
  cdouble: 'C128',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  float8_e4m3fnuz: 'F8_E4M3FNUZ',
  float8_e5m2fnuz: 'F8_E5M2FNUZ',
  float8_e8m0fnu: 'F8_E8M0',
  qint8: 'QI8',
  quint8: 'QU8',
  qint32: 'QI32',
};

/** By the name of the class, without `Storage`. */
const storages: Readonly<Record<string, SizedDtype>> = {
  Float: 'float32',
  Double: 'float64',
  Half: 'float16',
  BFloat16: 'bfloat16',
  Long: 'int64',
  Int: 'int32',
  Short: 'int16',
  Char: 'int8',
  Byte: 'uint8',
  Bool: 'bool',
  ComplexFloat: 'C64',
  ComplexDouble: 'C128',
  QInt8: 'QI8',
  QUInt8: 'QU8',
  QInt32: 'QI32',
  /** Bytes, whose type the tensor over them says. */
  Untyped: 'uint8',
};

/** @param name in full, e.g. `torch.float32` */
export function torchDtype(name: string): SizedDtype | undefined {
  const short = name.replace(/^torch\./, '');
  return short !== name && Object.hasOwn(dtypes, short) ? dtypes[short] : undefined;
}

/** @param name in full, e.g. `torch.FloatStorage`, `torch.cuda.HalfStorage` */
export function storageDtype(name: string): SizedDtype | undefined {
  const [, short] = /^torch\.(?:cuda\.|storage\.)?([A-Za-z0-9]+)Storage$/.exec(name) ?? [];
  return short !== undefined && Object.hasOwn(storages, short) ? storages[short] : undefined;
}

export const elementBytesOf = (dtype: SizedDtype): number =>
  dtype in dtypeBytes ? dtypeBytes[dtype as keyof typeof dtypeBytes] : bitsOf(dtype) / 8;
