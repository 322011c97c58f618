/** One `TensorProto`: what it says of itself, and where its elements are. Source: onnx.proto3. */
import { sizeOf } from '../../tensor/tensor';
import type { ByteSource } from '../byteSource';
import { memorySource } from '../byteSource';
import { bitsOf, isForeign } from '../foreignDtypes';
import type { SizedDtype } from '../foreignDtypes';
import type { StoredTensor } from '../storedTensors';
import type { ExternalData } from './externalData';
import type { Field, MessageReader, Span } from './message';
import type { TypedField } from './onnxTypes';
import { onnxDtype, TYPED_FIELDS, typedFieldOf } from './onnxTypes';
import { TypedValues } from './typedValues';

const FIELD = { dims: 1, dataType: 2, name: 8, raw: 9, external: 13, location: 14 } as const;
const EXTERNAL = 1n;
const MAX_DIMENSIONS = 64;

export interface NamedTensor {
  readonly name: string;
  readonly tensor: StoredTensor;
}

/** @throws `onnx.…` */
export function readTensor(reader: MessageReader, span: Span, data: ExternalData): NamedTensor {
  const parts = collect(reader, span);
  const { name } = parts;
  const refuse: Refuse = (kind, what) =>
    reader.refuse(kind, `tensor "${name}": ${what}`, span.start);
  const shape = shapeOf(parts.dims, refuse);
  const dtype = onnxDtype(parts.dataType);
  if (dtype === undefined)
    return refuse('unknown-dtype', `its type ${parts.dataType} is not known`);
  if (dtype === 'TEXT') {
    const facts = { dtype, shape, bytes: 0, source: NOTHING, start: 0 } as const;
    return { name, tensor: { ...facts, unreadable: 'holds texts' } };
  }
  const bytes = Math.ceil((sizeOf(shape) * bitsOf(dtype)) / 8);
  const facts = { dtype, shape, bytes };
  const source = sourceOf({ reader, parts, data, facts, refuse });
  if (source === undefined) {
    const unreadable = 'is stored in a form that is not known';
    return { name, tensor: { ...facts, source: NOTHING, start: 0, unreadable } };
  }
  return { name, tensor: { ...facts, source, start: 0 } };
}

type Refuse = (kind: string, what: string) => never;

const NOTHING = memorySource(new Uint8Array());

interface TensorParts {
  dims: bigint[];
  dataType: number;
  name: string;
  raw?: Span;
  typed: Map<TypedField, TypedValues>;
  external: Map<string, string>;
  isExternal: boolean;
}

function collect(reader: MessageReader, span: Span): TensorParts {
  const parts: TensorParts = {
    dims: [],
    dataType: 0,
    name: '',
    typed: new Map(),
    external: new Map(),
    isExternal: false,
  };
  for (const field of reader.walk(span)) take(reader, field, parts);
  return parts;
}

const typedFields = new Set<number>(Object.values(TYPED_FIELDS));
const isTyped = (id: number): id is TypedField => typedFields.has(id);

function take(reader: MessageReader, field: Field, parts: TensorParts): void {
  const { id } = field;
  if (isTyped(id)) {
    const values = parts.typed.get(id) ?? new TypedValues(reader);
    parts.typed.set(id, values);
    values.add(field);
  } else if (id === FIELD.dims) parts.dims.push(...dimsOf(reader, field));
  else if (field.wire === 'varint') {
    if (id === FIELD.dataType) parts.dataType = Number(field.value);
    if (id === FIELD.location) parts.isExternal = field.value === EXTERNAL;
  } else if (field.wire === 'bytes') {
    if (id === FIELD.name) parts.name = reader.text(field.span, 1 << 16);
    if (id === FIELD.external) readPair(reader, field.span, parts.external);
    if (id === FIELD.raw) {
      if (parts.raw) reader.refuse('bad-field', 'a tensor of it has raw data twice', field.at);
      parts.raw = field.span;
    }
  }
}

function dimsOf(reader: MessageReader, field: Field): bigint[] {
  if (field.wire === 'varint') return [field.value];
  const dims: bigint[] = [];
  if (field.wire !== 'bytes') return reader.refuse('bad-field', 'a dimension is none', field.at);
  for (let at = field.span.start; at < field.span.end;) {
    const { value, end } = reader.varint(at, field.span.end);
    dims.push(value);
    at = end;
    if (dims.length > MAX_DIMENSIONS) reader.refuse('bad-shape', 'it has too many dimensions', at);
  }
  return dims;
}

/** `StringStringEntryProto`; the last of one key counts, as in protobuf's own readers. */
export function readPair(reader: MessageReader, span: Span, into: Map<string, string>): void {
  let [key, value] = ['', ''];
  for (const field of reader.walk(span)) {
    if (field.wire !== 'bytes') continue;
    if (field.id === 1) key = reader.text(field.span, 1 << 12);
    if (field.id === 2) value = reader.text(field.span);
  }
  into.set(key, value);
}

function shapeOf(dims: readonly bigint[], refuse: Refuse): number[] {
  const shape = dims.map(Number);
  const count = sizeOf(shape);
  if (
    shape.length > MAX_DIMENSIONS ||
    !Number.isSafeInteger(count * 16) ||
    !shape.every(Number.isSafeInteger)
  )
    refuse('bad-shape', `[${shape.slice(0, 8).join(', ')}] is no shape`);
  return shape;
}

interface Finding {
  reader: MessageReader;
  parts: TensorParts;
  data: ExternalData;
  facts: { dtype: SizedDtype; shape: readonly number[]; bytes: number };
  refuse: Refuse;
}

/** Undefined where the elements are in a form that cannot be read. */
function sourceOf({ reader, parts, data, facts, refuse }: Finding): ByteSource | undefined {
  const { dtype, shape, bytes } = facts;
  const wrong = (found: number, unit: string): never =>
    refuse('data-size', `[${shape.join(', ')}] of ${dtype} has ${found} ${unit}`);
  if (parts.isExternal) return externalSource(parts.external, bytes, data, refuse);
  if (parts.raw) {
    const { start, end } = parts.raw;
    return end - start === bytes ? reader.part(parts.raw) : wrong(end - start, 'bytes of raw data');
  }
  const field = typedFieldOf(dtype);
  if (field === undefined || isForeign(dtype)) return bytes === 0 ? NOTHING : undefined;
  const values = parts.typed.get(field) ?? new TypedValues(reader);
  return values.source(dtype, sizeOf(shape), found => wrong(found, 'elements'));
}

function externalSource(
  external: ReadonlyMap<string, string>,
  bytes: number,
  data: ExternalData,
  refuse: Refuse,
): ByteSource {
  const whole = (key: string, absent: number): number => {
    const text = external.get(key);
    if (text === undefined) return absent;
    const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : -1;
    return number >= 0 ? number : refuse('external-data', `its ${key} "${text}" is no place`);
  };
  const file = data.open(external.get('location') ?? '', what => refuse('external-data', what));
  const offset = whole('offset', 0);
  const length = whole('length', bytes);
  if (length !== bytes)
    refuse('data-size', `it takes ${bytes} bytes and ${length} are set apart for it`);
  if (offset + length > file.bytes)
    refuse(
      'external-data',
      `its data would end at byte ${offset + length} of a file of ${file.bytes}`,
    );
  return {
    bytes,
    at: { file: file.at!.file, offset },
    read: (into, from) => file.read(into, offset + from),
  };
}
