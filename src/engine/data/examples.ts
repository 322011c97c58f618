/**
 * The examples in a data file, as the texts to encode. A JSONL file has one example per line; in
 * plain text each line counts as one, but the text is one stream. Knows nothing of tokens.
 */
import type { FileSystem } from '../files/fileSystem';
import { fail } from '../problem';
import { FINAL_MARK, formatGsm8k } from './gsm8k';
import type { Gsm8kProblem } from './gsm8k';
import { readLines } from './lines';
import type { Line } from './lines';

export type DataFormat = 'gsm8k' | 'jsonl' | 'text';

export interface DataSource {
  readonly path: string;
  readonly format: DataFormat;
  /** Field of a `jsonl` record to train on. */
  readonly textField: string;
}

/** Examples `from` to `to`, without the latter. */
export type Part = readonly [from: number, to: number];

/** A text that no token crosses the ends of, and how many examples it holds. */
export interface Passage {
  readonly text: string;
  readonly examples: number;
}

/** Of JSONL every example ends with an end-of-text token; plain text has none. */
export const isRecords = (format: DataFormat): boolean => format !== 'text';

/** Characters of plain text that are encoded in one go. */
const PASSAGE_LENGTH = 1 << 16;

/** @throws `data.bad-json`, `data.missing-field`, `data.no-final-answer`, `data.not-utf8`: file and line */
export function* readPassages(fs: FileSystem, source: DataSource, part: Part): Generator<Passage> {
  const lines = readPart(fs, source, part);
  if (!isRecords(source.format)) yield* joinLines(lines);
  else for (const line of lines) yield { text: textOf(line, source), examples: 1 };
}

/** The questions and answers of a GSM8K file, e.g. to ask a model the held-out ones. */
export function* readGsm8k(fs: FileSystem, path: string, part?: Part): Generator<Gsm8kProblem> {
  const source: DataSource = { path, format: 'gsm8k', textField: '' };
  for (const line of readPart(fs, source, part ?? [0, Infinity])) yield problemOf(line, path);
}

function* readPart(fs: FileSystem, source: DataSource, [from, to]: Part): Generator<Line> {
  let index = 0;
  for (const line of readLines(fs, source.path)) {
    if (index >= to) return;
    if (isRecords(source.format) && line.text.trim() === '') continue;
    if (index++ >= from) yield line;
  }
}

/** Joins lines and cuts before white space, where a piece of any of our tokenizers ends anyway. */
function* joinLines(lines: Iterable<Line>): Generator<Passage> {
  let text = '';
  let examples = 0;
  for (const line of lines) {
    text += line.text;
    examples++;
    if (text.length < PASSAGE_LENGTH) continue;
    const cut = text.trimEnd().length;
    if (cut === 0) continue;
    yield { text: text.slice(0, cut), examples };
    text = text.slice(cut);
    examples = 0;
  }
  if (text !== '') yield { text, examples };
}

function textOf(line: Line, { path, format, textField }: DataSource): string {
  if (format === 'gsm8k') return formatGsm8k(problemOf(line, path));
  const record = parseRecord(line, path);
  const text = record[textField];
  if (typeof text === 'string') return text;
  const advice =
    'question' in record && 'answer' in record
      ? 'It has "question" and "answer": set data.format to gsm8k.'
      : 'Add it, or name another one in data.text_field.';
  return failField(line, path, textField, advice);
}

function problemOf(line: Line, path: string): Gsm8kProblem {
  const { question, answer } = parseRecord(line, path);
  const advice = 'A gsm8k record has a "question" and an "answer".';
  if (typeof question !== 'string') return failField(line, path, 'question', advice);
  if (typeof answer !== 'string') return failField(line, path, 'answer', advice);
  if (!answer.includes(FINAL_MARK))
    failLine('data.no-final-answer', line, path, `has an answer without "${FINAL_MARK} <result>".`);
  return { question, answer };
}

function parseRecord(line: Line, path: string): Record<string, unknown> {
  const value = parseJson(line, path);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    failLine('data.bad-json', line, path, 'is JSON, but not a {…} record.');
  return value as Record<string, unknown>;
}

function parseJson(line: Line, path: string): unknown {
  try {
    return JSON.parse(line.text);
  } catch (error) {
    return failLine('data.bad-json', line, path, `is not JSON: ${(error as Error).message}`);
  }
}

const failField = (line: Line, path: string, field: string, advice: string): never =>
  failLine('data.missing-field', line, path, `has no text in field "${field}". ${advice}`);

function failLine(code: string, { number }: Line, path: string, what: string): never {
  fail(code, `${path}, line ${number} ${what}`, { file: path, line: number });
}
