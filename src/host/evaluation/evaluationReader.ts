/**
 * One evaluation's folder, read as it grows. Keeps a row of each sample, and of its texts only where
 * they lie: those are read again when somebody looks. Knows nothing of VS Code.
 */
import { join } from 'node:path';
import { disk, type FileSystem } from '../../engine/files/fileSystem';
import { exists, readText } from '../../engine/files/readFile';
import { fail } from '../../engine/problem';
import {
  evaluationFiles,
  type AgentRecord,
  type EvaluationPlan,
  type EvaluationReport,
  type EvaluationSample,
  type TokenLosses,
} from '../../protocol/evaluation';
import type { SampleRow } from '../../protocol/evaluationView';
import { agentRecordFrom, planFrom, reportFrom, sampleFrom, tokensFrom } from './fileSchemas';
import { LineFile, type Place } from './lineFile';
import { rowOf } from './sampleRow';

export class EvaluationReader {
  readonly plan: EvaluationPlan;
  report: EvaluationReport | undefined;
  /** In the order of the file, which is that of the indices. */
  readonly rows: SampleRow[] = [];
  damagedLines = 0;
  readonly #samples: LineFile;
  readonly #tokens: LineFile;
  readonly #placeOf = new Map<number, Place>();
  readonly #tokensOf = new Map<number, Place>();
  #reading: Promise<boolean> | undefined;

  /** @throws `evaluation.unreadable` when the folder is no evaluation */
  constructor(
    readonly dir: string,
    private readonly fs: FileSystem = disk,
  ) {
    const path = join(dir, evaluationFiles.plan);
    const plan = planFrom(jsonIn(fs, path));
    if (!plan)
      fail('evaluation.unreadable', `${path} does not say what was evaluated, as it should.`, {
        file: path,
      });
    this.plan = plan;
    this.#samples = new LineFile(join(dir, evaluationFiles.samples), fs);
    this.#tokens = new LineFile(join(dir, evaluationFiles.tokens), fs);
  }

  /** Reads what is new; true when there was anything. @throws `disk.…` */
  update(): Promise<boolean> {
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  has(index: number): boolean {
    return this.#placeOf.has(index);
  }

  /** @throws `evaluation.no-sample` */
  sample(index: number): EvaluationSample {
    const place = this.#placeOf.get(index);
    const found = place && sampleFrom(parsed(this.#samples.lineAt(place)));
    if (!found) fail('evaluation.no-sample', `There is no sample ${index} in ${this.dir}.`);
    return found;
  }

  tokens(index: number): TokenLosses | null {
    const place = this.#tokensOf.get(index);
    return (place && tokensFrom(parsed(this.#tokens.lineAt(place)))) ?? null;
  }

  get hasTraces(): boolean {
    return this.plan.agent !== null;
  }

  /** What the agent did with one example; empty when nothing of it is there. @throws `disk.…` */
  async trace(index: number): Promise<AgentRecord[]> {
    const records: AgentRecord[] = [];
    const take = (line: string) => {
      const value = parsed(line) as { index?: unknown } | undefined;
      const record = value?.index === index ? agentRecordFrom(value) : undefined;
      if (record) records.push(record);
    };
    await new LineFile(join(this.dir, evaluationFiles.traces), this.fs).read(take, () => undefined);
    return records;
  }

  /** Indices of samples in which all of the words stand, in any case. @throws `disk.…` */
  async search(words: string): Promise<number[]> {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    const found: number[] = [];
    const take = (line: string) => {
      const sample = parsed(line) as Partial<EvaluationSample> | undefined;
      if (!sample || typeof sample.index !== 'number' || !this.has(sample.index)) return;
      const { question, prompt, output, reference } = sample;
      const text = [question, prompt, output, reference].join('\n').toLowerCase();
      if (wanted.every(word => text.includes(word))) found.push(sample.index);
    };
    await new LineFile(this.#samples.path, this.fs).read(take, () => undefined);
    return found;
  }

  async #read(): Promise<boolean> {
    const grew = await this.#samples.read(
      (line, place) => this.#take(line, place),
      () => this.#forget(),
    );
    await this.#tokens.read(
      (line, place) => {
        const index = (parsed(line) as { index?: unknown } | undefined)?.index;
        if (typeof index === 'number') this.#tokensOf.set(index, place);
      },
      () => this.#tokensOf.clear(),
    );
    const had = this.report;
    this.report ??= reportFrom(jsonIn(this.fs, join(this.dir, evaluationFiles.report)));
    return grew || this.report !== had;
  }

  #take(line: string, place: Place): void {
    const sample = sampleFrom(parsed(line));
    if (!sample) {
      this.damagedLines++;
      return;
    }
    if (!this.has(sample.index)) this.rows.push(rowOf(sample));
    this.#placeOf.set(sample.index, place);
  }

  #forget(): void {
    this.rows.length = 0;
    this.damagedLines = 0;
    this.#placeOf.clear();
    this.report = undefined;
  }
}

/** Undefined when there is none, or it is no JSON. */
function jsonIn(fs: FileSystem, path: string): unknown {
  return exists(fs, path) ? parsed(readText(fs, path)) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
