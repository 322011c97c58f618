/**
 * What a pickle of PyTorch holds, as tensors that can be read: the common end of both containers.
 * Knows nothing of how a container stores its storages.
 */
import type { ByteSource } from '../byteSource';
import { memorySource, partOf } from '../byteSource';
import type { SizedDtype } from '../foreignDtypes';
import type { StoredTensor } from '../storedTensors';
import { isRowMajor } from '../stridedBytes';
import type { PyArray, PyBytes, PyStorage, PyTensor, PyValue } from './pyValue';
import { scalarText } from './scalarText';
import { structureOf } from './structure';
import { elementBytesOf } from './torchTypes';

export interface TorchParts {
  readonly value: PyValue;
  /** In which the pickle stands. */
  readonly pickle: ByteSource;
  readonly isBigEndian: boolean;
  /** All bytes of a storage. */
  readonly storage: (key: string) => ByteSource;
  readonly refuse: (what: string) => never;
}

export interface TorchContents {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

export function torchContents(parts: TorchParts): TorchContents {
  const { tensors: found, texts } = structureOf(parts.value, parts.refuse);
  const metadata = new Map(texts);
  const tensors = new Map<string, StoredTensor>();
  /** Names of tensors by the memory they are. */
  const names = new Map<string, string>();
  for (const [name, value] of found) {
    if (value.kind === 'array') {
      const stored = storedArray(value, parts);
      if (stored === undefined) metadata.set(name, 'array without content');
      else if (stored.shape.length === 0) metadata.set(name, scalarText(stored));
      else tensors.set(name, stored);
      continue;
    }
    const tensor = value.kind === 'storage' ? wholeOf(value) : value;
    const memory = memoryOf(tensor);
    const sameAs = memory === undefined ? undefined : names.get(memory);
    if (memory !== undefined && sameAs === undefined) names.set(memory, name);
    tensors.set(name, { ...storedTensor(tensor, parts), ...(sameAs !== undefined && { sameAs }) });
  }
  return { metadata, tensors };
}

/** A storage that stands alone is a tensor of one dimension. */
const wholeOf = (storage: PyStorage): PyTensor => ({
  kind: 'tensor',
  dtype: storage.dtype,
  shape: [storage.elements],
  bytes: storage.elements * storage.elementBytes,
  view: { storage, offset: 0, strides: [1] },
});

/** The same for tensors that are the same memory, seen in the same way. */
function memoryOf({ view, dtype, shape, bytes }: PyTensor): string | undefined {
  if (view === undefined || bytes === 0) return undefined;
  const { storage, offset, strides } = view;
  return [storage.key, storage.from, offset, dtype, shape.join('x'), strides.join('x')].join(' ');
}

const NOTHING = memorySource(new Uint8Array());

function storedTensor(tensor: PyTensor, parts: TorchParts): StoredTensor {
  const { dtype, shape, bytes, view, unreadable } = tensor;
  const facts = { dtype, shape, bytes };
  if (view === undefined)
    return { ...facts, source: NOTHING, start: 0, unreadable: unreadable ?? 'has no data' };
  const { storage, offset, strides } = view;
  const elementBytes = elementBytesOf(dtype);
  const swapped = parts.isBigEndian ? swappedWidth(dtype, elementBytes) : undefined;
  return {
    ...facts,
    source: parts.storage(storage.key),
    start: storage.from * storage.elementBytes + offset * elementBytes,
    ...(!isRowMajor(shape, strides) && { strides }),
    ...(swapped && { swapped }),
  };
}

/** Width of the numbers that an element consists of, where their order matters. */
function swappedWidth(dtype: SizedDtype, elementBytes: number): 2 | 4 | 8 | undefined {
  const isComplex = dtype === 'C32' || dtype === 'C64' || dtype === 'C128';
  const width = isComplex ? elementBytes / 2 : elementBytes;
  return width === 2 || width === 4 || width === 8 ? width : undefined;
}

function storedArray({ content }: PyArray, { pickle }: TorchParts): StoredTensor | undefined {
  if (content === undefined) return undefined;
  const { data, ...rest } = content;
  return { ...rest, source: sourceOf(data, pickle), start: 0 };
}

const sourceOf = ({ content }: PyBytes, pickle: ByteSource): ByteSource =>
  content instanceof Uint8Array ? memorySource(content) : partOf(pickle, content.at, content.bytes);
