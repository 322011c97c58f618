/** Pickles in tests, opcode by opcode, and files of PyTorch around them. */
import { zipBytes } from './zipBytes';

const bytes = (...parts: (string | number[] | Buffer)[]): Buffer =>
  Buffer.concat(parts.map(part => Buffer.from(part as string, 'latin1')));

const sized = (opcode: string, value: number, width: 1 | 2 | 4): Buffer => {
  const buffer = Buffer.alloc(1 + width);
  buffer.write(opcode, 'latin1');
  buffer.writeUIntLE(value, 1, width);
  return buffer;
};

export const text = (value: string): Buffer =>
  bytes(sized('X', Buffer.byteLength(value), 4), Buffer.from(value));
export const int = (value: number): Buffer =>
  value >= 0 && value < 2 ** 31 ? sized('J', value, 4) : long(BigInt(value));
export const long = (value: bigint): Buffer => {
  const buffer = Buffer.alloc(10);
  buffer.write('\x8a\x08', 'latin1');
  buffer.writeBigInt64LE(value, 2);
  return buffer;
};
export const global = (name: string): Buffer => {
  const dot = name.lastIndexOf('.');
  return bytes(`c${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`);
};
export const tuple = (...items: Buffer[]): Buffer => bytes('(', ...items, 't');
export const dict = (...items: Buffer[]): Buffer => bytes('}(', ...items, 'u');
export const call = (name: string, ...args: Buffer[]): Buffer =>
  bytes(global(name), tuple(...args), 'R');
export const code = bytes;

export const pickle = (...parts: Buffer[]): Buffer => bytes('\x80\x02', ...parts, '.');

export interface StorageOf {
  cls?: string;
  key?: string;
  elements?: Buffer;
}

export const storage = ({
  cls = 'torch.FloatStorage',
  key = '0',
  elements = int(6),
}: StorageOf = {}) =>
  bytes(tuple(text('storage'), global(cls), text(key), text('cpu'), elements), 'Q');

export interface TensorOf extends StorageOf {
  offset?: Buffer;
  shape?: Buffer;
  strides?: Buffer;
}

/** By default all of a storage of six float32, as [2, 3]. */
export const tensorOf = ({ offset, shape, strides, ...rest }: TensorOf = {}): Buffer =>
  call(
    'torch._utils._rebuild_tensor_v2',
    storage(rest),
    offset ?? int(0),
    shape ?? tuple(int(2), int(3)),
    strides ?? tuple(int(3), int(1)),
    bytes('\x89'),
    call('collections.OrderedDict'),
  );

/** A file of PyTorch with this pickle and one storage of six float32. */
export function torchZip(data: Buffer, storages: Record<string, Uint8Array> = { 0: sixFloats() }) {
  const members = Object.entries(storages).map(([key, values]) => ({
    name: `archive/data/${key}`,
    data: values,
  }));
  return zipBytes({
    members: [
      { name: 'archive/data.pkl', data },
      ...members,
      { name: 'archive/version', data: Buffer.from('3\n') },
    ],
  });
}

export const sixFloats = (): Buffer => Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);

const MAGIC = bytes('\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e');

/** The same in the format before 1.6. */
export function torchLegacy(
  data: Buffer,
  storages: Record<string, Uint8Array> = { 0: sixFloats() },
) {
  const system = dict(text('protocol_version'), int(1001), text('little_endian'), bytes('\x88'));
  const keys = bytes(']', ...Object.keys(storages).flatMap(key => [text(key), bytes('a')]));
  const contents = Object.values(storages).flatMap(values => {
    const count = Buffer.alloc(8);
    count.writeBigInt64LE(BigInt(values.byteLength / 4));
    return [count, Buffer.from(values)];
  });
  return bytes(MAGIC, pickle(int(1001)), pickle(system), data, pickle(keys), ...contents);
}
