/** Records of JSON lines and Parquet, and what is said of files that are neither. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { readRecords } from '../../../src/engine/examples/records';
import { scratchFolder } from '../../durability/scratchFolder';
import { itWithData } from '../data/publicData';
import { refusalOf } from '../data/refusal';
import { writeFileSync } from 'node:fs';

const folder = scratchFolder();

async function all(path: string) {
  const records = [];
  for await (const record of readRecords(disk, path)) records.push(record);
  return records;
}

function written(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('records', () => {
  it('are the lines that are not blank, each with its number', async () => {
    const records = await all(written('a.jsonl', '{"a":1}\n\n{"a":2}'));
    expect(records.map(({ fields, place }) => [fields['a'], place.line])).toEqual([
      [1, 1],
      [2, 3],
    ]);
  });

  const bad: [string, string, string, string][] = [
    ['half a line', 'b.jsonl', '{"a":1}\n{"a":', 'data.bad-json'],
    ['a list', 'c.jsonl', '[1]', 'data.bad-json'],
    ['a file that is called Parquet and is none', 'd.parquet', 'PAR1 no', 'data.bad-parquet'],
    ['an empty Parquet file', 'e.parquet', '', 'data.bad-parquet'],
  ];
  it.each(bad)('are refused with their place: %s', async (_, name, text, code) => {
    const path = written(name, text);
    const { code: found, where } = await refusalOf(() => all(path));
    expect([found, where.file]).toEqual([code, path]);
  });

  for (const part of ['train', 'test'])
    itWithData(
      `gsm8k/parquet/main/${part}-00000-of-00001.parquet`,
      `of GSM8K's ${part} set are the same in Parquet and in JSON lines`,
      async path => {
        const json = await all(path.replace(/parquet\/main\/.*$/, `${part}.jsonl`));
        const parquet = await all(path);
        expect(parquet.map(r => r.fields)).toEqual(json.map(r => r.fields));
      },
    );
});
