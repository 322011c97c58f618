import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../../durability/scratchFolder';
import { problemOf, tensorsOf, withFile } from './opened';
import { outcomeOf } from './outcome';
import type { Archive, Member } from './zipBytes';
import { END, HEADER, RECORD, zipBytes } from './zipBytes';

const folder = scratchFolder();
const path = join(folder, 'case.npz');

/** The bytes of a `.npy` file with these float32 values. */
function npy(values: number[]): Buffer {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\0\0${text.padEnd(117)}\n`, 'latin1');
  head.writeUInt16LE(118, 8);
  return Buffer.concat([head, Buffer.from(Float32Array.from(values).buffer)]);
}

const a: Member = { name: 'a.npy', data: npy([1, 2, 3]) };
const b: Member = { name: 'b.npy', data: npy([4]) };

function outcome(archive: Archive): string {
  writeFileSync(path, zipBytes(archive));
  return outcomeOf(path);
}

describe('a sound archive is read', () => {
  it.each<[string, Archive]>([
    ['stored', { members: [a, b] }],
    ['deflated', { members: [{ ...a, deflate: true }, b] }],
    ['with sizes after the data', { members: [{ ...a, sizesFollow: true }] }],
    [
      'with sizes of 64 bits',
      {
        members: [
          { ...a, large: true },
          { ...b, large: true, deflate: true },
        ],
      },
    ],
    ['with an end of 64 bits', { members: [a, b], end64: true }],
    ['with a comment', { members: [a], comment: 'PK\x05\x06 is how an end begins' }],
    [
      'with a folder',
      {
        members: [
          { name: 'x/', data: Buffer.alloc(0) },
          { ...a, name: 'x/a.npy' },
        ],
      },
    ],
  ])('%s', (_, archive) => {
    expect(outcome(archive)).toBe('ok');
    const [first] = tensorsOf(path).values();
    expect(first?.data).toEqual(Float32Array.of(1, 2, 3));
  });
});

describe('an archive that lies is refused', () => {
  const flag = (at: number, bit: number) => (bytes: Buffer) =>
    void bytes.writeUInt16LE(bytes.readUInt16LE(at) | bit, at);
  const u16 = (at: number, value: number) => (bytes: Buffer) => void bytes.writeUInt16LE(value, at);
  const u32 = (at: number, value: number) => (bytes: Buffer) => void bytes.writeUInt32LE(value, at);
  const u64 = (at: number, value: bigint) => (bytes: Buffer) =>
    void bytes.writeBigUInt64LE(value, at);
  const named = (name: string): Archive => ({ members: [{ ...a, name }] });

  it.each<[string, Archive, string]>([
    ['two members of one name', { members: [a, { ...b, name: 'a.npy' }] }, 'duplicate-name'],
    ['a name that climbs', named('../a.npy'), 'unsafe-name'],
    ['a name that climbs inside', named('x/../../a.npy'), 'unsafe-name'],
    ['an absolute name', named('/etc/a.npy'), 'unsafe-name'],
    ['a drive', named('C:a.npy'), 'unsafe-name'],
    ['a backslash', named('..\\a.npy'), 'unsafe-name'],
    ['a NUL in a name', named('a.npy\0.txt'), 'unsafe-name'],
    ['no name', named(''), 'unsafe-name'],
    ['another name of its own', { members: [{ ...a, ownName: 'b.npy' }] }, 'headers-differ'],
    [
      'another size of its own',
      { members: [{ ...a, header: u32(HEADER.bytes, 1) }] },
      'headers-differ',
    ],
    [
      'another packed size of its own',
      { members: [{ ...a, header: u32(HEADER.packed, 1) }] },
      'headers-differ',
    ],
    [
      'another checksum of its own',
      { members: [{ ...a, header: u32(HEADER.crc, 1) }] },
      'headers-differ',
    ],
    [
      'another method of its own',
      { members: [{ ...a, header: u16(HEADER.method, 8) }] },
      'headers-differ',
    ],
    [
      'encryption in its own header',
      { members: [{ ...a, header: flag(HEADER.flags, 1) }] },
      'headers-differ',
    ],
    ['a header that is none', { members: [a, { ...b, header: u32(0, 0) }] }, 'headers-differ'],
    ['encryption', { members: [{ ...a, record: flag(RECORD.flags, 1) }] }, 'encrypted'],
    ['strong encryption', { members: [{ ...a, record: flag(RECORD.flags, 0x40) }] }, 'encrypted'],
    [
      'a masked directory',
      { members: [{ ...a, record: flag(RECORD.flags, 0x2000) }] },
      'encrypted',
    ],
    [
      'an unknown method',
      { members: [{ ...a, record: u16(RECORD.method, 12) }] },
      'unknown-method',
    ],
    ['stored with two sizes', { members: [{ ...a, record: u32(RECORD.bytes, 1) }] }, 'bad-sizes'],
    [
      'a member on another disk',
      { members: [{ ...a, record: u16(RECORD.disk, 1) }] },
      'many-disks',
    ],
    [
      'a wrong checksum',
      { members: [{ ...a, sizesFollow: true, record: u32(RECORD.crc, 1) }] },
      'damaged',
    ],
    ['a record that is none', { members: [{ ...a, record: u32(0, 0) }] }, 'bad-directory'],
    [
      'a name longer than the directory',
      { members: [{ ...a, record: u16(RECORD.nameLength, 9999) }] },
      'truncated',
    ],
    [
      'two members in one place',
      { members: [a, { ...a, name: 'b.npy', record: u32(RECORD.offset, 0) }] },
      'overlap',
    ],
    [
      'a member in the directory',
      { members: [{ ...a, record: u32(RECORD.offset, 200) }] },
      'overlap',
    ],
    ['a member past the end', { members: [{ ...a, record: u32(RECORD.offset, 1e9) }] }, 'overlap'],
    [
      'data that reaches into the next',
      {
        members: [
          {
            ...a,
            sizesFollow: true,
            record: bytes => {
              bytes.writeUInt32LE(a.data.length + 1, RECORD.packed);
              bytes.writeUInt32LE(a.data.length + 1, RECORD.bytes);
            },
          },
          b,
        ],
      },
      'overlap',
    ],
    [
      'missing sizes of 64 bits',
      { members: [{ ...a, record: u32(RECORD.bytes, 0xffffffff) }] },
      'bad-sizes',
    ],
    ['more members than records', { members: [a], end: u16(END.members, 2) }, 'many-disks'],
    [
      'fewer members than records',
      {
        members: [a, b],
        end: bytes => {
          bytes.writeUInt16LE(1, END.here);
          bytes.writeUInt16LE(1, END.members);
        },
      },
      'bad-directory',
    ],
    ['a directory elsewhere', { members: [a], end: u32(END.offset, 1) }, 'bad-directory'],
    ['a directory of another length', { members: [a], end: u32(END.bytes, 1) }, 'bad-directory'],
    ['several disks', { members: [a], end: u16(END.disk, 1) }, 'many-disks'],
    [
      'something before it',
      { members: [a], before: Buffer.from('PK\x03\x04'), end: u32(END.offset, 0) },
      'bad-directory',
    ],
    ['two ends that differ', { members: [a], end64: u64(40, 1n) }, 'bad-directory'],
    ['two ends of which one has more members', { members: [a], end64: u64(32, 9n) }, 'many-disks'],
    ['an end of 64 bits that is none', { members: [a], end64: u32(0, 0) }, 'bad-directory'],
    ['an end of 64 bits elsewhere', { members: [a], end64: u64(64, 2n ** 63n) }, 'bad-directory'],
    ['a million members', { members: [a], end64: u64(24, 10n ** 12n) }, 'many-disks'],
  ])('%s', (_, archive, code) => {
    expect(outcome(archive)).toBe(`zip.${code}`);
  });

  it('deflated data with a bit flipped', () => {
    const bytes = zipBytes({ members: [{ ...a, deflate: true }] });
    bytes[60]! ^= 0x10;
    writeFileSync(path, bytes);
    expect(outcomeOf(path)).toBe('zip.damaged');
  });

  it('a cut at any byte', () => {
    const bytes = zipBytes({ members: [a, b] });
    for (let length = 4; length < bytes.byteLength; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      expect(outcomeOf(path)).toBe('zip.truncated');
    }
  });
});

describe('a bomb', () => {
  it('is refused before anything of it is unpacked', () => {
    const huge = Buffer.concat([npy([1]), Buffer.alloc(2 ** 27)]);
    writeFileSync(path, zipBytes({ members: [{ name: 'a.npy', data: huge, deflate: true }] }));
    const { code, message } = problemOf(() => withFile(path, () => undefined));
    expect(code).toBe('zip.bomb');
    expect(message).toMatch(/would unpack from \d+ to 134217860 bytes/);
  });

  it('that says less than it unpacks to is stopped there', () => {
    const small = npy(Array.from({ length: 1000 }, () => 0));
    const lie = (bytes: Buffer) => void bytes.writeUInt32LE(npy([]).length, HEADER.bytes);
    const member: Member = {
      name: 'a.npy',
      data: small,
      deflate: true,
      header: lie,
      record: bytes => void bytes.writeUInt32LE(npy([]).length, RECORD.bytes),
    };
    writeFileSync(path, zipBytes({ members: [member] }));
    expect(outcomeOf(path)).toMatch(/^(zip\.damaged|npz\.data-size)$/);
  });

  it('is not what ordinary zeros are', () => {
    const zeros = npy(Array.from({ length: 100_000 }, () => 0));
    expect(outcome({ members: [{ name: 'a.npy', data: zeros, deflate: true }] })).toBe('ok');
  });
});
