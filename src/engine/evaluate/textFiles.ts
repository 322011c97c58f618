/**
 * Texts to be scored, from files of predictions and references: one text a line, or JSON lines of
 * texts, of lists of texts, or of records that have a field for it. Knows nothing of scores.
 */
import { extname } from 'node:path';
import { readLines } from '../data/lines';
import { disk, type FileSystem } from '../files/fileSystem';
import { fail } from '../problem';

/** Fields that are looked for in a record, first to last. */
const FIELDS = {
  predictions: ['prediction', 'output', 'generated', 'response', 'completion', 'text'],
  references: ['references', 'reference', 'target', 'expected', 'answer', 'completion', 'text'],
} as const;

export type Side = keyof typeof FIELDS;

export interface TextFile {
  readonly path: string;
  readonly side: Side;
  /** Instead of the usual names. */
  readonly field?: string | undefined;
}

/** Texts of each line: one, or of references several. @throws `score.bad-line`, `data.not-utf8`, `disk.…` */
export function readTexts(file: TextFile, fs: FileSystem = disk): string[][] {
  const lines = Array.from(readLines(fs, file.path), ({ text }) => text.replace(/\r?\n$/, ''));
  if (!isJsonLines(file.path, lines)) return lines.map(line => [line]);
  return lines.flatMap((line, i) => (line.trim() === '' ? [] : [textsOf(line, i + 1, file)]));
}

/** By its ending, or because every line is a record. */
function isJsonLines(path: string, lines: readonly string[]): boolean {
  if (['.jsonl', '.ndjson'].includes(extname(path))) return true;
  const written = lines.filter(line => line.trim() !== '');
  return written.length > 0 && written.every(isRecord);
}

function isRecord(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function textsOf(line: string, number: number, { path, side, field }: TextFile): string[] {
  const refuse = (what: string): never =>
    fail('score.bad-line', `${path}, line ${number} ${what}`, { file: path, line: number });
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return refuse(`is not JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const record = value as Record<string, unknown>;
    const names = field === undefined ? FIELDS[side] : [field];
    const name = names.find(each => each in record);
    if (name === undefined)
      return refuse(
        `has no field ${names.map(each => `"${each}"`).join(', ')}. Name it with --${side === 'predictions' ? 'prediction' : 'reference'}-field.`,
      );
    value = record[name];
  }
  const texts = Array.isArray(value) ? value : [value];
  const isText = (text: unknown) => typeof text === 'string' || typeof text === 'number';
  if (texts.length === 0 || !texts.every(isText))
    return refuse(`holds no text, but ${line.slice(0, 60)}`);
  if (side === 'predictions' && texts.length > 1) refuse('holds several predictions.');
  return texts.map(String);
}

export interface TextPairs {
  readonly predictions: readonly string[];
  /** Of each prediction. */
  readonly references: readonly (readonly string[])[];
}

/**
 * Predictions with their references, line by line; further files of references add to each line.
 * @throws `score.no-predictions`, `score.no-references`, `score.unequal`, and what `readTexts` throws
 */
export function readTextPairs(
  predictionFile: TextFile,
  referenceFiles: readonly TextFile[],
  fs: FileSystem = disk,
): TextPairs {
  const predictions = readTexts(predictionFile, fs).map(texts => texts[0]!);
  const { path } = predictionFile;
  if (predictions.every(text => text.trim() === ''))
    fail(
      'score.no-predictions',
      `${path} holds no prediction: ${predictions.length === 0 ? 'it is empty' : 'all of its lines are'}.`,
      { file: path },
    );
  const streams = referenceFiles.map(file => ({ file, texts: readTexts(file, fs) }));
  if (streams.length === 0)
    fail('score.no-references', 'There are no references to compare with. Add --references FILE.');
  for (const { file, texts } of streams) {
    const where = { file: file.path };
    if (texts.length === 0)
      fail('score.no-references', `${file.path} holds no reference: it is empty.`, where);
    if (texts.length !== predictions.length)
      fail(
        'score.unequal',
        `${path} has ${predictions.length} predictions, but ${file.path} has ${texts.length} references. They are compared line by line; make them equally many.`,
        where,
      );
  }
  const references = predictions.map((_, i) => streams.flatMap(({ texts }) => texts[i]!));
  return { predictions, references };
}
