/** What is known of a data file before it is read for good: its format, hash and example count. */
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { DataConfig } from '../config/schema';
import type { FileSystem } from '../files/fileSystem';
import { fail } from '../problem';
import { isRecords } from './examples';
import type { DataFormat, DataSource, Part } from './examples';
import { letOthersRun } from './letOthersRun';
import { readRawLines } from './lines';

export interface DataFile extends DataSource {
  readonly sha256: string;
  readonly bytes: number;
  readonly examples: number;
}

export const isBin = (path: string): boolean => extname(path) === '.bin';

/** How a file is read: by `data.format`, or by its ending. */
export function formatOf(path: string, format?: DataConfig['format']): DataFormat {
  if (format === 'chat' || format === 'completion') return 'jsonl';
  return format ?? (/\.(jsonl|ndjson)$/.test(path) ? 'jsonl' : 'text');
}

/** Reads the file once. @throws `data.empty`, `data.cancelled` and `disk.…` */
export async function openDataFile(
  fs: FileSystem,
  path: string,
  config: Pick<DataConfig, 'format' | 'text_field'>,
  signal?: AbortSignal,
): Promise<DataFile> {
  const format = formatOf(path, config.format);
  const pause = letOthersRun(`Reading ${path}`, signal);
  const hash = createHash('sha256');
  let bytes = 0;
  let examples = 0;
  for (const line of readRawLines(fs, path)) {
    hash.update(line);
    bytes += line.byteLength;
    if (!isRecords(format) || !isBlank(line)) examples++;
    await pause();
  }
  if (examples === 0)
    fail('data.empty', `${path} holds no example. Check that it is the right file.`, {
      file: path,
    });
  const source = { path, format, textField: config.text_field };
  return { ...source, sha256: hash.digest('hex'), bytes, examples };
}

/**
 * Training and held-out examples: the last `fraction`, at least one. None held out when it is 0.
 * @throws `data.too-few` when none would be left to train on
 */
export function splitExamples(
  { path, examples }: Pick<DataFile, 'path' | 'examples'>,
  fraction: number,
): [Part, Part?] {
  if (fraction === 0) return [[0, examples]];
  const cut = examples - Math.max(1, Math.round(examples * fraction));
  if (cut < 1)
    fail(
      'data.too-few',
      `${path} has ${examples} example${examples === 1 ? '' : 's'}: holding out ${fraction} leaves none to train on. ` +
        'Add examples, name a data.validation file or lower data.validation_fraction.',
      { file: path },
    );
  return [
    [0, cut],
    [cut, examples],
  ];
}

const isBlank = (line: Buffer): boolean => line.length < 100 && line.toString('utf8').trim() === '';
