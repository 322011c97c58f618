/**
 * The folder of an evaluation: made, added to batch by batch, read back, gone on with after a stop. A
 * torn last line is cut off, a damaged inner one is told. Knows nothing of models.
 */
import { basename, join } from 'node:path';
import {
  type EvaluationPlan,
  type EvaluationReport,
  type EvaluationSample,
  type EvaluationSummary,
  evaluationFiles,
} from '../../protocol/evaluation';
import { errnoOf, onDisk } from '../files/diskProblem';
import type { FileSystem } from '../files/fileSystem';
import { ownStart, processStart } from '../files/processIdentity';
import { exists, listFolder, readBytes, readText } from '../files/readFile';
import {
  ensureFolders,
  removeQuietly,
  syncFolder,
  writeAll,
  writeTextDurably,
} from '../files/writeDurably';
import { fail } from '../problem';

export const evaluationFile = (dir: string, name: keyof typeof evaluationFiles): string =>
  join(dir, evaluationFiles[name]);

/** Names the process that works on it; only while it does. */
const OWNER = 'owner.json';

/** Makes `<evaluations>/<time>-<name>` with its config. @returns its path */
export function createEvaluationFolder(
  fs: FileSystem,
  evaluations: string,
  { name, configText }: { name: string; configText: string },
): string {
  return onDisk('create an evaluation in', evaluations, () => {
    ensureFolders(fs, evaluations);
    const wanted = join(evaluations, `${timestamp(new Date())}-${name}`);
    for (let count = 1; ; count++) {
      const dir = count === 1 ? wanted : `${wanted}-${count}`;
      try {
        fs.mkdir(dir);
      } catch (error) {
        if (errnoOf(error) === 'EEXIST') continue;
        throw error;
      }
      writeTextDurably(fs, evaluationFile(dir, 'config'), configText);
      syncFolder(fs, evaluations);
      return dir;
    }
  });
}

function timestamp(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/** Ids of the evaluations in a folder of them, oldest first. */
export const evaluationIds = (fs: FileSystem, evaluations: string): string[] =>
  listFolder(fs, evaluations)
    .filter(id => exists(fs, evaluationFile(join(evaluations, id), 'plan')))
    .sort();

/** @throws `evaluate.damaged`, `evaluate.unknown` */
export function readPlan(fs: FileSystem, dir: string): EvaluationPlan {
  const path = evaluationFile(dir, 'plan');
  if (!exists(fs, path))
    fail(
      'evaluate.unknown',
      `${dir} is not the folder of an evaluation: it has no ${basename(path)}.`,
      {
        file: dir,
      },
    );
  const plan = readJson<EvaluationPlan>(fs, path);
  if ((plan as { version: number }).version !== 1)
    fail('evaluate.damaged', `${path} is of another version of Weightroom.`, { file: path });
  return plan;
}

/** Undefined while it is not done. */
export function readReport(fs: FileSystem, dir: string): EvaluationReport | undefined {
  const path = evaluationFile(dir, 'report');
  return exists(fs, path) ? readJson<EvaluationReport>(fs, path) : undefined;
}

function readJson<T extends object>(fs: FileSystem, path: string): T {
  try {
    const value: unknown = JSON.parse(readText(fs, path));
    if (typeof value === 'object' && value !== null) return value as T;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return fail('evaluate.damaged', `${path} is damaged: it is not the JSON that was written.`, {
    file: path,
  });
}

/** All that were written whole. @throws `evaluate.damaged` with the line */
export const readSamples = (fs: FileSystem, dir: string): EvaluationSample[] =>
  wholeLines(fs, evaluationFile(dir, 'samples')).values as EvaluationSample[];

function wholeLines(fs: FileSystem, path: string): { values: unknown[]; bytes: number } {
  if (!exists(fs, path)) return { values: [], bytes: 0 };
  const all = readBytes(fs, path);
  const bytes = all.lastIndexOf(0x0a) + 1;
  const lines = all.toString('utf8', 0, bytes).split('\n').slice(0, -1);
  const values = lines.map((line, i): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      return fail('evaluate.damaged', `${path}, line ${i + 1} is damaged: it is no JSON.`, {
        file: path,
        line: i + 1,
      });
    }
  });
  return { values, bytes };
}

/** The files that grow, open for one process. */
export class EvaluationWriter {
  readonly #files = new Map<string, number>();

  private constructor(
    private readonly fs: FileSystem,
    readonly dir: string,
  ) {}

  /**
   * Takes the folder. What an earlier process did not write whole is cut off.
   * @throws `evaluate.running` while another process works on it
   */
  static open(fs: FileSystem, dir: string): EvaluationWriter {
    const owner = join(dir, OWNER);
    if (exists(fs, owner)) {
      const { pid, start } = readJson<{ pid: number; start: string }>(fs, owner);
      if (pid !== process.pid && processStart(pid) === start)
        fail('evaluate.running', `Process ${pid} is working on ${dir}. Wait for it or stop it.`, {
          file: dir,
        });
    }
    writeTextDurably(fs, owner, JSON.stringify({ pid: process.pid, start: ownStart() }));
    for (const name of ['samples', 'tokens', 'traces'] as const) {
      const path = evaluationFile(dir, name);
      if (!exists(fs, path)) continue;
      const { bytes } = wholeLines(fs, path);
      onDisk('write', path, () => {
        const file = fs.open(path, 'r+');
        try {
          if (fs.size(file) > bytes) fs.truncate(file, bytes);
        } finally {
          fs.close(file);
        }
      });
    }
    return new EvaluationWriter(fs, dir);
  }

  writePlan(plan: EvaluationPlan): void {
    this.#write('plan', plan);
  }

  /** Lines of a batch, on the disk when it returns. */
  append(name: 'samples' | 'tokens' | 'traces', values: readonly object[]): void {
    if (values.length === 0) return;
    const path = evaluationFile(this.dir, name);
    onDisk('write', path, () => {
      const file = this.#files.get(name) ?? this.fs.open(path, 'a');
      this.#files.set(name, file);
      writeAll(this.fs, file, Buffer.from(values.map(v => `${JSON.stringify(v)}\n`).join('')), path); // prettier-ignore
      this.fs.fdatasync(file);
    });
  }

  /** The end: the summary as the notebook's, and the report. */
  finish(report: EvaluationReport): void {
    const { timestamp: at, model_name, metrics } = report;
    this.#write('summary', { timestamp: at, model_name, metrics } satisfies EvaluationSummary);
    this.#write('report', report);
  }

  close(): void {
    for (const file of this.#files.values()) this.fs.close(file);
    this.#files.clear();
    removeQuietly(this.fs, join(this.dir, OWNER));
  }

  #write(name: keyof typeof evaluationFiles, value: object): void {
    const path = evaluationFile(this.dir, name);
    onDisk('write', path, () =>
      writeTextDurably(this.fs, path, `${JSON.stringify(value, null, 2)}\n`),
    );
  }
}
