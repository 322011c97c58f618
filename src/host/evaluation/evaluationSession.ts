/**
 * One view of an evaluation from the host's side: answers its requests, each exactly once, and posts
 * what happens. Can be thrown away with the view at any moment. Knows nothing of VS Code.
 */
import { basename } from 'node:path';
import type {
  EvaluationComparison,
  EvaluationPlan,
  EvaluationSample,
} from '../../protocol/evaluation';
import {
  type BaselineFacts,
  type Circumstances,
  type Comparable,
  type EvaluationFacts,
  type ExportKind,
  type HostMessage,
  MOST_CHARACTERS,
  type Post,
  type RequestMessage,
  type Requests,
  type SampleDetail,
  type Snapshot,
} from '../../protocol/evaluationView';
import type { ViewProblem } from '../../protocol/viewReply';
import type { KnownEvaluation } from '../evaluationStore';
import { reply, viewProblem } from '../viewReply';
import { comparablesOf } from './comparables';
import { EvaluationReader } from './evaluationReader';
import { exported } from './exports';
import { parseRequest } from './requests';
import { runningResults } from './runningResults';

/** What the view can have done to the world; each rejects with a message for people. */
export interface EvaluationPorts {
  readonly isTrusted: boolean;
  /** A path as people name it in this window. */
  labelOf(path: string): string;
  /** @throws `host.untrusted` */
  runAgain(dir: string, plan: EvaluationPlan, indices: readonly number[]): Promise<void>;
  /** @throws `host.untrusted` */
  resume(dir: string): Promise<void>;
  stop(dir: string): Promise<void>;
  openInSandbox(plan: EvaluationPlan, prompt: string): Promise<void>;
  openText(title: string, text: string): Promise<void>;
  openTrace(dir: string, index: number): Promise<void>;
  openConfig(path: string): Promise<void>;
  /** Asks where and writes; the path as people name it, or null when the user chose nowhere. */
  save(name: string, kind: ExportKind, text: string): Promise<string | null>;
  copy(text: string): Promise<void>;
  manageTrust(): Promise<void>;
}

export interface SessionOptions {
  /** Of the evaluation. */
  dir: string;
  store: {
    readonly evaluations: readonly KnownEvaluation[];
    onDidChange(listener: () => void): { dispose(): void };
  };
  ports: EvaluationPorts;
  /** Of two folders. */
  compare(own: string, baseline: string): Promise<EvaluationComparison>;
  post(message: HostMessage): void;
}

