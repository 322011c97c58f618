/**
 * A JSON object on one line that carries the CRC-32 of itself as its last member, so that a changed
 * bit anywhere in it is found. Knows nothing of what the object means.
 */
import { crc32 } from 'node:zlib';

/** `,"crc":"xxxxxxxx"}` */
const SEAL = /^,"crc":"([0-9a-f]{8})"\}$/;
const SEAL_BYTES = 18;

/** @param value an object with at least one member */
export function sealJson(value: object): string {
  const open = JSON.stringify(value).slice(0, -1);
  return `${open},"crc":"${crc32(open).toString(16).padStart(8, '0')}"}`;
}

/** The object without its seal; undefined when the line is not what was written. */
export function openSealedJson(line: Uint8Array): unknown {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const open = bytes.subarray(0, -SEAL_BYTES);
  const seal = SEAL.exec(bytes.toString('latin1', open.length));
  if (seal === null || parseInt(seal[1]!, 16) !== crc32(open)) return undefined;
  try {
    return JSON.parse(`${open.toString('utf8')}}`);
  } catch {
    return undefined;
  }
}
