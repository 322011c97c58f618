/** Element types as ONNX numbers them, and the field that holds elements which are not raw bytes. */
import type { Dtype } from '../../tensor/tensor';
import type { SizedDtype } from '../foreignDtypes';

/** `TensorProto.DataType`; TEXT has no width of its own. */
const dtypes: Readonly<Record<number, SizedDtype | 'TEXT'>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'TEXT',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  14: 'C64',
  15: 'C128',
  16: 'bfloat16',
  17: 'F8_E4M3',
  18: 'F8_E4M3FNUZ',
  19: 'F8_E5M2',
  20: 'F8_E5M2FNUZ',
  21: 'U4',
  22: 'I4',
  23: 'F4',
  24: 'F8_E8M0',
  25: 'U2',
  26: 'I2',
};

export const onnxDtype = (number: number): SizedDtype | 'TEXT' | undefined =>
  Object.hasOwn(dtypes, number) ? dtypes[number] : undefined;

/** Fields of `TensorProto` that hold elements, by type. */
export const TYPED_FIELDS = { float: 4, int32: 5, int64: 7, double: 10, uint64: 11 } as const;

export type TypedField = (typeof TYPED_FIELDS)[keyof typeof TYPED_FIELDS];

const fieldOf: Readonly<Record<Dtype, TypedField>> = {
  float32: TYPED_FIELDS.float,
  float64: TYPED_FIELDS.double,
  float16: TYPED_FIELDS.int32,
  bfloat16: TYPED_FIELDS.int32,
  int8: TYPED_FIELDS.int32,
  uint8: TYPED_FIELDS.int32,
  int16: TYPED_FIELDS.int32,
  uint16: TYPED_FIELDS.int32,
  int32: TYPED_FIELDS.int32,
  bool: TYPED_FIELDS.int32,
  int64: TYPED_FIELDS.int64,
  uint32: TYPED_FIELDS.uint64,
  uint64: TYPED_FIELDS.uint64,
};

/** The field in which elements of a type stand when they are not raw; undefined for types of parts. */
export const typedFieldOf = (dtype: SizedDtype | 'TEXT'): TypedField | undefined =>
  Object.hasOwn(fieldOf, dtype) ? fieldOf[dtype as Dtype] : undefined;
