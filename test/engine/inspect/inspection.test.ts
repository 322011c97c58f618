import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeTokenBin } from '../../../src/engine/data/tokenBin';
import { disk } from '../../../src/engine/files/fileSystem';
import { encodeHeader } from '../../../src/engine/formats/encodeSafetensors';
import { writeSafetensors } from '../../../src/engine/formats/safetensors';
import { elementsIn } from '../../../src/engine/inspect/cells';
import type { Opened, Question, Questions } from '../../../src/engine/inspect/inspection';
import { Inspection } from '../../../src/engine/inspect/inspection';
import { matrixOf } from '../../../src/protocol/matrix';
import { IsolatedThread } from '../../../src/engine/isolate/isolatedThread';
import type { Tensor } from '../../../src/engine/tensor/tensor';
import { sizeOf, tensor } from '../../../src/engine/tensor/tensor';
import { scratchFolder } from '../../durability/scratchFolder';
import { problemOf } from '../formats/opened';

const fixtures = join(__dirname, '../../fixtures');
const folder = scratchFolder();
const inspection = new Inspection();
afterAll(() => inspection.close());

const ask = <K extends keyof Questions>(name: K, params: Questions[K]['params']) =>
  inspection.answer({ ask: name, params } as Question) as Questions[K]['result'];

function openTensors(tensors: Record<string, Tensor>): Opened {
  const path = join(folder, 'case.safetensors');
  writeSafetensors(disk, path, new Map(Object.entries(tensors)));
  return ask('open', { path });
}

const ramp = (...shape: number[]): Tensor =>
  tensor(
    'float32',
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => i),
  );

describe('an opened file', () => {
  it('is a table in columns, with what stands beside it', () => {
    const path = join(fixtures, 'torch/nested.zip.pt');
    const { format, fileBytes, table, totals, metadata } = ask('open', { path });
    expect([format, fileBytes]).toEqual(['torch', 4844]);
    const row = table.names.indexOf('big');
    expect(table.dtypes[table.dtypeOf[row]!]).toBe('int32');
    expect(table.shapes[table.shapeOf[row]!]).toEqual([3]);
    expect(table.bytes[row]).toBe(12);
    expect(table.offsets[row]).toBeNaN();
    expect(table.offsets[0]).toBeGreaterThan(0);
    expect(table.remarks).toEqual([
      { row: table.names.indexOf('shared.1.w'), sameAs: 'shared.0.w' },
    ]);
    expect(totals[0]).toMatchObject({ prefix: '', level: 0, tensors: 14 });
    expect(new Map(metadata).get('settings')).toBe('__main__.Settings');
  });

  it('has totals by prefix, down to where they are too many', () => {
    const names = Array.from({ length: 50 }, (_, i) => `h.${i}`);
    const few = openTensors(
      Object.fromEntries(
        names.flatMap(n => [
          [`${n}.a.w`, ramp(1)],
          [`${n}.b.w`, ramp(1)],
        ]),
      ),
    );
    expect(few.totals.filter(({ level }) => level === 1)).toHaveLength(50);
    expect(few.totals.filter(({ level }) => level === 2)).toHaveLength(100);
    const many = openTensors(
      Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`${i % 30}.${i}.w`, ramp(1)])),
    );
    expect(many.totals.map(({ level }) => level)).toEqual([0, ...Array<number>(30).fill(1)]);
  });

  it('can be a bin of tokens, which its sidecar describes', () => {
    const path = join(folder, 'tokens.bin');
    writeTokenBin(disk, path, Uint16Array.of(640, 2, 3), {
      tokenizer: 'gpt2',
      tokenizerHash: '',
      vocabSize: 50257,
      examples: 1,
      source: { file: 'a.txt', sha256: '', bytes: 1, format: 'text', part: [0, 1] },
    });
    const { format, table, metadata } = ask('open', { path });
    expect([format, table.names, table.dtypes, table.shapes]).toEqual([
      'tokens',
      ['tokens'],
      ['uint16'],
      [[3]],
    ]);
    expect(new Map(metadata).get('tokenizer')).toBe('gpt2');
    const region = { top: 0, bottom: 1, left: 0, right: 3 };
    expect([...ask('values', { name: 'tokens', region }).numbers]).toEqual([640, 2, 3]);
  });

  it('can be a bin that says nothing of itself, if it is called so', () => {
    const path = join(folder, 'plain.bin');
    writeFileSync(path, Buffer.from([1, 0, 2, 0, 3, 0]));
    expect(ask('open', { path }).metadata[0]?.[1]).toMatch(/no sidecar/);
    copyFileSync(path, join(folder, 'plain.dat'));
    expect(problemOf(() => ask('open', { path: join(folder, 'plain.dat') })).code).toBe(
      'file.unknown',
    );
    writeFileSync(path, Buffer.from([1, 0, 2]));
    expect(problemOf(() => ask('open', { path })).code).toBe('data.bin-odd-length');
  });

  it('is looked at in a thread, too, which passes on why it cannot be opened', async () => {
    const file = join(__dirname, '../../../src/engine/inspect/inspectionWorker.ts');
    const thread = new IsolatedThread(file, { memoryMb: 256 });
    const path = join(fixtures, 'torch/golden/evil_eval.zip.pt');
    await expect(thread.ask({ ask: 'open', params: { path } }, 60_000)).rejects.toMatchObject({
      problem: { code: 'torch.unsafe-global' },
    });
    const good = { ask: 'open', params: { path: join(fixtures, 'numpy/zoo.npz') } };
    expect((await thread.ask<Opened>(good, 60_000)).table.names).toContain('fortran_int8');
    thread.close();
  });
});

