/**
 * Examples as tokens, one after another, with what is trained of each; kept in a safetensors file
 * beside the data they were made from. Knows nothing of batches.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { TokenDtype } from '../data/binSidecar';
import { TokenBuffer } from '../data/tokenBuffer';
import type { FileSystem } from '../files/fileSystem';
import { openSafetensors, writeSafetensors } from '../formats/safetensors';
import { ProblemError } from '../problem';
import { tensor, type Tensor } from '../tensor/tensor';
import type { EncodedExample } from './encodeExample';

export interface ExampleSet {
  readonly path: string;
  readonly tokens: Uint16Array | Uint32Array;
  /** 1 for each token that is trained. */
  readonly trained: Uint8Array;
  /** Where each example begins, and the end. */
  readonly starts: Uint32Array;
  readonly facts: ExampleFacts;
  /** SHA-256 of tokens, marks and starts. */
  readonly sha256: string;
}

const factsSchema = z.object({
  tokenizer: z.string(),
  tokenizerHash: z.string(),
  vocabSize: z.number(),
  /** Of all that decides how a record becomes a text. */
  format: z.string(),
  source: z.object({
    file: z.string(),
    sha256: z.string(),
    part: z.tuple([z.number(), z.number()]),
  }),
});
export type ExampleFacts = z.infer<typeof factsSchema>;

export const exampleCount = ({ starts }: ExampleSet): number => starts.length - 1;

export const trainedCount = ({ trained }: ExampleSet): number => {
  let count = 0;
  for (const mark of trained) count += mark;
  return count;
};

/** Collects examples as they come. */
export class ExampleSetBuilder {
  readonly #tokens: TokenBuffer;
  readonly #trained: Uint8Array[] = [];
  readonly #starts = [0];

  constructor(dtype: TokenDtype) {
    this.#tokens = new TokenBuffer(dtype);
  }

  add({ ids, trained }: EncodedExample): void {
    this.#tokens.append(ids);
    this.#trained.push(Uint8Array.from(trained));
    this.#starts.push(this.#starts.at(-1)! + ids.length);
  }

  write(fs: FileSystem, path: string, facts: ExampleFacts): void {
    const trained = new Uint8Array(Buffer.concat(this.#trained));
    const stored = new Map<string, Tensor>([
      ['tokens', tokenTensor(this.#tokens.all().slice())],
      ['trained', tensor('uint8', [trained.length], trained)],
      ['starts', tensor('uint32', [this.#starts.length], Uint32Array.from(this.#starts))],
    ]);
    writeSafetensors(fs, path, stored, new Map([[FACTS, JSON.stringify(facts)]]));
  }
}

const FACTS = 'weightroom.examples';

const tokenTensor = (tokens: Uint16Array | Uint32Array): Tensor =>
  tokens instanceof Uint16Array
    ? tensor('uint16', [tokens.length], tokens)
    : tensor('uint32', [tokens.length], tokens);

/** The set kept at `path`; undefined when there is none, or one of something else. */
export function readExampleSet(
  fs: FileSystem,
  path: string,
  expected: ExampleFacts,
): ExampleSet | undefined {
  try {
    const file = openSafetensors(path, fs);
    try {
      const said: unknown = JSON.parse(file.metadata.get(FACTS) ?? 'null');
      const facts = factsSchema.safeParse(said).data;
      if (!facts || JSON.stringify(facts) !== JSON.stringify(factsSchema.parse(expected)))
        return undefined;
      const tokens = file.read('tokens').data;
      const trained = file.read('trained').data;
      const starts = file.read('starts').data;
      if (!(tokens instanceof Uint16Array || tokens instanceof Uint32Array)) return undefined;
      if (!(trained instanceof Uint8Array && starts instanceof Uint32Array)) return undefined;
      return { path, tokens, trained, starts, facts, sha256: hashOf([tokens, trained, starts]) };
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof ProblemError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function hashOf(arrays: readonly (Uint8Array | Uint16Array | Uint32Array)[]): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of arrays)
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}
