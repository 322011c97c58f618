/**
 * A file of PyTorch since 1.6, and TorchScript: a zip archive with the pickle `data.pkl` and one
 * member for each storage in `data/`.
 */
import { fail } from '../../problem';
import type { ByteSource } from '../byteSource';
import { bytesOf, ByteWindow } from '../byteSource';
import type { FileContents } from '../storedTensors';
import type { ZipMember } from '../zip/zipDirectory';
import { refuseZip } from '../zip/zipDirectory';
import { checkRatio, memberSource, verifyMember } from '../zip/zipMember';
import { readPickle } from './pickleMachine';
import { Storages } from './storages';
import { torchContents } from './torchContents';
import { torchLanguage } from './torchLanguage';

const PICKLE = /^(?:[^/]+\/)*data\.pkl$/;

export const isTorchZip = (members: readonly ZipMember[]): boolean =>
  members.some(({ name }) => PICKLE.test(name));

/** @throws `torch.…`, `zip.…` */
export function torchZipContents(
  source: ByteSource,
  path: string,
  members: readonly ZipMember[],
): FileContents {
  const refuseArchive = refuseZip(path);
  for (const member of members) checkRatio(member, refuseArchive);
  const byName = new Map(members.map(member => [member.name, member]));
  const pickle = onlyPickle(members, path);
  const root = pickle.name.slice(0, -'data.pkl'.length);
  const sourceOf = (member: ZipMember) => memberSource(source, member, refuseArchive);
  const memberOf = (key: string) => byName.get(`${root}data/${key}`);

  const refuse = (kind: string, what: string, at: number): never =>
    fail(`torch.${kind}`, `${path} cannot be read: byte ${at} of ${pickle.name}: ${what}.`, {
      file: path,
      byte: pickle.isDeflated ? pickle.offset : pickle.offset + at,
    });
  const storages = new Storages(({ key, elements, elementBytes }, at) => {
    const member = memberOf(key);
    const bytes = elements * elementBytes;
    if (member === undefined) at.refuse(`storage "${key}" is missing`, 'missing-storage');
    else if (member.bytes !== bytes)
      at.refuse(`storage "${key}" should have ${bytes} bytes, not ${member.bytes}`, 'storage-size');
  });
  const pickleSource = sourceOf(pickle);
  const window = new ByteWindow(pickleSource, at => refuse('truncated', 'it ends too early', at));
  const { value } = readPickle(window, 0, torchLanguage(storages), refuse);

  const opened = new Map<string, ByteSource>();
  const storage = (key: string): ByteSource => {
    const known = opened.get(key) ?? sourceOf(memberOf(key)!);
    opened.set(key, known);
    return known;
  };
  const isBigEndian = readByteOrder(byName.get(`${root}byteorder`), sourceOf, path) === 'big';
  const contents = torchContents({
    value,
    pickle: pickleSource,
    isBigEndian,
    storage,
    refuse: what => refuse('too-complex', what, pickleSource.bytes),
  });
  const verify = () => members.forEach(member => verifyMember(source, member, refuseArchive));
  return { format: 'torch', ...contents, verify };
}

function onlyPickle(members: readonly ZipMember[], path: string): ZipMember {
  const [pickle, second] = members.filter(({ name }) => PICKLE.test(name));
  if (pickle !== undefined && second === undefined) return pickle;
  return fail('torch.several-pickles', `${path} cannot be read: it holds more than one data.pkl.`, {
    file: path,
    byte: second?.offset ?? 0,
  });
}

/** Files without this member are little-endian. */
function readByteOrder(
  member: ZipMember | undefined,
  sourceOf: (member: ZipMember) => ByteSource,
  path: string,
): 'little' | 'big' {
  if (member === undefined) return 'little';
  const order = member.bytes <= 16 ? Buffer.from(bytesOf(sourceOf(member))).toString('latin1') : '';
  if (order === 'little' || order === 'big') return order;
  return fail('torch.byte-order', `${path} cannot be read: its byte order is unknown.`, {
    file: path,
    byte: member.offset,
  });
}
