/**
 * Compares two models parameter by parameter, in as many threads as pay: large parameters are shared
 * among them, small ones are handed out in batches. Tells each result as it is there.
 */
import { availableParallelism } from 'node:os';
import { type Metrics } from '../../protocol/diffMetrics';
import { IsolatedThread, threadBeside } from '../isolate/isolatedThread';
import type { Part } from './comparison';
import {
  type CompareAnswer,
  Comparer,
  type CompareQuestion,
  type CompareQuestions,
} from './comparer';
import type { OpenedPairs } from './openedPairs';
import type { SidePaths } from './side';
import { joinTotals, metricsOf, noTotals, type Totals } from './totals';

export interface RowResult {
  readonly row: number;
  /** Undefined where it could not be read. */
  readonly metrics?: Metrics;
  readonly unreadable?: string;
}

/** Whoever answers: a thread, or this one. */
interface Answerer {
  ask(question: CompareQuestion): Promise<CompareAnswer>;
  close(): void;
}

/** A question may read a whole parameter of many gigabytes. */
const LIMIT_MS = 600_000;
const MEMORY_MB = 4096;
/** Elements of a part: some ten milliseconds of work. */
const PART_ELEMENTS = 1 << 23;
const MOST_PARTS = 512;
/** Less work than this is done before a thread has started. */
const SMALL_BYTES = 1 << 26;
const MOST_THREADS = 4;

export interface ModelComparisonOptions {
  /** In this thread; for those who may wait, and have no thread to lose. */
  readonly here?: boolean;
  readonly threads?: number;
}

export class ModelComparison {
  readonly #answerers: Answerer[] = [];
  #opened: OpenedPairs | undefined;
  #isClosed = false;

  constructor(
    private readonly sides: SidePaths,
    private readonly options: ModelComparisonOptions = {},
  ) {}

  /** @throws what the files' readers throw, `diff.nothing`, `ThreadEnded` */
  async open(): Promise<OpenedPairs> {
    const first = this.options.here ? new HereAnswerer() : new ThreadAnswerer();
    this.#answerers.push(first);
    this.#opened = (await first.ask({ ask: 'open', params: this.sides })) as OpenedPairs;
    return this.#opened;
  }

  /** Asks about one parameter; while models are compared, between two parts. */
  async ask<K extends keyof CompareQuestions>(
    ask: K,
    params: CompareQuestions[K]['params'],
  ): Promise<CompareQuestions[K]['result']> {
    const [first] = this.#answerers;
    if (!first || this.#isClosed) throw new Error('the comparison is not open');
    return first.ask({ ask, params } as CompareQuestion);
  }

  /** Compares all rows; ends early when it is closed. */
  async compareAll(tell: (result: RowResult, bytes: number) => void): Promise<void> {
    const opened = this.#opened;
    if (!opened) throw new Error('the comparison is not open');
    const total = new Float64Array(opened.table.bytes).reduce((sum, bytes) => sum + bytes, 0);
    const work = new Work(opened, tell);
    const most = this.options.threads ?? Math.min(MOST_THREADS, availableParallelism());
    const helpers = new Set<Promise<void>>();
    if (total >= SMALL_BYTES)
      for (let i = 1; i < most; i++)
        this.#start().then(
          helper => {
            const serving = this.#serve(helper, work);
            serving.catch(() => undefined); // told below, when the first has done its part
            helpers.add(serving);
          },
          () => undefined, // without it, the others do its part
        );
    await this.#serve(this.#answerers[0]!, work);
    await Promise.all(helpers);
  }

  close(): void {
    this.#isClosed = true;
    for (const answerer of this.#answerers) answerer.close();
  }

  /** One more thread, which has both models open. */
  async #start(): Promise<Answerer> {
    const more = new ThreadAnswerer();
    this.#answerers.push(more);
    await more.ask({ ask: 'open', params: this.sides });
    return more;
  }

  async #serve(answerer: Answerer, work: Work): Promise<void> {
    for (;;) {
      const parts = work.next();
      if (parts.length === 0 || this.#isClosed) return;
      const answers = (await answerer.ask({
        ask: 'compare',
        params: parts,
      })) as CompareQuestions['compare']['result'];
      if (this.#isClosed) return;
      answers.forEach((answer, i) => work.done(parts[i]!, answer));
    }
  }
}

/** What is left to be compared, and what came of it so far. */
class Work {
  readonly #counts: Float64Array;
  readonly #bytes: Float64Array;
  #row = 0;
  #from = 0;
  readonly #under = new Map<number, { totals: Totals; left: number; unreadable?: string }>();

  constructor(
    opened: OpenedPairs,
    private readonly tell: (result: RowResult, bytes: number) => void,
  ) {
    this.#counts = opened.counts;
    this.#bytes = new Float64Array(opened.table.bytes);
    const states = opened.table.states;
    // what is not compared has no parts
    this.#counts = opened.counts.map((count, row) => (states[row] === 'pair' ? count : -1));
  }

  next(): Part[] {
    const parts: Part[] = [];
    let elements = 0;
    while (this.#row < this.#counts.length && parts.length < MOST_PARTS) {
      const count = this.#counts[this.#row]!;
      if (count < 0) {
        this.#row++;
        continue;
      }
      if (parts.length > 0 && elements >= PART_ELEMENTS) break;
      const to = Math.min(count, this.#from + PART_ELEMENTS);
      parts.push({ pair: this.#row, from: this.#from, to });
      elements += to - this.#from;
      if (this.#from === 0)
        this.#under.set(this.#row, {
          totals: noTotals(),
          left: Math.max(1, Math.ceil(count / PART_ELEMENTS)),
        });
      this.#from = to;
      if (to >= count) [this.#row, this.#from] = [this.#row + 1, 0];
    }
    return parts;
  }

  done({ pair, from, to }: Part, answer: CompareQuestions['compare']['result'][number]): void {
    const under = this.#under.get(pair)!;
    if ('unreadable' in answer) under.unreadable = answer.unreadable;
    else joinTotals(under.totals, answer);
    const count = this.#counts[pair]!;
    const share = count === 0 ? 1 : (to - from) / count;
    if (--under.left > 0) {
      this.tell({ row: -1 }, this.#bytes[pair]! * share);
      return;
    }
    this.#under.delete(pair);
    const result =
      under.unreadable === undefined
        ? { row: pair, metrics: metricsOf(under.totals) }
        : { row: pair, unreadable: under.unreadable };
    this.tell(result, this.#bytes[pair]! * share);
  }
}

class HereAnswerer implements Answerer {
  readonly #comparer = new Comparer();
  ask(question: CompareQuestion): Promise<CompareAnswer> {
    return new Promise(resolve => resolve(this.#comparer.answer(question)));
  }
  close(): void {
    this.#comparer.close();
  }
}

class ThreadAnswerer implements Answerer {
  readonly #thread = new IsolatedThread(threadBeside(import.meta.url, './compareWorker'), {
    memoryMb: MEMORY_MB,
  });
  ask(question: CompareQuestion): Promise<CompareAnswer> {
    return this.#thread.ask(question, LIMIT_MS);
  }
  close(): void {
    this.#thread.close();
  }
}
