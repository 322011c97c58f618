/** A `.npz` file: a zip archive of `.npy` arrays, each named as its member. */
import { fail } from '../../problem';
import type { ByteSource } from '../byteSource';
import type { FileContents, StoredTensor } from '../storedTensors';
import type { ZipMember } from '../zip/zipDirectory';
import { refuseZip } from '../zip/zipDirectory';
import { checkRatio, memberSource, memberStart, verifyMember } from '../zip/zipMember';
import { parseNpy } from './npyHeader';

const MEMBER = /\.npy$/;

export const isNpz = (members: readonly ZipMember[]): boolean =>
  members.length > 0 && members.every(({ name }) => MEMBER.test(name));

/** @throws `npz.…`, `zip.…` */
export function npzContents(
  archive: ByteSource,
  path: string,
  members: readonly ZipMember[],
): FileContents {
  const refuseArchive = refuseZip(path);
  const tensors = new Map<string, StoredTensor>();
  for (const member of members) {
    const { name, offset, isDeflated } = member;
    const refuse = (kind: string, what: string, at: number): never =>
      fail(`npz.${kind}`, `${path} cannot be read: ${name}: ${what}.`, {
        file: path,
        byte: isDeflated ? offset : offset + at,
      });
    checkRatio(member, refuseArchive);
    const source = memberSource(archive, member, refuseArchive);
    const readStart = (most: number) => memberStart(archive, member, most, refuseArchive);
    tensors.set(name.replace(MEMBER, ''), parseNpy(source, readStart, refuse));
  }
  const verify = () => members.forEach(member => verifyMember(archive, member, refuseArchive));
  return { format: 'npz', tensors, verify };
}