describe('numbers by part', () => {
  it('have moments and bins', () => {
    openTensors({ w: ramp(4, 5) });
    expect(ask('moments', { name: 'w', from: 5, to: 15 })).toMatchObject({
      count: 10,
      min: 5,
      max: 14,
      mean: 9.5,
    });
    const bins = { from: 0, to: 20, count: 2 };
    expect([...ask('histogram', { name: 'w', from: 5, to: 15, bins }).counts]).toEqual([5, 5]);
  });

  it('are shown as they are, wide whole numbers to the last digit', () => {
    const wide = BigInt64Array.of(1n, 2n ** 60n + 1n, 3n, 4n);
    openTensors({ wide: tensor('int64', [2, 2], wide), w: ramp(4, 5) });
    const region = { top: 0, bottom: 2, left: 1, right: 2 };
    expect(ask('values', { name: 'wide', region }).exact).toEqual(['1152921504606846977', '4']);
    expect([
      ...ask('values', { name: 'w', region: { top: 1, bottom: 3, left: 2, right: 4 } }).numbers,
    ]).toEqual([7, 8, 12, 13]);
  });
});

describe('cells', () => {
  const whole = (rows: number, columns: number) => ({
    top: 0,
    bottom: rows,
    left: 0,
    right: columns,
  });

  it('have the extremes of their blocks', () => {
    openTensors({ w: ramp(4, 6) });
    const cells = ask('cells', { name: 'w', region: whole(4, 6), grid: { rows: 2, columns: 3 } });
    expect([...cells.min]).toEqual([0, 2, 4, 12, 14, 16]);
    expect([...cells.max]).toEqual([7, 9, 11, 19, 21, 23]);
    expect(cells.share).toBe(1);
  });

  it('are single elements where there is room for them', () => {
    openTensors({ w: ramp(4, 6) });
    const region = { top: 1, bottom: 3, left: 2, right: 5 };
    const cells = ask('cells', { name: 'w', region, grid: { rows: 2, columns: 3 } });
    expect([...cells.min]).toEqual([8, 9, 10, 14, 15, 16]);
    expect(cells.max).toEqual(cells.min);
  });

  it('show one outlier among a million, and what is no number', () => {
    const data = new Float32Array(1_000_000);
    data[654_321] = 9;
    data[3] = NaN;
    openTensors({ w: tensor('float32', [1000, 1000], data) });
    const cells = ask('cells', {
      name: 'w',
      region: whole(1000, 1000),
      grid: { rows: 50, columns: 50 },
    });
    expect(cells.max[32 * 50 + 16]).toBe(9);
    expect(cells.notFinite[0]).toBe(1);
    expect(cells.max.filter(value => value !== 0)).toHaveLength(1);
  });

  it('cover a list that is wrapped, whose last row is short', () => {
    openTensors({ w: ramp(300) });
    const matrix = matrixOf([300]);
    const region = whole(matrix.rows, matrix.columns);
    const cells = ask('cells', {
      name: 'w',
      region,
      grid: { rows: matrix.rows, columns: matrix.columns },
    });
    expect([...cells.min.subarray(0, 300)]).toEqual(Array.from({ length: 300 }, (_, i) => i));
    expect([...cells.min.subarray(300)].every(Number.isNaN)).toBe(true);
    expect(cells.share).toBe(1);
    expect(elementsIn(matrix, region)).toBe(300);
  });

  it.each<[string, number[]]>([
    ['tall', [200_000, 512]],
    ['wide', [16, 20_000_000]],
  ])('of a tensor that is too %s are of a part of it, and say so', (_, shape) => {
    const path = join(folder, 'huge.safetensors');
    const bytes = sizeOf(shape) * 4;
    const head = encodeHeader([{ name: 'w', dtype: 'F32', shape, bytes }]);
    writeFileSync(path, head);
    truncateSync(path, head.byteLength + bytes);
    ask('open', { path });
    const cells = ask('cells', {
      name: 'w',
      region: whole(shape[0]!, shape[1]!),
      grid: { rows: 16, columns: 100 },
    });
    expect(cells.share).toBeGreaterThan(0.01);
    expect(cells.share).toBeLessThan(0.5);
    expect(cells.min.every(value => value === 0)).toBe(true);
  });
});

it('answers nothing without an open file', () => {
  mkdirSync(join(folder, 'none'));
  expect(() =>
    new Inspection().answer({ ask: 'moments', params: { name: 'w', from: 0, to: 1 } }),
  ).toThrow(/no file/);
});
