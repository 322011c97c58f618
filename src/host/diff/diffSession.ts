/**
 * One weight diff from the host's side: compares two models in threads, answers the view's requests,
 * each exactly once, and posts results as they come. Can be thrown away with the view at any moment.
 * Knows nothing of VS Code, and reads no weights itself.
 */
import { basename } from 'node:path';
import { ModelComparison, type RowResult } from '../../engine/compare/compareModels';
import type { DistributionCounts } from '../../engine/compare/distributions';
import type { Fault } from '../../engine/compare/faults/fault';
import type { OpenedPairs } from '../../engine/compare/openedPairs';
import {
  type DiffReport,
  diffReport,
  problemsFirst,
  reportCsv,
  reportJson,
} from '../../engine/compare/report';
import { reportHtml } from '../../engine/compare/reportHtml';
import { ThreadEnded } from '../../engine/isolate/isolatedThread';
import { columnsOf, metricNames, metricsOfRow, type Profile } from '../../protocol/diffMetrics';
import type { ViewProblem } from '../../protocol/viewReply';
import type {
  DiffHostMessage,
  DiffRequestMessage,
  DiffRequests,
  DiffSnapshot,
  Distributions,
  ExportFormat,
  FaultFacts,
  LogitFacts,
  SideFacts,
} from '../../protocol/weightDiff';
import { reply, viewProblem } from '../viewReply';
import { parseRequest, profileOf } from './requests';

/** A model as its user named it. */
export interface PickedSide {
  readonly path: string;
  readonly label: string;
}

export interface Sides {
  readonly left: PickedSide;
  readonly right: PickedSide;
}

/** What the view can have done to the world. */
export interface DiffPorts {
  copy(text: string): Promise<void>;
  /** False when the user chose no file. */
  save(name: string, text: string): Promise<boolean>;
  choose(side: 'left' | 'right'): Promise<PickedSide | undefined>;
  /** @throws for models that cannot run */
  logits(sides: Sides): Promise<LogitFacts>;
  /** The panel shows other models now. */
  shows(sides: Sides): void;
}

export interface DiffOptions {
  readonly sides: Sides;
  readonly ports: DiffPorts;
  post(message: DiffHostMessage): void;
}

/** Between two posts of results. */
const POST_MS = 100;
/** Of an export: each is read whole. */
const MOST_FAULTS = 16;

export class DiffSession {
  readonly #options: DiffOptions;
  #sides: Sides;
  #run: Run | undefined;

  constructor(options: DiffOptions) {
    this.#options = options;
    this.#sides = options.sides;
  }

  get sides(): Sides {
    return this.#sides;
  }

  /** Shows other models in this view. */
  show(sides: Sides): void {
    this.#sides = sides;
    this.#begin();
    this.#options.ports.shows(sides);
    this.#options.post({ type: 'changed' });
  }

  /** Comparing goes on out of sight: its results are kept here. */
  resume(): void {
    // the view asks anew when it comes up
  }
  pause(): void {
    // nothing is pushed but what was compared
  }

