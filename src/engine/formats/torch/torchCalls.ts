/** Calls with which PyTorch rebuilds tensors, and the tensors that they describe, each checked. */
import { sizeOf } from '../../tensor/tensor';
import type { SizedDtype } from '../foreignDtypes';
import type { KnownCall, PyCall } from './pickleMachine';
import { globalOf } from './pickleMachine';
import type { PyStorage, PyTensor, PyValue } from './pyValue';
import { isObject, isTuple } from './pyValue';
import { wholeNumbers } from './pythonCalls';
import { elementBytesOf, torchDtype } from './torchTypes';

type Args = readonly PyValue[];

const MAX_DIMENSIONS = 64;

/** `(storage, storage_offset, size, stride, …)`; the storage's type unless `dtype` is given. */
function rebuildTensor(args: Args, at: KnownCall, dtype?: SizedDtype): PyTensor {
  const [storage, offset, size, stride] = args;
  const shape = shapeOf(size, at);
  const strides = wholeNumbers(stride);
  if (storage === undefined || !isObject(storage) || storage.kind !== 'storage')
    return at.refuse('a tensor of it has no storage');
  if (typeof offset !== 'number' || offset < 0 || strides?.length !== shape.length)
    return at.refuse('a tensor of it has no place in its storage');
  return viewOf(storage, { offset, shape, strides }, at, dtype);
}

function shapeOf(size: PyValue | undefined, at: KnownCall): number[] {
  const shape = wholeNumbers(size);
  if (shape === undefined || shape.length > MAX_DIMENSIONS)
    return at.refuse('a tensor of it has no shape');
  if (!Number.isSafeInteger(sizeOf(shape)) || !Number.isSafeInteger(sizeOf(shape) * 16))
    return at.refuse(`a tensor of it is too large to exist: [${shape.join(', ')}]`);
  return shape;
}

interface View {
  offset: number;
  shape: readonly number[];
  strides: readonly number[];
}

function viewOf(storage: PyStorage, view: View, at: KnownCall, dtype?: SizedDtype): PyTensor {
  const { offset, shape, strides } = view;
  const elementBytes = dtype === undefined ? storage.elementBytes : elementBytesOf(dtype);
  const last = offset + shape.reduce((sum, n, d) => sum + (n - 1) * strides[d]!, 0);
  const room = (storage.elements * storage.elementBytes) / elementBytes;
  const count = sizeOf(shape);
  if (count > 0 && !(last < room))
    return at.refuse(
      `a tensor [${shape.join(', ')}] of it reaches to element ${last} of a storage of ${Math.floor(room)}`,
    );
  return {
    kind: 'tensor',
    dtype: dtype ?? storage.dtype,
    shape,
    bytes: count * elementBytes,
    view: { storage, offset, strides },
  };
}

const dtypeOf = (value: PyValue | undefined, at: KnownCall): SizedDtype => {
  const name = globalOf(value)?.name ?? '';
  return torchDtype(name) ?? at.refuse(`a tensor of it is of the unknown type ${name}`);
};

/** A tensor whose elements are elsewhere, or in a form that this reader does not know. */
const unreadable = (what: string, dtype: SizedDtype, shape: readonly number[]): PyTensor => ({
  kind: 'tensor',
  dtype,
  shape,
  bytes: sizeOf(shape) * elementBytesOf(dtype),
  unreadable: what,
});

/** `(layout, (indices, values, size, …))`, and more parts for compressed rows or columns. */
function rebuildSparse(args: Args, at: KnownCall): PyTensor {
  const layout = args.find(arg => typeof arg === 'string')?.replace('torch.sparse_', '') ?? '';
  const parts = args.find(isTuple)?.items ?? [];
  const tensors = parts.filter(
    (part): part is PyTensor => isObject(part) && part.kind === 'tensor',
  );
  const sizes = parts.map(wholeNumbers).filter(numbers => numbers !== undefined);
  const values = tensors.at(-1);
  if (values === undefined || sizes.length !== 1)
    return at.refuse('a sparse tensor of it is not described');
  const { dtype, bytes } = values;
  const shape = shapeOf(
    parts.find(part => wholeNumbers(part) !== undefined),
    at,
  );
  return { kind: 'tensor', dtype, shape, bytes, unreadable: `is a sparse tensor (${layout})` };
}

/** `_rebuild_parameter(data, requires_grad, backward_hooks)`, `Parameter(data, requires_grad)`. */
function rebuildParameter([data]: Args, at: KnownCall): PyValue {
  if (data !== undefined && isObject(data) && data.kind === 'tensor') return data;
  return at.refuse('a parameter of it is no tensor');
}

/** A call within a call: `(function, type, arguments, state)`. */
const rebuildFromType: PyCall = ([callable, , args], at) => at.call(callable, args);

/** Inert: the value is what it was made from. */
const asRecord: PyCall = (args, at) => ({ kind: 'record', className: at.name, args });
const first: PyCall = ([value], at) =>
  value === undefined ? at.refuse(`${at.name} is called with nothing`) : value;

export const torchCalls: Readonly<Record<string, PyCall>> = {
  'torch._utils._rebuild_tensor': (args, at) => rebuildTensor(args, at),
  'torch._utils._rebuild_tensor_v2': (args, at) => rebuildTensor(args, at),
  'torch._utils._rebuild_tensor_v3': (args, at) => rebuildTensor(args, at, dtypeOf(args[6], at)),
  'torch._utils._rebuild_parameter': rebuildParameter,
  'torch._utils._rebuild_parameter_with_state': rebuildParameter,
  'torch.nn.parameter.Parameter': rebuildParameter,
  'torch.nn.parameter.Buffer': rebuildParameter,
  'torch._utils._rebuild_sparse_tensor': rebuildSparse,
  'torch._utils._rebuild_sparse_csr_tensor': rebuildSparse,
  'torch._utils._rebuild_qtensor': (args, at) => rebuildTensor(args, at),
  'torch._utils._rebuild_meta_tensor_no_storage': ([dtype, size], at) =>
    unreadable(
      'has no data (it was saved from the meta device)',
      dtypeOf(dtype, at),
      shapeOf(size, at),
    ),
  'torch._tensor._rebuild_from_type': rebuildFromType,
  'torch._tensor._rebuild_from_type_v2': rebuildFromType,
  'torch.Size': ([items], at) => ({ kind: 'tuple', items: shapeOf(items, at) }),
  'torch.device': asRecord,
  'torch._C.Generator': asRecord,
  'torch.serialization._get_layout': first,
  'torch.jit._pickle.build_intlist': first,
  'torch.jit._pickle.build_doublelist': first,
  'torch.jit._pickle.build_boollist': first,
  'torch.jit._pickle.build_tensorlist': first,
  'torch.jit._pickle.restore_type_tag': first,
};
