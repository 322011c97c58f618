/**
 * The directory of a zip archive, read as distrustfully as an archive from elsewhere deserves: both
 * records of every member must agree, members must not overlap, and the first bad one ends it all.
 * General readers allow what is refused here, for the sake of archives that nobody makes of tensors.
 * Source: PKWARE's APPNOTE 6.3.10, sections 4.3–4.5.
 */
import { fail } from '../../problem';
import type { ByteSource } from '../byteSource';
import { ByteWindow } from '../byteSource';
import type { DirectoryPlace } from './zipEnd';
import { findDirectory } from './zipEnd';
import { readExtraSizes } from './zipExtra';

export interface ZipMember {
  readonly name: string;
  readonly isDeflated: boolean;
  /** As it lies in the archive. */
  readonly packedBytes: number;
  readonly bytes: number;
  readonly crc32: number;
  /** Absolute, of the packed data. */
  readonly offset: number;
}

/** @throws `zip.<kind>` at `byte` */
export type RefuseZip = (kind: string, what: string, byte: number) => never;

export const refuseZip =
  (file: string): RefuseZip =>
  (kind, what, byte) =>
    fail(`zip.${kind}`, `${file} is not a sound zip archive: ${what}.`, { file, byte });

/** Members that are files, in the order in which they lie in the archive. @throws `zip.…` */
export function readZipDirectory(source: ByteSource, path: string): ZipMember[] {
  const refuse = refuseZip(path);
  const tooShort = (at: number): never => refuse('truncated', 'it ends too early', at);
  const window = new ByteWindow(source, tooShort);
  const headers = new ByteWindow(source, tooShort, HEADER_WINDOW_BYTES);
  const place = findDirectory(window, refuse);
  const members = readRecords(window, place, refuse).sort((a, b) => a.header - b.header);
  const names = new Set<string>();
  const placed = members.map((record, i) => {
    const { name, at } = record;
    if (names.has(name)) refuse('duplicate-name', `it holds "${name}" twice`, at);
    names.add(name);
    return placeMember(headers, record, members[i + 1]?.header ?? place.offset, refuse);
  });
  return placed.filter(({ name }) => !name.endsWith('/'));
}

interface Sizes {
  packedBytes: number;
  bytes: number;
}

interface DirectoryRecord extends Sizes {
  /** Of this record. */
  at: number;
  name: string;
  flags: number;
  method: number;
  crc32: number;
  /** Offset of the member's own header. */
  header: number;
}

const RECORD = 0x02014b50;
const RECORD_BYTES = 46;
const METHODS = { stored: 0, deflated: 8 };
/** Encrypted, strongly encrypted, with a masked directory. */
const ENCRYPTED = 0x1 | 0x40 | 0x2000;
/** Sizes and checksum follow the data; the member's own header does not know them. */
const SIZES_FOLLOW = 0x8;

function readRecords(window: ByteWindow, place: DirectoryPlace, refuse: RefuseZip) {
  const records: DirectoryRecord[] = [];
  let at = place.offset;
  for (let i = 0; i < place.members; i++) {
    const record = readRecord(window, at, refuse);
    records.push(record.record);
    at += record.length;
  }
  if (at !== place.offset + place.bytes)
    refuse('bad-directory', 'its directory is not as long as it says', at);
  return records;
}

