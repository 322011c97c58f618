/**
 * The records of a data file of examples: JSON lines or Parquet, one after another, each with the
 * place that a message about it names. Knows nothing of what the fields mean.
 */
import { extname } from 'node:path';
import { onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { readBytes } from '../files/readFile';
import type { DataRecord } from '../data/fieldTemplate';
import { readLines } from '../data/lines';
import { fail } from '../problem';

export const isParquet = (path: string): boolean => extname(path) === '.parquet';

/** Rows that are decoded in one go. */
const ROWS_AT_ONCE = 1024;

/** @throws `data.bad-json`, `data.bad-parquet`, `data.not-utf8`, `disk.…` */
export async function* readRecords(fs: FileSystem, path: string): AsyncGenerator<DataRecord> {
  yield* isParquet(path) ? parquetRecords(fs, path) : jsonRecords(fs, path);
}

function* jsonRecords(fs: FileSystem, path: string): Generator<DataRecord> {
  for (const { text, number } of readLines(fs, path)) {
    if (text.trim() === '') continue;
    const place = { file: path, line: number };
    const name = `${path}, line ${number}`;
    let fields: unknown;
    try {
      fields = JSON.parse(text);
    } catch (error) {
      fail('data.bad-json', `${name} is not JSON: ${(error as Error).message}`, place);
    }
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      fail('data.bad-json', `${name} is JSON, but not a {…} record.`, place);
    yield { fields: fields as Record<string, unknown>, name, place };
  }
}

async function* parquetRecords(fs: FileSystem, path: string): AsyncGenerator<DataRecord> {
  const { parquetMetadata, parquetReadObjects } = await import('hyparquet');
  const bytes = onDisk('read', path, () => readBytes(fs, path));
  const file = bytes.buffer.slice(
    bytes.byteOffset,
    bytes.byteOffset + bytes.byteLength,
  ) as ArrayBuffer;
  const decoded = async <T>(action: () => T | Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      return fail(
        'data.bad-parquet',
        `${path} cannot be read as Parquet: ${(error as Error).message}`,
        {
          file: path,
        },
      );
    }
  };
  const metadata = await decoded(() => parquetMetadata(file));
  const rows = Number(metadata.num_rows);
  for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
    const rowEnd = Math.min(rows, from + ROWS_AT_ONCE);
    const part = await decoded(() =>
      parquetReadObjects({ file, metadata, rowStart: from, rowEnd }),
    );
    for (const [i, fields] of part.entries())
      yield {
        fields,
        name: `${path}, row ${from + i + 1}`,
        place: { file: path, line: from + i + 1 },
      };
  }
}
