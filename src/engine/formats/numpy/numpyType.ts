/** Element types as NumPy spells them, e.g. `<f4` or `|b1`. Source: numpy.dtype.str. */
import type { Dtype } from '../../tensor/tensor';
import type { ForeignDtype } from '../foreignDtypes';

export interface NumpyType {
  readonly dtype: Dtype | ForeignDtype;
  readonly elementBytes: number;
  /** Width of the numbers whose bytes stand in the other order than this machine's. */
  readonly swapped?: 2 | 4 | 8;
}

/** By kind and bytes; the numbers that an element consists of are as wide as it unless told. */
const types: Readonly<Record<string, { dtype: Dtype | ForeignDtype; numberBytes?: 2 | 4 | 8 }>> = {
  b1: { dtype: 'bool' },
  i1: { dtype: 'int8' },
  i2: { dtype: 'int16' },
  i4: { dtype: 'int32' },
  i8: { dtype: 'int64' },
  u1: { dtype: 'uint8' },
  u2: { dtype: 'uint16' },
  u4: { dtype: 'uint32' },
  u8: { dtype: 'uint64' },
  f2: { dtype: 'float16' },
  f4: { dtype: 'float32' },
  f8: { dtype: 'float64' },
  f16: { dtype: 'F128' },
  c8: { dtype: 'C64', numberBytes: 4 },
  c16: { dtype: 'C128', numberBytes: 8 },
  c32: { dtype: 'C256' },
  M8: { dtype: 'DATETIME' },
  m8: { dtype: 'DURATION' },
};

const DESCR = /^([<>=|])?([bBiufcMmSaUV])(0|[1-9][0-9]{0,8})(?:\[[^\]]{1,32}\])?$/;

/** `object` for what only a pickle can hold, undefined for what is no plain type. */
export function numpyType(descr: string): NumpyType | 'object' | undefined {
  if (/^[<>=|]?O/.test(descr)) return 'object';
  const [, order, kind, digits] = DESCR.exec(descr) ?? [];
  if (kind === undefined) return undefined;
  const count = Number(digits);
  if (kind === 'S' || kind === 'a') return { dtype: 'TEXT', elementBytes: count };
  if (kind === 'U') return { dtype: 'TEXT', elementBytes: count * 4 };
  if (kind === 'V') return { dtype: 'VOID', elementBytes: count };
  const key = `${kind}${count}`;
  if (!Object.hasOwn(types, key)) return undefined;
  const { dtype, numberBytes = count } = types[key]!;
  const isSwapped = order === '>' && (numberBytes === 2 || numberBytes === 4 || numberBytes === 8);
  return { dtype, elementBytes: count, ...(isSwapped && { swapped: numberBytes }) };
}
