/** Sizes of more than 32 bits, which stand in the extra field of a zip record. */

interface RecordSizes {
  packedBytes: number;
  bytes: number;
  /** Offset of the member's own header. */
  header: number;
}

const ZIP64 = 0x0001;
const ELSEWHERE = 0xffffffff;

/** Fills in from `extra` what the record says is there. @param missing called when it is not */
export function readExtraSizes(
  extra: Buffer,
  sizes: RecordSizes,
  missing: () => never,
): RecordSizes {
  const isElsewhere = Object.values(sizes).includes(ELSEWHERE);
  const field = isElsewhere ? findField(extra, missing) : undefined;
  if (field === undefined) return isElsewhere ? missing() : sizes;
  let at = 0;
  const exact = (size: number): number => {
    if (size !== ELSEWHERE) return size;
    if (at + 8 > field.byteLength) return missing();
    at += 8;
    const value = field.readBigUInt64LE(at - 8);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? missing() : Number(value);
  };
  // in this order, whatever the order of the record
  const bytes = exact(sizes.bytes);
  const packedBytes = exact(sizes.packedBytes);
  return { bytes, packedBytes, header: exact(sizes.header) };
}

function findField(extra: Buffer, missing: () => never): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const length = extra.readUInt16LE(at + 2);
    if (at + 4 + length > extra.byteLength) return missing();
    if (extra.readUInt16LE(at) === ZIP64) return extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return undefined;
}