function readRecord(window: ByteWindow, at: number, refuse: RefuseZip) {
  const fixed = window.view(at, RECORD_BYTES);
  if (fixed.readUInt32LE() !== RECORD)
    refuse('bad-directory', 'a record of its directory is none', at);
  const [flags, method, crc32] = [
    fixed.readUInt16LE(8),
    fixed.readUInt16LE(10),
    fixed.readUInt32LE(16),
  ];
  const sizes = { packedBytes: fixed.readUInt32LE(20), bytes: fixed.readUInt32LE(24) };
  const nameBytes = fixed.readUInt16LE(28);
  const extraBytes = fixed.readUInt16LE(30);
  const length = RECORD_BYTES + nameBytes + extraBytes + fixed.readUInt16LE(32);
  const header = fixed.readUInt32LE(42);
  if (fixed.readUInt16LE(34) !== 0) refuse('many-disks', 'it is a part of several', at);
  const rest = window.view(at + RECORD_BYTES, nameBytes + extraBytes);
  const name = safeName(rest.subarray(0, nameBytes), at, refuse);
  const exact = readExtraSizes(rest.subarray(nameBytes), { ...sizes, header }, () =>
    refuse('bad-sizes', `the sizes of "${name}" are missing`, at),
  );
  const record: DirectoryRecord = { at, name, flags, method, crc32, ...exact };
  checkRecord(record, refuse);
  return { record, length };
}

function checkRecord({ at, name, flags, method, ...sizes }: DirectoryRecord, refuse: RefuseZip) {
  if (flags & ENCRYPTED) refuse('encrypted', `"${name}" is encrypted`, at);
  if (method !== METHODS.stored && method !== METHODS.deflated)
    refuse('unknown-method', `"${name}" is packed by method ${method}, which is not known`, at);
  if (method === METHODS.stored && sizes.packedBytes !== sizes.bytes)
    refuse('bad-sizes', `"${name}" is not packed and yet has two sizes`, at);
}

function safeName(bytes: Buffer, at: number, refuse: RefuseZip): string {
  const name = bytes.toString('utf8');
  const parts = name.split('/');
  if (
    name === '' ||
    /^\/|\\|\0|^[A-Za-z]:/.test(name) ||
    parts.includes('..') ||
    parts.includes('.')
  )
    refuse('unsafe-name', `"${name}" leads out of it`, at);
  return name;
}

const HEADER = 0x04034b50;
const HEADER_BYTES = 30;
/** A header and its name; between two headers there may be gigabytes. */
const HEADER_WINDOW_BYTES = 1 << 10;

/** Checks the member's own header against its record, and finds its data. */
function placeMember(
  window: ByteWindow,
  record: DirectoryRecord,
  end: number,
  refuse: RefuseZip,
): ZipMember {
  const { name, header, method, crc32, packedBytes, bytes } = record;
  const differ = (what: string) =>
    refuse('headers-differ', `the directory and "${name}" itself do not agree on ${what}`, header);
  if (header + HEADER_BYTES > end) refuse('overlap', `"${name}" lies over something else`, header);
  const fixed = window.view(header, HEADER_BYTES);
  if (fixed.readUInt32LE() !== HEADER) differ('where it begins');
  const flags = fixed.readUInt16LE(6);
  if (fixed.readUInt16LE(8) !== method || (flags & ENCRYPTED) !== 0) differ('how it is packed');
  const own = { packedBytes: fixed.readUInt32LE(18), bytes: fixed.readUInt32LE(22), header: 0 };
  const ownCrc = fixed.readUInt32LE(14);
  const [nameBytes, extraBytes] = [fixed.readUInt16LE(26), fixed.readUInt16LE(28)];
  const rest = window.view(header + HEADER_BYTES, nameBytes + extraBytes);
  if (rest.toString('utf8', 0, nameBytes) !== name) differ('its name');
  const exact = readExtraSizes(rest.subarray(nameBytes), own, () => differ('its size'));
  const isUnknown = (flags & SIZES_FOLLOW) !== 0 && exact.bytes === 0 && exact.packedBytes === 0;
  if (!isUnknown) {
    if (exact.bytes !== bytes || exact.packedBytes !== packedBytes) differ('its size');
    if (ownCrc !== crc32) differ('its checksum');
  }
  const offset = header + HEADER_BYTES + nameBytes + extraBytes;
  if (offset + packedBytes > end) refuse('overlap', `"${name}" lies over something else`, header);
  return { name, isDeflated: method === METHODS.deflated, packedBytes, bytes, crc32, offset };
}
