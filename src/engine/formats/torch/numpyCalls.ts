/** Arrays and scalars of NumPy inside a pickle: what rebuilds them, and the state it is given. */
import { sizeOf } from '../../tensor/tensor';
import { rowMajorStrides } from '../stridedBytes';
import { numpyType } from '../numpy/numpyType';
import type { KnownCall, PyCall } from './pickleMachine';
import type { PyArray, PyNumpyDtype, PyValue } from './pyValue';
import { isObject, isTuple } from './pyValue';
import { wholeNumbers } from './pythonCalls';

/** `dtype('f8', align, copy)`; its byte order comes with its state. */
function newDtype([descr]: readonly PyValue[], at: KnownCall): PyNumpyDtype {
  if (typeof descr !== 'string') return at.refuse('a type of NumPy in it has no name');
  return { kind: 'numpy-dtype', descr, swapped: false };
}

/** `(version, byte order, …)` */
export function buildDtype(dtype: PyNumpyDtype, state: PyValue): boolean {
  const order = isTuple(state) ? state.items[1] : undefined;
  if (typeof order !== 'string' || !/^[<>|=]$/.test(order)) return false;
  dtype.swapped = order === '>';
  return true;
}

interface ArrayParts {
  shape: PyValue | undefined;
  dtype: PyValue | undefined;
  isFortran: boolean;
  data: PyValue | undefined;
}

function contentOf({ shape, dtype, isFortran, data }: ArrayParts, at: KnownCall) {
  const sizes = wholeNumbers(shape);
  if (dtype === undefined || !isObject(dtype) || dtype.kind !== 'numpy-dtype' || !sizes)
    return at.refuse('an array of NumPy in it has no type or shape');
  const type = numpyType(`${dtype.swapped ? '>' : '<'}${dtype.descr.replace(/^[<>|=]/, '')}`);
  if (type === 'object' || type === undefined)
    return at.refuse(`an array of NumPy in it holds ${dtype.descr}, which are no plain numbers`);
  if (data === undefined || !isObject(data) || data.kind !== 'bytes')
    return at.refuse('an array of NumPy in it has no data');
  const { elementBytes, ...rest } = type;
  const bytes = sizeOf(sizes) * elementBytes;
  const found = data.content instanceof Uint8Array ? data.content.byteLength : data.content.bytes;
  if (bytes !== found)
    return at.refuse(`an array of NumPy in it takes ${bytes} bytes and is given ${found}`);
  const strides = rowMajorStrides([...sizes].reverse()).reverse();
  const isScattered = isFortran && sizes.length > 1;
  return { ...rest, shape: sizes, bytes, data, ...(isScattered && { strides }) };
}

/** `(version, shape, dtype, is_fortran, data)` */
export function buildArray(array: PyArray, state: PyValue, at: KnownCall): boolean {
  if (!isTuple(state)) return false;
  const [, shape, dtype, isFortran, data] = state.items;
  array.content = contentOf({ shape, dtype, isFortran: isFortran === true, data }, at);
  return true;
}

/** `_frombuffer(data, dtype, shape, order)`, as protocol 5 has it. */
function fromBuffer([data, dtype, shape, order]: readonly PyValue[], at: KnownCall): PyArray {
  return {
    kind: 'array',
    content: contentOf({ shape, dtype, isFortran: order === 'F', data }, at),
  };
}

const scalar: PyCall = ([dtype, data], at) => ({
  kind: 'array',
  content: contentOf({ shape: { kind: 'tuple', items: [] }, dtype, isFortran: false, data }, at),
});

export const numpyCalls: Readonly<Record<string, PyCall>> = {
  'numpy.dtype': newDtype,
  'numpy.core.multiarray._reconstruct': () => ({ kind: 'array' }),
  'numpy.core.multiarray.scalar': scalar,
  'numpy.core.numeric._frombuffer': fromBuffer,
};
