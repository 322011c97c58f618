/** How safetensors files spell the element types. */
import type { Dtype } from '../tensor/tensor';
import type { ForeignDtype, SizedDtype } from './foreignDtypes';

export const dtypeNames: Readonly<Record<Dtype, string>> = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  uint16: 'U16',
  uint32: 'U32',
  uint64: 'U64',
  bool: 'BOOL',
};

/** Those of the others that the format has, under its own names. */
const foreignNames = [
  'F4',
  'F6_E2M3',
  'F6_E3M2',
  'F8_E5M2',
  'F8_E4M3',
  'F8_E8M0',
  'C64',
] as const satisfies ForeignDtype[];

const dtypesByName = new Map<string, SizedDtype>([
  ...(Object.keys(dtypeNames) as Dtype[]).map(dtype => [dtypeNames[dtype], dtype] as const),
  ...foreignNames.map(name => [name, name] as const),
]);

/** Undefined for a name that is none. */
export const dtypeNamed = (name: string): SizedDtype | undefined => dtypesByName.get(name);

/** Undefined for a type that the format does not have. */
export const nameOfDtype = (dtype: Dtype | ForeignDtype): string | undefined =>
  Object.hasOwn(dtypeNames, dtype)
    ? dtypeNames[dtype as Dtype]
    : foreignNames.find(name => name === dtype);
