/**
 * The sidecar of a token bin: a JSON file beside it that says which tokenizer and which data made it.
 */
import * as z from 'zod';
import { disk } from '../files/fileSystem';
import type { FileSystem } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import { fail } from '../problem';

const count = z.number().int().min(0);

export type TokenDtype = 'uint16' | 'uint32';

const sidecarSchema = z.object({
  version: z.literal(1),
  /** As in a config. */
  tokenizer: z.string(),
  tokenizerHash: z.string(),
  vocabSize: count,
  endOfText: count.optional(),
  dtype: z.enum(['uint16', 'uint32']),
  tokens: count,
  examples: count,
  /** Of the bin. */
  sha256: z.string(),
  source: z.object({
    /** Name without folder. */
    file: z.string(),
    sha256: z.string(),
    bytes: count,
    format: z.enum(['gsm8k', 'jsonl', 'text']),
    textField: z.string().optional(),
    /** Which of the file's examples: from, to (without the latter). */
    part: z.tuple([count, count]),
  }),
  /** ISO 8601. */
  created: z.string(),
});

export type BinSidecar = z.infer<typeof sidecarSchema>;

export const REMEDY = 'Delete the bin and its sidecar and prepare the data again.';

export const sidecarPath = (binPath: string): string => `${binPath}.json`;

/** Undefined when the bin has none. @throws `data.bad-sidecar` and `disk.…` */
export function readSidecar(binPath: string, fs: FileSystem = disk): BinSidecar | undefined {
  const file = sidecarPath(binPath);
  if (!exists(fs, file)) return undefined;
  const parsed = sidecarSchema.safeParse(parseJson(readText(fs, file)));
  if (!parsed.success)
    fail('data.bad-sidecar', `${file} does not describe a token bin. ${REMEDY}`, { file });
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // as any other JSON that is no sidecar
  }
}
