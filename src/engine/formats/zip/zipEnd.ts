/** Where the directory of a zip archive lies, as the end of the archive says, with 64 bits or 32. */
import type { ByteWindow } from '../byteSource';
import type { RefuseZip } from './zipDirectory';

export interface DirectoryPlace {
  readonly offset: number;
  readonly bytes: number;
  readonly members: number;
}

const END = 0x06054b50;
const END_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const END64_LOCATOR = 0x07064b50;
const END64_LOCATOR_BYTES = 20;
const END64 = 0x06064b50;
const END64_BYTES = 56;

const MAX_MEMBERS = 1_000_000;
const MIN_MEMBER_BYTES = 46;

export function findDirectory(window: ByteWindow, refuse: RefuseZip): DirectoryPlace {
  const end = findEnd(window, refuse);
  const record = window.view(end, END_BYTES);
  const [disk, directoryDisk, here, members] = [4, 6, 8, 10].map(at => record.readUInt16LE(at));
  const place = {
    members: members!,
    bytes: record.readUInt32LE(12),
    offset: record.readUInt32LE(16),
  };
  const end64 = findEnd64(window, end, refuse);
  const last = end64?.at ?? end;
  const exact = end64 ? agreed(place, end64.place, () => refuseEnds(refuse, end)) : place;
  if (disk !== 0 || directoryDisk !== 0 || here !== members)
    refuse('many-disks', 'it is a part of several', end);
  if (exact.offset + exact.bytes !== last)
    refuse('bad-directory', 'its directory is not where it says', end);
  if (exact.members > MAX_MEMBERS || exact.members * MIN_MEMBER_BYTES > exact.bytes)
    refuse('bad-directory', `it cannot have ${exact.members} members`, end);
  return exact;
}

const refuseEnds = (refuse: RefuseZip, at: number): never =>
  refuse('bad-directory', 'its two ends do not agree', at);

/** The last place at which an end, with its comment, takes all that is left. */
function findEnd(window: ByteWindow, refuse: RefuseZip): number {
  const { bytes } = window.source;
  const length = Math.min(bytes, END_BYTES + MAX_COMMENT_BYTES);
  const tail = window.view(bytes - length, length);
  for (let at = length - END_BYTES; at >= 0; at--)
    if (tail.readUInt32LE(at) === END && at + END_BYTES + tail.readUInt16LE(at + 20) === length)
      return bytes - length + at;
  return refuse('truncated', 'it has no end, so it was cut off; download or copy it again', bytes);
}

function findEnd64(window: ByteWindow, end: number, refuse: RefuseZip) {
  const locatorAt = end - END64_LOCATOR_BYTES;
  if (locatorAt < 0) return undefined;
  const locator = window.view(locatorAt, END64_LOCATOR_BYTES);
  if (locator.readUInt32LE() !== END64_LOCATOR) return undefined;
  const at = Number(locator.readBigUInt64LE(8));
  if (at + END64_BYTES !== locatorAt)
    return refuse('bad-directory', 'its end for large archives is not where it says', locatorAt);
  const record = window.view(at, END64_BYTES);
  if (record.readUInt32LE() !== END64)
    return refuse('bad-directory', 'its end for large archives is missing', at);
  const [here, members, bytes, offset] = [24, 32, 40, 48].map(i =>
    Number(record.readBigUInt64LE(i)),
  ) as [number, number, number, number];
  if (here !== members || record.readUInt32LE(16) !== 0 || record.readUInt32LE(20) !== 0)
    return refuse('many-disks', 'it is a part of several', at);
  return { at, place: { members, bytes, offset } };
}

/** Each number of 32 bits is the one of 64, or says that it is too small for it. */
function agreed(small: DirectoryPlace, large: DirectoryPlace, differ: () => never): DirectoryPlace {
  const fits = (a: number, b: number, most: number) => a === b || a === most;
  if (
    !fits(small.members, large.members, 0xffff) ||
    !fits(small.bytes, large.bytes, 0xffffffff) ||
    !fits(small.offset, large.offset, 0xffffffff)
  )
    return differ();
  return large;
}
