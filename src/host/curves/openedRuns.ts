/**
 * The runs that one curves view shows: their series, read as their logs grow, and what is to be
 * said of each. Knows nothing of messages or VS Code.
 */
import { readResolved } from '../../engine/run/runFolder';
import { SeriesReader } from '../../engine/run/seriesCache';
import type { RunSeries } from '../../curves/runSeries';
import type { RunChange, RunFacts } from '../../protocol/curves';
import type { RunStore, RunView } from '../runs/runStore';

interface Opened {
  reader: SeriesReader;
  config: ConfigFacts;
  /** As they were last told. */
  told: RunFacts | undefined;
  failure: string | null;
}

export type ConfigFacts = Pick<RunFacts, 'config' | 'clipNorm' | 'saveEvery'>;

export interface RunSource {
  readonly store: Pick<RunStore, 'runs' | 'get'>;
  /** Colour and dash of a run, the same in every view. */
  slotOf(id: string): number;
  /** A config file as people name it here. */
  labelOf(path: string): string;
}

export class OpenedRuns {
  readonly #opened = new Map<string, Opened>();
  readonly #source: RunSource;
  /** Called when there is news to tell. */
  readonly #onNews: () => void;

  constructor(source: RunSource, onNews: () => void) {
    this.#source = source;
    this.#onNews = onNews;
  }

  get ids(): string[] {
    return [...this.#opened.keys()];
  }

  has(id: string): boolean {
    return this.#opened.has(id);
  }

  seriesOf(id: string): RunSeries | undefined {
    return this.#opened.get(id)?.reader.series;
  }

  open(id: string): void {
    const run = this.#source.store.get(id);
    if (!run || this.#opened.has(id)) return;
    const opened: Opened = {
      reader: new SeriesReader(run.dir),
      config: this.#configOf(run.dir),
      told: undefined,
      failure: null,
    };
    this.#opened.set(id, opened);
    void this.#read(opened).then(() => opened.reader.writeCache());
  }

  close(id: string): void {
    this.#opened.delete(id);
  }

  /** Reads what the logs have gained, and closes the runs that are gone; their ids. */
  follow(): string[] {
    const gone = this.ids.filter(id => !this.#source.store.get(id));
    for (const id of gone) this.#opened.delete(id);
    for (const opened of this.#opened.values()) void this.#read(opened);
    return gone;
  }

  /** Everything about every opened run. */
  tellAll(): RunFacts[] {
    return this.ids.flatMap(id => {
      const facts = this.#factsOf(id);
      const opened = this.#opened.get(id);
      if (!facts || !opened) return [];
      opened.told = structuredClone(facts);
      return [facts];
    });
  }

  /** What is different since it was last told. */
  tellChanges(): RunChange[] {
    return this.ids.flatMap(id => {
      const opened = this.#opened.get(id);
      const facts = this.#factsOf(id);
      if (!opened || !facts) return [];
      const change = opened.told ? differenceOf(opened.told, facts) : facts;
      if (!change) return [];
      opened.told = structuredClone(facts);
      return [change];
    });
  }

  async #read(opened: Opened): Promise<void> {
    try {
      if (await opened.reader.update(this.#onNews)) this.#onNews();
      opened.failure = null;
    } catch (error) {
      opened.failure = error instanceof Error ? error.message : String(error);
      this.#onNews();
    }
  }

  #configOf(dir: string): ConfigFacts {
    try {
      const { configPath, config } = readResolved(dir);
      const { clip_grad_norm: clipNorm = 0, save_every: saveEvery = 0 } = trainOf(config);
      return { config: this.#source.labelOf(configPath), clipNorm, saveEvery };
    } catch {
      // A folder from elsewhere may lack it; the curves are all there without.
      return { config: '', clipNorm: 0, saveEvery: 0 };
    }
  }

  #factsOf(id: string): RunFacts | undefined {
    const run = this.#source.store.get(id);
    const opened = this.#opened.get(id);
    return run && opened ? factsOf(run, opened, this.#source.slotOf(id)) : undefined;
  }
}

/** Of `resolved.json`, which is the user's to change: only what is a number counts. */
function trainOf(config: unknown): { clip_grad_norm?: number; save_every?: number } {
  const train = (config as { train?: Record<string, unknown> } | undefined)?.train ?? {};
  return Object.fromEntries(Object.entries(train).filter(([, value]) => typeof value === 'number'));
}

function factsOf(run: RunView, { reader, config, failure }: Opened, slot: number): RunFacts {
  const { state, steps, revision } = reader.series;
  const { logBytes, readBytes, damagedLines } = reader;
  const damaged = damagedLines > 0 ? `${damagedLines} damaged lines in events.jsonl` : null;
  return {
    ...config,
    id: run.id,
    name: run.name,
    slot,
    status: run.status,
    canResume: run.canResume,
    live: run.live,
    silentSeconds: run.silentSeconds,
    damage: failure ?? damaged ?? run.damage ?? null,
    readShare: logBytes > 0 ? readBytes / logBytes : 1,
    pid: state.pid,
    device: state.device,
    step: state.step,
    maxSteps: state.maxSteps,
    tokens: state.tokens,
    tokensPerStep: state.tokensPerStep,
    seconds: state.seconds,
    secondsPerStep: state.secondsPerStep,
    parameters: state.parameters,
    trainable: state.trainable,
    vocabSize: state.vocabSize,
    startedAt: state.startedAt,
    updatedAt: state.updatedAt,
    firstStepSeconds: state.firstStepSeconds,
    train: state.train ?? null,
    evaluation: state.evaluation ?? null,
    best: state.best ?? null,
    phases: state.phases,
    checkpoints: state.checkpoints,
    notables: state.notables,
    problem: state.problem ?? null,
    rows: steps.length,
    revision,
  };
}

function differenceOf(before: RunFacts, after: RunFacts): RunChange | undefined {
  const changed = (Object.keys(after) as (keyof RunFacts)[]).filter(
    key => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  if (changed.length === 0) return undefined;
  const values = Object.fromEntries(changed.map(key => [key, after[key]]));
  return { id: after.id, ...(values as Partial<RunFacts>) };
}
