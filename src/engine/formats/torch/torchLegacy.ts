/**
 * A file of PyTorch before 1.6: five pickles one after the other (magic number, protocol, system,
 * the object, keys of the storages), then each storage as its number of elements and its bytes.
 */
import { fail } from '../../problem';
import type { ByteSource } from '../byteSource';
import { ByteWindow, partOf } from '../byteSource';
import type { FileContents } from '../storedTensors';
import type { RefusePickle } from './pickleReader';
import { readPickle } from './pickleMachine';
import type { PyStorage, PyValue } from './pyValue';
import { isObject } from './pyValue';
import { Storages } from './storages';
import { torchContents } from './torchContents';
import { torchLanguage } from './torchLanguage';

/** The first pickle: protocol 2, the number 0x1950a86a20f9469cfc6c, the end. */
const MAGIC = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const PROTOCOL = 1001;
const COUNT_BYTES = 8;

export const isTorchLegacy = (start: Buffer): boolean =>
  start.subarray(0, MAGIC.length).equals(MAGIC);

/** @throws `torch.…` */
export function torchLegacyContents(source: ByteSource, path: string): FileContents {
  const refuse: RefusePickle = (kind, what, at) =>
    fail(`torch.${kind}`, `${path} cannot be read: byte ${at}: ${what}.`, { file: path, byte: at });
  const cutOff = 'it ends here, so it was cut off; download or copy it again';
  const window = new ByteWindow(source, at => refuse('truncated', cutOff, at));
  // a storage need not be there to be spoken of: that shows when the storages follow
  const storages = new Storages(() => undefined);
  const language = torchLanguage(storages);
  let at = MAGIC.length;
  const next = (): PyValue => {
    const { value, end } = readPickle(window, at, language, refuse);
    at = end;
    return value;
  };
  if (next() !== PROTOCOL) refuse('bad-pickle', `its protocol is not ${PROTOCOL}`, at);
  const isBigEndian = !isLittleEndian(next(), what => refuse('bad-pickle', what, at));
  const value = next();
  const keys = next();
  const places = placeStorages(keys, { window, start: at, storages, isBigEndian, refuse });
  const contents = torchContents({
    value,
    pickle: source,
    isBigEndian,
    storage: key => places.get(key)!,
    refuse: what => refuse('too-complex', what, at),
  });
  return { format: 'torch', ...contents };
}

function isLittleEndian(system: PyValue, refuse: (what: string) => never): boolean {
  const entries = isObject(system) && system.kind === 'dict' ? system.entries : undefined;
  const isLittle = entries?.get('little_endian');
  return typeof isLittle === 'boolean' ? isLittle : refuse('it does not say its byte order');
}

interface Placing {
  window: ByteWindow;
  start: number;
  storages: Storages;
  isBigEndian: boolean;
  refuse: RefusePickle;
}

function placeStorages(keys: PyValue, placing: Placing): Map<string, ByteSource> {
  const { window, start, storages, isBigEndian, refuse } = placing;
  const { source } = window;
  if (!isObject(keys) || keys.kind !== 'list')
    return refuse('bad-pickle', 'the list of its storages is none', start);
  const places = new Map<string, ByteSource>();
  let at = start;
  for (const key of keys.items) {
    const storage = namedBy(key, storages, places, what => refuse('bad-storage', what, at));
    const bytes = storage.elements * storage.elementBytes;
    const head = window.view(at, COUNT_BYTES);
    const count = isBigEndian ? head.readBigInt64BE() : head.readBigInt64LE();
    if (count !== BigInt(storage.elements))
      refuse(
        'storage-size',
        `storage "${storage.key}" has ${count} elements, not ${storage.elements}`,
        at,
      );
    at += COUNT_BYTES;
    if (bytes > source.bytes - at)
      refuse(
        'truncated',
        `storage "${storage.key}" should have ${bytes} bytes and ${source.bytes - at} are left; the file was cut off`,
        at,
      );
    places.set(storage.key, partOf(source, at, bytes));
    at += bytes;
  }
  const missing = [...storages.named.keys()].find(key => !places.has(key));
  if (missing !== undefined) refuse('missing-storage', `storage "${missing}" is missing`, at);
  if (at !== source.bytes)
    refuse('trailing-bytes', `${source.bytes - at} bytes follow that belong to nothing`, at);
  return places;
}

function namedBy(
  key: PyValue,
  storages: Storages,
  places: ReadonlyMap<string, unknown>,
  refuse: (what: string) => never,
): PyStorage {
  const storage = typeof key === 'string' ? storages.named.get(key) : undefined;
  if (storage === undefined) return refuse('it has a storage that no tensor uses');
  return places.has(storage.key) ? refuse(`storage "${storage.key}" is there twice`) : storage;
}
