/**
 * The columns' turns at the engine, one after another: two at once would share the processor, and
 * neither would have a speed of its own. Knows what a turn changes of its outcome, nothing of views.
 */
import type { GenerationRequest, ModelSpec, OpeningProgress } from '../../protocol/engineProcess';
import type { GenerationEvent, PromptInput } from '../../protocol/sandbox';
import type { Outcome, Token } from '../../protocol/sandboxView';
import type { ViewProblem } from '../../protocol/viewReply';
import type { Engine } from '../engine';
import { viewProblem } from '../viewReply';
import { settingsOf, specOf } from './sandboxDocument';

export interface Turn {
  readonly exchange: string;
  readonly outcome: Outcome;
  /** Read anew by the model; a branch goes on from the ids that it has. */
  readonly input: PromptInput;
}

/** What a turn has changed: `tokens` are added to those that are there. */
export interface TurnNews {
  readonly patch: Partial<Omit<Outcome, 'tokens'>>;
  readonly tokens: readonly Token[];
  /** What each token that was there completes, now that they are read in a row. */
  readonly shown?: readonly string[];
}

export interface TurnsOptions {
  engine: Engine;
  tell(turn: Turn, news: TurnNews): void;
}

interface Playing {
  readonly turn: Turn;
  /** Of its generation at the engine. */
  readonly id: string;
  isStopped: boolean;
  isOpening: boolean;
  /** Settles when its turn is over. */
  over: Promise<void>;
  /** Its end was told: whatever comes now is not wanted any more. */
  isTold: boolean;
}

const cancelled = { kind: 'ended', reason: 'cancelled' } as const;

export class Turns {
  readonly #all = new Set<Playing>();
  readonly #subscription: { dispose(): void };
  #last: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(private readonly options: TurnsOptions) {
    this.#subscription = options.engine.onOpening((model, progress) =>
      this.#opening(model, progress),
    );
  }

  dispose(): void {
    this.#subscription.dispose();
    void this.stop(null);
  }

  /** Nothing is under way, and nothing waits. */
  get isIdle(): boolean {
    return this.#all.size === 0;
  }

  /** Settles when the last of them is over; never rejects. */
  play(turns: readonly Turn[]): Promise<void> {
    for (const turn of turns) {
      const id = `sandbox-${process.pid}-${this.#count++}`;
      const flags = { isStopped: false, isOpening: false, isTold: false };
      const playing: Playing = { turn, id, ...flags, over: this.#last };
      this.#all.add(playing);
      this.#last = this.#last.then(() => this.#play(playing));
      playing.over = this.#last;
    }
    return this.#last;
  }

  /** Settles when what was being written, of the column or of all, has come to its end. */
  async stop(column: string | null): Promise<void> {
    const doomed = [...this.#all].filter(
      ({ turn }) => column === null || turn.outcome.column === column,
    );
    for (const playing of doomed) playing.isStopped = true;
    const [first] = this.#all;
    for (const playing of doomed) {
      // Opening cannot be cut short: it goes on, and nothing comes after it.
      if (playing.isOpening || playing !== first) this.#tell(playing, { status: cancelled });
      else {
        await this.options.engine.cancel(playing.id);
        await playing.over;
      }
    }
  }

  async #play(playing: Playing): Promise<void> {
    try {
      if (playing.isStopped) this.#tell(playing, { status: cancelled });
      else await this.#write(playing);
    } catch (error) {
      const problem = problemOf(error);
      this.#tell(playing, { status: playing.isStopped ? cancelled : { kind: 'failed', problem } });
    } finally {
      this.#all.delete(playing);
    }
  }

  async #write(playing: Playing): Promise<void> {
    const { engine } = this.options;
    const { outcome, input } = playing.turn;
    const model = specOf(outcome.model, outcome.run);
    const isBranch = outcome.continued > 0;
    playing.isOpening = true;
    this.#tell(playing, { status: { kind: 'opening', layer: null, done: 0, total: 0 } });
    const prompt = isBranch ? undefined : await engine.prompt(model, input);
    if (isBranch) await engine.open(model);
    playing.isOpening = false;
    if (playing.isStopped) return this.#tell(playing, { status: cancelled });
    const promptIds = prompt?.tokens.map(({ id }) => id) ?? outcome.promptIds;
    const rendered = input.kind === 'chat' ? (prompt?.text ?? outcome.rendered) : null;
    this.#tell(playing, { promptIds, rendered, status: { kind: 'streaming' } });
    const request: GenerationRequest = {
      id: playing.id,
      model,
      ids: [...promptIds, ...outcome.tokens.map(({ id }) => id)],
      continued: outcome.continued,
      settings: settingsOf(outcome.sampling),
    };
    let isOver = false;
    await engine.generate(request, {
      began: () => undefined,
      events: events => {
        const news = newsOf(events);
        isOver ||= news.patch.status !== undefined;
        this.options.tell(playing.turn, news);
      },
    });
    // A generation that was cancelled before its turn says nothing.
    if (!isOver) this.#tell(playing, { status: cancelled });
  }

  #tell(playing: Playing, patch: TurnNews['patch']): void {
    if (playing.isTold) return;
    playing.isTold = patch.status?.kind === 'ended' || patch.status?.kind === 'failed';
    this.options.tell(playing.turn, { patch, tokens: [] });
  }

  #opening(model: ModelSpec, { layer, done, total }: OpeningProgress): void {
    const [playing] = this.#all;
    if (!playing?.isOpening || playing.isStopped) return;
    const { model: picked, run } = playing.turn.outcome;
    if (!isSameModel(specOf(picked, run), model)) return;
    this.#tell(playing, { status: { kind: 'opening', layer, done, total } });
  }
}

export const isSameModel = (a: ModelSpec, b: ModelSpec): boolean =>
  a.dir === b.dir &&
  sameAdapters(a, b) &&
  a.backend === b.backend &&
  a.bits === b.bits &&
  a.device === b.device;

const sameAdapters = ({ adapters: a = [] }: ModelSpec, { adapters: b = [] }: ModelSpec): boolean =>
  a.length === b.length &&
  a.every(({ dir, weight }, i) => dir === b[i]!.dir && weight === b[i]!.weight);

function newsOf(events: readonly GenerationEvent[]): TurnNews {
  const tokens: Token[] = [];
  let patch: TurnNews['patch'] = {};
  let shown: readonly string[] | undefined;
  for (const event of events) {
    if (event.type === 'continued') shown = event.pieces.map(piece => piece.shown);
    else if (event.type === 'token') {
      const { id, piece, shown, probability, survivors, alternatives, entropy = null } = event;
      tokens.push({ id, piece, shown, probability, survivors, alternatives, entropy });
    } else if (event.type === 'end')
      patch = { ...patch, status: { kind: 'ended', reason: event.reason }, text: event.text };
    else if (event.type === 'done') {
      const { secondsOpening, secondsToFirst, tokensPerSecond, cacheBytes } = event;
      patch = { ...patch, stats: { secondsOpening, secondsToFirst, tokensPerSecond, cacheBytes } };
    }
  }
  return { patch, tokens, ...(shown && { shown }) };
}

export const problemOf = (error: unknown): ViewProblem => viewProblem(error, 'sandbox.failed');
