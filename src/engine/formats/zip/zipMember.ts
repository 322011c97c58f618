/** The bytes of one member of a zip archive, stored or deflated, against their checksum. */
import { constants, crc32, inflateRawSync } from 'node:zlib';
import type { ByteSource } from '../byteSource';
import { bytesOf, lazySource, memorySource, partOf } from '../byteSource';
import type { RefuseZip, ZipMember } from './zipDirectory';

/** What unpacks to more than this many times its size is a bomb, unless it is small. */
const MAX_RATIO = 100;
const SMALL_BYTES = 1 << 26;

/** @throws `zip.bomb` */
export function checkRatio({ name, packedBytes, bytes, offset }: ZipMember, refuse: RefuseZip) {
  if (bytes > SMALL_BYTES && bytes > packedBytes * MAX_RATIO)
    refuse('bomb', `"${name}" would unpack from ${packedBytes} to ${bytes} bytes`, offset);
}

/**
 * The member's bytes, by range. What is deflated is unpacked whole when it is first read and then
 * kept; what is stored is read where it lies, and checked when all of it is read at once.
 */
export function memberSource(
  archive: ByteSource,
  member: ZipMember,
  refuse: RefuseZip,
): ByteSource {
  const { offset, packedBytes, bytes, isDeflated } = member;
  const packed = partOf(archive, offset, packedBytes);
  if (isDeflated)
    return lazySource(bytes, () => memorySource(unpack(bytesOf(packed), member, refuse)));
  return {
    ...packed,
    read(into, from) {
      packed.read(into, from);
      if (from === 0 && into.byteLength === bytes) checkCrc(crc32(into), member, refuse);
    },
  };
}

/** What deflating may add to so few bytes. */
const BLOCK_BYTES = 64;

/** The first bytes of a member, at most so many, without unpacking more of it than a little. */
export function memberStart(
  archive: ByteSource,
  member: ZipMember,
  most: number,
  refuse: RefuseZip,
): Buffer {
  const { name, offset, packedBytes, bytes, isDeflated } = member;
  const packed = bytesOf(partOf(archive, offset, Math.min(most + BLOCK_BYTES, packedBytes)));
  if (!isDeflated) return Buffer.from(packed.buffer).subarray(0, most);
  try {
    const start = inflateRawSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
    return start.subarray(0, Math.min(most, bytes));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return refuse('damaged', `"${name}" cannot be unpacked (${error.message})`, offset);
  }
}

const CHUNK_BYTES = 1 << 23;

/** Reads all of the member and compares. @throws `zip.damaged` */
export function verifyMember(archive: ByteSource, member: ZipMember, refuse: RefuseZip): void {
  const { offset, packedBytes, isDeflated } = member;
  if (isDeflated) {
    unpack(bytesOf(partOf(archive, offset, packedBytes)), member, refuse);
    return;
  }
  let crc = 0;
  for (let at = 0; at < packedBytes; at += CHUNK_BYTES) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, packedBytes - at));
    archive.read(chunk, offset + at);
    crc = crc32(chunk, crc);
  }
  checkCrc(crc, member, refuse);
}

function unpack(packed: Uint8Array, member: ZipMember, refuse: RefuseZip): Uint8Array {
  const { name, bytes, offset } = member;
  let unpacked: Buffer;
  try {
    unpacked = inflateRawSync(packed, { maxOutputLength: Math.max(bytes, 1) });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return refuse('damaged', `"${name}" cannot be unpacked (${error.message})`, offset);
  }
  if (unpacked.byteLength !== bytes)
    refuse('damaged', `"${name}" unpacks to ${unpacked.byteLength} bytes, not to ${bytes}`, offset);
  checkCrc(crc32(unpacked), member, refuse);
  return unpacked;
}

function checkCrc(found: number, { name, crc32: wanted, offset }: ZipMember, refuse: RefuseZip) {
  if (found !== wanted)
    refuse('damaged', `the checksum of "${name}" is wrong; download or copy it again`, offset);
}