  dispose(): void {
    this.#run?.close();
    this.#run = undefined;
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, problemOf);
  }

  async #answer({
    request,
    params,
  }: DiffRequestMessage): Promise<DiffRequests[typeof request]['result']> {
    const { ports } = this.#options;
    const run = this.#run ?? this.#begin();
    switch (request) {
      case 'ready':
        return run.snapshot();
      case 'again':
        return this.#begin().snapshot();
      case 'swap': {
        const { left, right } = this.#sides;
        this.#sides = { left: right, right: left };
        ports.shows(this.#sides);
        return this.#begin().snapshot();
      }
      case 'choose': {
        const chosen = await ports.choose(params.side);
        if (!chosen) return null;
        this.#sides = { ...this.#sides, [params.side]: chosen };
        ports.shows(this.#sides);
        return this.#begin().snapshot();
      }
      case 'detail':
        return run.comparison.ask('detail', params);
      case 'fault':
        return run.fault(params.row);
      case 'distributions':
        return distributionsOf(await run.comparison.ask('distributions', params));
      case 'cells': {
        const { most, notFinite, share } = await run.comparison.ask('cells', params);
        return { most: bufferOf(most), notFinite: bufferOf(notFinite), share };
      }
      case 'values': {
        const { left, right } = await run.comparison.ask('values', params);
        return { left: bufferOf(left), right: bufferOf(right) };
      }
      case 'logits':
        return run.logits(() => ports.logits(this.#sides));
      case 'export':
        return this.#export(run, params.format, profileOf(params.profile));
      case 'copy':
        await ports.copy(params.text);
        return null;
    }
  }

  #begin(): Run {
    this.#run?.close();
    this.#run = new Run(this.#sides, this.#options.post);
    return this.#run;
  }

  async #export(run: Run, format: ExportFormat, profile: Profile): Promise<boolean> {
    const report = await run.report(profile);
    const text = {
      json: () => `${JSON.stringify(reportJson(report), null, 1)}\n`,
      csv: () => reportCsv(report),
      html: () => reportHtml(report),
    }[format]();
    const name = ({ path }: PickedSide) => basename(path).replace(/\.[^.]+$/, '');
    const { left, right } = this.#sides;
    return this.#options.ports.save(`${name(left)}-against-${name(right)}.${format}`, text);
  }
}

/** Two models that are compared once. */
class Run {
  readonly comparison: ModelComparison;
  readonly #opening: Promise<OpenedPairs | ViewProblem>;
  #numbers = new Float64Array(0);
  /** Those of 100,000 rows are 20 MB: they travel once there are any. */
  #hasNumbers = false;
  readonly #failed = new Map<number, string>();
  readonly #faults = new Map<number, Promise<Fault | undefined>>();
  #logits: LogitFacts | null = null;
  #progress = { bytesDone: 0, bytesTotal: 0, seconds: 0, isDone: false };
  #pending: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  #began = performance.now();
  #finishing: Promise<void> = Promise.resolve();
  #trouble: ViewProblem | null = null;

  constructor(
    private readonly sides: Sides,
    private readonly post: DiffOptions['post'],
  ) {
    this.comparison = new ModelComparison({ left: sides.left.path, right: sides.right.path });
    this.#opening = this.comparison.open().then(
      opened => {
        this.#start(opened);
        return opened;
      },
      (error: unknown) => problemOf(error),
    );
  }

  async snapshot(): Promise<DiffSnapshot> {
    const opened = await this.#opening;
    const isOpen = 'table' in opened;
    const notes = isOpen
      ? [...opened.table.notes, ...this.#failed].map(
          ([row, note]) => [row, note] as [number, string],
        )
      : [];
    return {
      left: isOpen ? { ...opened.left, name: this.sides.left.label } : factsOf(this.sides.left),
      right: isOpen ? { ...opened.right, name: this.sides.right.label } : factsOf(this.sides.right),
      table: isOpen ? { ...opened.table, notes } : null,
      numbers: isOpen && this.#hasNumbers ? bufferOf(this.#numbers) : null,
      progress: this.#progress,
      logits: this.#logits,
      problem: isOpen ? this.#trouble : opened,
      noLogits: null,
    };
  }

  async fault(row: number): Promise<FaultFacts | null> {
    await this.#opening;
    const fault = await this.#faultOf(row);
    if (!fault) return null;
    const { kind, message, repair, repaired, other, rows } = fault;
    return {
      kind,
      message,
      repair: repair ?? null,
      repaired: repaired ?? null,
      other: other ?? null,
      rows: (rows ?? []).map(([from, to]) => [from, to]),
    };
  }

  async logits(ask: () => Promise<LogitFacts>): Promise<LogitFacts> {
    this.#logits ??= await ask();
    return this.#logits;
  }

  /** Of all rows: waits until they are compared. */
  async report(profile: Profile): Promise<DiffReport> {
    const opened = await this.#opening;
    if (!('table' in opened)) throw new Error(opened.message);
    await this.#finishing;
    const rows = opened.table.names.map((_, row) => row);
    const done = rows.filter(row => !Number.isNaN(this.#numbers[row * metricNames.length]));
    const input = {
      opened,
      profile,
      metrics: new Map(done.map(row => [row, metricsOfRow(this.#numbers, row)])),
      unreadable: this.#failed,
      seconds: this.#progress.seconds,
      ...(this.#logits && { logits: this.#logits }),
    };
    const wrong = problemsFirst(diffReport(input).parameters)
      .filter(({ verdict, metrics }) => verdict === 'mismatch' && metrics)
      .slice(0, MOST_FAULTS);
    const faults = new Map<number, Fault>();
    for (const { row } of wrong) {
      const fault = await this.#faultOf(row);
      if (fault) faults.set(row, fault);
    }
    return diffReport({ ...input, faults });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.comparison.close();
  }

  #faultOf(row: number): Promise<Fault | undefined> {
    let fault = this.#faults.get(row);
    if (!fault) {
      fault = this.comparison.ask('fault', { row });
      this.#faults.set(row, fault);
    }
    return fault;
  }

  #start({ table }: OpenedPairs): void {
    this.#numbers = new Float64Array(table.names.length * metricNames.length).fill(NaN);
    const bytesTotal = new Float64Array(table.bytes).reduce((sum, bytes) => sum + bytes, 0);
    this.#progress = { ...this.#progress, bytesTotal };
    this.#began = performance.now();
    this.#finishing = this.comparison
      .compareAll((result, bytes) => this.#take(result, bytes))
      .then(
        () => this.#finish(),
        (error: unknown) => {
          if (error instanceof ThreadEnded && error.why === 'closed') return;
          this.#trouble = problemOf(error);
          this.post({ type: 'changed' });
        },
      );
  }

  #take({ row, metrics, unreadable }: RowResult, bytes: number): void {
    this.#progress = {
      ...this.#progress,
      bytesDone: this.#progress.bytesDone + bytes,
      seconds: (performance.now() - this.#began) / 1000,
    };
    if (metrics) {
      this.#numbers.set(columnsOf(metrics), row * metricNames.length);
      this.#hasNumbers = true;
    }
    if (unreadable !== undefined) this.#failed.set(row, unreadable);
    if (row >= 0) this.#pending.push(row);
    this.#timer ??= setTimeout(() => this.#flush(), POST_MS);
  }

  #finish(): void {
    const seconds = (performance.now() - this.#began) / 1000;
    this.#progress = { ...this.#progress, seconds, isDone: true };
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rows = this.#pending;
    this.#pending = [];
    const width = metricNames.length;
    const numbers = new Float64Array(rows.length * width);
    rows.forEach((row, i) =>
      numbers.set(this.#numbers.subarray(row * width, (row + 1) * width), i * width),
    );
    this.post({
      type: 'rows',
      rows: Uint32Array.from(rows).buffer,
      numbers: numbers.buffer,
      progress: this.#progress,
      failed: rows.flatMap(row => {
        const why = this.#failed.get(row);
        return why === undefined ? [] : [[row, why] as [number, string]];
      }),
    });
  }
}

const factsOf = ({ path, label }: PickedSide): SideFacts => ({
  name: label,
  path,
  what: '',
  tensors: 0,
  bytes: 0,
  dtypes: [],
});

function distributionsOf(counts: DistributionCounts | undefined): Distributions | null {
  if (!counts) return null;
  const { left, right, difference, values, differences, share } = counts;
  return {
    values: { ...values },
    differences: { ...differences },
    left: bufferOf(left),
    right: bufferOf(right),
    difference: bufferOf(difference),
    share,
  };
}

function problemOf(error: unknown): ViewProblem {
  if (error instanceof ThreadEnded)
    return {
      code: `diff.${error.why}`,
      message: {
        memory: 'Comparing took more memory than it may, and was ended.',
        time: 'Comparing took too long, and was ended.',
        closed: 'The comparison was closed.',
        crash: `The thread that compares failed: ${error.message}`,
      }[error.why],
    };
  return viewProblem(error, 'diff.failed');
}

/** VS Code passes on ArrayBuffers as they are. */
const bufferOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): ArrayBuffer =>
  (buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength);