export class EvaluationSession {
  readonly #options: SessionOptions;
  readonly #subscription: { dispose(): void };
  #dir: string;
  #reader: EvaluationReader | undefined;
  #problem: ViewProblem | null = null;
  #baseline: { facts: BaselineFacts; reader: EvaluationReader } | undefined;
  #told = '';
  /** The view knows the evaluation: it is told changes from here on. */
  #isHydrated = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#dir = options.dir;
    this.#subscription = options.store.onDidChange(() => void this.follow());
  }

  /** Of the evaluation that is shown. */
  get dir(): string {
    return this.#dir;
  }

  /** Shows another evaluation in the same view, or the same one against another. */
  async show(dir: string, baseline?: string): Promise<void> {
    if (dir !== this.#dir) {
      this.#dir = dir;
      this.#reader = undefined;
      this.#baseline = undefined;
    }
    if (baseline !== undefined) await this.#compare(baseline);
    this.#options.post({ type: 'shown' });
  }

  /** The window knows something new of evaluations. */
  async follow(): Promise<void> {
    if (!this.#isHydrated) return;
    const wasOver = Boolean(this.#reader?.report);
    await this.#read();
    const { facts } = this;
    if (!this.#isStillHydrated() || !facts) return;
    // What it was held against while it ran was held against a part of it.
    if (!wasOver && facts.report && this.#baseline) await this.#compareAgain(this.#baseline);
    const circumstances = this.#circumstances();
    const told = JSON.stringify([facts, circumstances]);
    if (told === this.#told) return;
    this.#told = told;
    this.#post({ type: 'facts', facts });
    this.#post({ type: 'circumstances', ...circumstances });
  }

  pause(): void {
    this.#isHydrated = false;
  }

  /** It is back. A new page asks by itself; one that stayed is told to. */
  resume(): void {
    if (!this.#isHydrated) this.#options.post({ type: 'shown' });
  }

  dispose(): void {
    this.pause();
    this.#subscription.dispose();
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, problemOf);
  }

  get facts(): EvaluationFacts | null {
    const reader = this.#reader;
    if (!reader) return null;
    const known = this.#known;
    const { plan, report, rows, damagedLines } = reader;
    return {
      id: known?.id ?? basename(this.#dir),
      dir: this.#dir,
      path: this.#options.ports.labelOf(this.#dir),
      plan,
      state: report ? 'done' : (known?.state ?? 'stopped'),
      progress: known?.progress ?? null,
      report: report ? without(report) : null,
      results: report?.results ?? runningResults(rows),
      samples: rows.length,
      damagedLines,
      problem: known?.problem ?? null,
    };
  }

  async #answer({ request, params }: RequestMessage): Promise<Requests[typeof request]['result']> {
    const { ports } = this.#options;
    switch (request) {
      case 'ready':
        return this.#hydrate();
      case 'rows':
        return this.#open.rows.slice(params.from, params.from + params.count);
      case 'sample':
        return this.#detail(params.index);
      case 'search':
        return this.#open.search(params.words);
      case 'compare':
        return this.#compare(params.baseline);
      case 'runAgain':
        return done(ports.runAgain(this.#dir, this.#open.plan, params.indices));
      case 'stop':
        return done(ports.stop(this.#dir));
      case 'resume':
        return done(ports.resume(this.#dir));
      case 'openInSandbox':
        return done(ports.openInSandbox(this.#open.plan, this.#open.sample(params.index).prompt));
      case 'openText':
        return done(
          ports.openText(
            `${this.#open.plan.name} ${params.index} ${params.what}`,
            this.#open.sample(params.index)[params.what],
          ),
        );
      case 'openTrace':
        return done(ports.openTrace(this.#dir, params.index));
      case 'openConfig':
        return done(this.#openConfig());
      case 'export':
        return this.#export(params.kind);
      case 'copy':
        return done(ports.copy(params.text));
      case 'trust':
        return done(ports.manageTrust());
    }
  }

  async #hydrate(): Promise<Snapshot> {
    await this.#read();
    this.#isHydrated = true;
    const { facts } = this;
    const circumstances = this.#circumstances();
    this.#told = JSON.stringify([facts, circumstances]);
    const baseline = this.#baseline?.facts ?? null;
    return { facts, baseline, problem: facts ? null : this.#problem, ...circumstances };
  }

  /** What cannot be read is said in the view; what was read before stays. */
  async #read(): Promise<void> {
    try {
      this.#reader ??= new EvaluationReader(this.#dir);
      await this.#reader.update();
      this.#problem = null;
    } catch (error) {
      this.#problem = problemOf(error);
    }
  }

  get #open(): EvaluationReader {
    if (!this.#reader) throw new Error('The evaluation is not open.');
    return this.#reader;
  }

  get #known(): KnownEvaluation | undefined {
    return this.#options.store.evaluations.find(({ dir }) => dir === this.#dir);
  }

  #circumstances(): Circumstances {
    const { ports, store } = this.#options;
    const comparables: Comparable[] = this.#reader
      ? comparablesOf(this.#dir, this.#reader.plan, store.evaluations)
      : [];
    return { isTrusted: ports.isTrusted, comparables };
  }

  #detail(index: number): SampleDetail {
    const reader = this.#open;
    const sample = reader.sample(index);
    const other = this.#baseline?.reader;
    return {
      sample: cropped(sample),
      outputCharacters: sample.output.length,
      tokens: reader.tokens(index),
      baseline: other?.has(index) ? cropped(other.sample(index)) : null,
      hasTrace: reader.hasTraces,
    };
  }

  async #compare(id: string | null): Promise<BaselineFacts | null> {
    await this.#read();
    const own = this.#open;
    this.#baseline = undefined;
    if (id === null) return null;
    const known = this.#options.store.evaluations.find(each => each.id === id);
    if (!known) throw new Error(`The evaluation ${id} is not there any more.`);
    const reader = new EvaluationReader(known.dir);
    await reader.update();
    const comparison = await this.#options.compare(own.dir, known.dir);
    const facts: BaselineFacts = {
      id,
      name: reader.plan.model.name,
      results: reader.report?.results ?? runningResults(reader.rows),
      paired: comparison.paired,
      wrongToRight: comparison.wrongToRight,
      rightToWrong: comparison.rightToWrong,
      metrics: comparison.metrics,
      verdict: comparison.verdict,
    };
    if (this.#reader === own) this.#baseline = { facts, reader };
    return facts;
  }

  async #compareAgain({ facts }: { facts: BaselineFacts }): Promise<void> {
    try {
      await this.#compare(facts.id);
      this.#options.post({ type: 'shown' });
    } catch {
      // the other one is not there any more: the view says so where it is chosen
    }
  }

  async #openConfig(): Promise<void> {
    const { configPath } = this.#open.plan;
    if (configPath === null)
      throw new Error('This evaluation was started by a command line: it has no config file.');
    await this.#options.ports.openConfig(configPath);
  }

  async #export(kind: ExportKind): Promise<{ saved: string | null }> {
    const { facts } = this;
    if (!facts) throw new Error('The evaluation is not open.');
    const text = exported(kind, {
      facts,
      baseline: this.#baseline?.facts ?? null,
      samples: this.#open.rows.map(({ index }) => this.#open.sample(index)),
    });
    return { saved: await this.#options.ports.save(facts.id, kind, text) };
  }

  #isStillHydrated(): boolean {
    return this.#isHydrated;
  }

  #post(message: Post): void {
    if (this.#isHydrated) this.#options.post(message);
  }
}

const done = (work: Promise<void>): Promise<null> => work.then(() => null);

function without({ plan: _, ...report }: NonNullable<EvaluationReader['report']>) {
  return report;
}

const cut = (text: string): string =>
  text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text;

const cropped = (sample: EvaluationSample): EvaluationSample => ({
  ...sample,
  question: cut(sample.question),
  prompt: cut(sample.prompt),
  output: cut(sample.output),
  reference: cut(sample.reference),
  compared: { output: cut(sample.compared.output), reference: cut(sample.compared.reference) },
});

const problemOf = (error: unknown) => viewProblem(error, 'evaluation.failed');
