/** Zip archives in tests, sound ones and such as lie: every field of both records can be changed. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface Member {
  name: string;
  data: Uint8Array;
  deflate?: boolean;
  /** Sizes and offset in 64 bits. */
  large?: boolean;
  /** Sizes follow the data, as PyTorch writes. */
  sizesFollow?: boolean;
  /** Changes the member's own header, or its record in the directory, after all is right. */
  header?: (bytes: Buffer) => void;
  record?: (bytes: Buffer) => void;
  /** Own name, where it differs from the directory's. */
  ownName?: string;
}

export interface Archive {
  members: Member[];
  comment?: string;
  /** Changes the end. */
  end?: (bytes: Buffer) => void;
  /** With an end for large archives, perhaps changed. */
  end64?: boolean | ((bytes: Buffer) => void);
  before?: Uint8Array;
}

/** Offsets in a member's own header and in its record. */
export const HEADER = { flags: 6, method: 8, crc: 14, packed: 18, bytes: 22, nameLength: 26 };
export const RECORD = {
  flags: 8,
  method: 10,
  crc: 16,
  packed: 20,
  bytes: 24,
  nameLength: 28,
  disk: 34,
  offset: 42,
};
export const END = { disk: 4, here: 8, members: 10, bytes: 12, offset: 16, comment: 20 };

export function zipBytes({ members, comment = '', end, end64, before }: Archive): Buffer {
  const parts: Buffer[] = [Buffer.from(before ?? [])];
  const records: Buffer[] = [];
  let offset = parts[0]!.byteLength;
  for (const member of members) {
    const written = memberBytes(member, offset);
    parts.push(written.bytes);
    records.push(written.record);
    offset += written.bytes.byteLength;
  }
  const directory = Buffer.concat(records);
  parts.push(directory);
  if (end64 !== undefined && end64 !== false)
    parts.push(end64Bytes(members.length, directory.byteLength, offset, end64));
  parts.push(
    endBytes({ members: members.length, bytes: directory.byteLength, offset, comment }, end),
  );
  return Buffer.concat(parts);
}

function memberBytes(member: Member, offset: number) {
  const { data, deflate = false, large = false, sizesFollow = false } = member;
  const packed = deflate ? deflateRawSync(data) : Buffer.from(data);
  const name = Buffer.from(member.name);
  const ownName = Buffer.from(member.ownName ?? member.name);
  const most = 0xffffffff;

  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50);
  header.writeUInt16LE(sizesFollow ? 8 : 0, HEADER.flags);
  header.writeUInt16LE(deflate ? 8 : 0, HEADER.method);
  header.writeUInt32LE(sizesFollow ? 0 : crc32(data), HEADER.crc);
  header.writeUInt32LE(sizesFollow ? 0 : large ? most : packed.byteLength, HEADER.packed);
  header.writeUInt32LE(sizesFollow ? 0 : large ? most : data.byteLength, HEADER.bytes);
  header.writeUInt16LE(ownName.byteLength, HEADER.nameLength);
  const ownExtra =
    large && !sizesFollow ? extra64(data.byteLength, packed.byteLength) : Buffer.alloc(0);
  header.writeUInt16LE(ownExtra.byteLength, 28);
  member.header?.(header);
  const bytes = Buffer.concat([header, ownName, ownExtra, packed]);

  const record = Buffer.alloc(46);
  record.writeUInt32LE(0x02014b50);
  record.writeUInt16LE(sizesFollow ? 8 : 0, RECORD.flags);
  record.writeUInt16LE(deflate ? 8 : 0, RECORD.method);
  record.writeUInt32LE(crc32(data), RECORD.crc);
  record.writeUInt32LE(large ? most : packed.byteLength, RECORD.packed);
  record.writeUInt32LE(large ? most : data.byteLength, RECORD.bytes);
  record.writeUInt16LE(name.byteLength, RECORD.nameLength);
  record.writeUInt32LE(large ? most : offset, RECORD.offset);
  const extra = large ? extra64(data.byteLength, packed.byteLength, offset) : Buffer.alloc(0);
  record.writeUInt16LE(extra.byteLength, 30);
  member.record?.(record);
  return { bytes, record: Buffer.concat([record, name, extra]) };
}

function extra64(...sizes: number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * sizes.length);
  extra.writeUInt16LE(1);
  extra.writeUInt16LE(8 * sizes.length, 2);
  sizes.forEach((size, i) => extra.writeBigUInt64LE(BigInt(size), 4 + 8 * i));
  return extra;
}

interface End {
  members: number;
  bytes: number;
  offset: number;
  comment: string;
}

function endBytes(
  { members, bytes, offset, comment }: End,
  change: ((bytes: Buffer) => void) | undefined,
): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(members, END.here);
  end.writeUInt16LE(members, END.members);
  end.writeUInt32LE(bytes, END.bytes);
  end.writeUInt32LE(offset, END.offset);
  end.writeUInt16LE(Buffer.byteLength(comment), END.comment);
  change?.(end);
  return Buffer.concat([end, Buffer.from(comment)]);
}

function end64Bytes(
  members: number,
  bytes: number,
  offset: number,
  change: true | ((bytes: Buffer) => void),
): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50);
  end.writeBigUInt64LE(44n, 4);
  end.writeBigUInt64LE(BigInt(members), 24);
  end.writeBigUInt64LE(BigInt(members), 32);
  end.writeBigUInt64LE(BigInt(bytes), 40);
  end.writeBigUInt64LE(BigInt(offset), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(offset + bytes), 64);
  end.writeUInt32LE(1, 72);
  if (change !== true) change(end);
  return end;
}
