/**
 * Data in memory: a dtype, a shape and one contiguous typed array in row-major order. Knows nothing
 * of graphs, files or devices.
 */

export interface DtypeArrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  bool: Uint8Array;
}

export type Dtype = keyof DtypeArrays;
export type TensorData<D extends Dtype = Dtype> = DtypeArrays[D];

export interface Tensor<D extends Dtype = Dtype> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Length is the product of `shape`. float16 and bfloat16 are held as their raw 16 bits. */
  readonly data: DtypeArrays[D];
}

/** Data that stays in a file until somebody needs it: contiguous, row-major, little-endian. */
export interface ExternalTensor<D extends Dtype = Dtype> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Absolute path. */
  readonly file: string;
  /** Absolute byte offset in the file. */
  readonly offset: number;
}

export const dtypeBytes: Readonly<Record<Dtype, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint8: 1,
  uint16: 2,
  uint32: 4,
  uint64: 8,
  bool: 1,
};

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** @throws if the array's length is not the product of the shape. */
export function tensor<D extends Dtype>(
  dtype: D,
  shape: readonly number[],
  data: DtypeArrays[D],
): Tensor<D> {
  if (data.length !== sizeOf(shape))
    throw new Error(`tensor of shape [${shape.join(', ')}] given ${data.length} values`);
  return { dtype, shape, data };
}

/**
 * Data that is made when somebody first reads it: a program that is only planned needs its shapes.
 * @param make a function of nothing that changes
 */
export function lazyTensor<D extends Dtype>(
  dtype: D,
  shape: readonly number[],
  make: () => DtypeArrays[D],
): Tensor<D> {
  let made: DtypeArrays[D] | undefined;
  return {
    dtype,
    shape,
    get data() {
      return (made ??= tensor(dtype, shape, make()).data);
    },
  };
}

export const zeros = (shape: readonly number[]): Tensor<'float32'> =>
  tensor('float32', shape, new Float32Array(sizeOf(shape)));
