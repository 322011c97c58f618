/** A `.npy` file: one array, which is named as the file. */
import { basename } from 'node:path';
import { fail } from '../../problem';
import type { ByteSource } from '../byteSource';
import type { FileContents } from '../storedTensors';
import { parseNpy } from './npyHeader';

/** @throws `npy.…` */
export function npyContents(source: ByteSource, path: string): FileContents {
  const refuse = (kind: string, what: string, at: number): never =>
    fail(`npy.${kind}`, `${path} cannot be read: ${what}.`, { file: path, byte: at });
  const readStart = (most: number): Buffer => {
    const start = Buffer.alloc(Math.min(most, source.bytes));
    source.read(start, 0);
    return start;
  };
  const name = basename(path).replace(/\.npy$/i, '');
  return { format: 'npy', tensors: new Map([[name, parseNpy(source, readStart, refuse)]]) };
}
