/**
 * One open file of tensors, and the questions that a view has about it: each is answered by a part
 * of the file at a time, so that none takes long. Runs in a thread of its own.
 */
import { sidecarPath } from '../data/binSidecar';
import { onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import type { TensorFile } from '../formats/tensorFile';
import { openWeights } from '../formats/weightFolder';
import { ProblemError } from '../problem';
import type { Cells, Grid } from './cells';
import { readCells } from './cells';
import type { BinCounts, Bins } from './histogram';
import { countInBins } from './histogram';
import type { Matrix, Region } from '../../protocol/matrix';
import { matrixOf } from '../../protocol/matrix';
import type { Moments } from './moments';
import { momentsOf, numbersOf } from './moments';
import type { TableColumns } from './tableColumns';
import { tableColumns } from './tableColumns';
import { openTokenFile } from './tokenFile';
import type { TotalsRow } from './totalsRows';
import { totalsRows } from './totalsRows';

/** By name, with what each takes and gives; all of it survives a structured clone. */
export interface Questions {
  open: { params: { path: string }; result: Opened };
  moments: { params: Part; result: Moments };
  histogram: { params: Part & { bins: Bins }; result: BinCounts };
  cells: { params: { name: string; region: Region; grid: Grid }; result: Cells };
  values: { params: { name: string; region: Region }; result: Values };
}

export type Question = {
  [K in keyof Questions]: { ask: K; params: Questions[K]['params'] };
}[keyof Questions];

/** Elements `[from, to)` of a tensor. */
export interface Part {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Opened {
  readonly format: TensorFile['format'];
  /** Of the file on the disk; of shards, all of them. */
  readonly fileBytes: number;
  readonly table: TableColumns;
  readonly totals: readonly TotalsRow[];
  readonly metadata: readonly (readonly [key: string, text: string])[];
}

export interface Values {
  /** Row by row. */
  readonly numbers: Float64Array;
  /** As they are, for whole numbers that a float64 does not hold. */
  readonly exact?: readonly string[];
}

export class Inspection {
  private file: TensorFile | undefined;

  constructor(private readonly fs: FileSystem = disk) {}

  answer(question: Question): Questions[keyof Questions]['result'] {
    const { ask, params } = question;
    switch (ask) {
      case 'open':
        return this.open(params.path);
      case 'moments':
        return momentsOf(this.numbers(params));
      case 'histogram':
        return countInBins(this.numbers(params), params.bins);
      case 'cells': {
        const { name, ...picture } = params;
        return readCells(this.opened, name, { matrix: this.matrix(name), ...picture });
      }
      case 'values':
        return this.values(params.name, params.region);
    }
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  private open(path: string): Opened {
    this.close();
    const file = openAny(path, this.fs);
    this.file = file;
    return {
      format: file.format,
      fileBytes: onDisk('read', path, () => this.fs.stat(path).bytes),
      table: tableColumns(file.entries),
      totals: totalsRows(file.entries),
      metadata: [...file.metadata],
    };
  }

  private numbers({ name, from, to }: Part) {
    return numbersOf(this.opened.readRange(name, from, to));
  }

  private values(name: string, { top, bottom, left, right }: Region): Values {
    const { columns, count } = this.matrix(name);
    const parts: number[] = [];
    const exact: string[] = [];
    for (let row = top; row < bottom; row++) {
      const end = Math.min(row * columns + right, count);
      if (end <= row * columns + left) continue;
      const { dtype, data } = this.opened.readRange(name, row * columns + left, end);
      if (dtype === 'int64' || dtype === 'uint64')
        for (const value of data) exact.push(String(value));
      parts.push(...numbersOf({ dtype, shape: [data.length], data }));
    }
    return { numbers: Float64Array.from(parts), ...(exact.length > 0 && { exact }) };
  }

  private matrix(name: string): Matrix {
    return matrixOf(this.opened.entries.get(name)?.shape ?? []);
  }

  private get opened(): TensorFile {
    if (this.file === undefined) throw new Error('no file is open');
    return this.file;
  }
}

/** A `.bin` with a sidecar is a bin of tokens, and so is one that is of no format that says so. */
function openAny(path: string, fs: FileSystem): TensorFile {
  const isBin = /\.bin$/i.test(path);
  if (isBin && exists(fs, sidecarPath(path))) return openTokenFile(path, fs);
  try {
    return openWeights(path, fs);
  } catch (error) {
    const isUnknown = error instanceof ProblemError && error.problem.code === 'file.unknown';
    if (isUnknown && isBin) return openTokenFile(path, fs);
    throw error;
  }
}
