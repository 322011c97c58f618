/** How far an evaluation is, how fast, and how long it will take. Knows nothing of what is evaluated. */
import type { EvaluationEvent } from '../../protocol/evaluation';

type ProgressEvent = Extract<EvaluationEvent, { type: 'progress' }>;

/** Between two words about a batch that is under way. */
const PERIOD_MS = 500;

export class Progress {
  readonly #began = performance.now();
  #done: number;
  #newTokens = 0;
  /** Of tokens whose generation is over, and what it took. */
  #timed = { tokens: 0, seconds: 0 };
  /** Samples of this process alone, which speed is measured by. */
  #own = 0;

  constructor(
    private readonly total: number,
    private readonly before: number,
    private readonly phase: ProgressEvent['phase'],
  ) {
    this.#done = before;
  }

  tokens(count: number): void {
    this.#newTokens += count;
  }

  /** What making tokens took, without opening programs and without scoring. */
  generated(tokens: number, seconds: number): void {
    this.#timed = {
      tokens: this.#timed.tokens + tokens,
      seconds: this.#timed.seconds + seconds,
    };
  }

  samples(count: number): void {
    this.#own += count;
    this.#done = this.before + this.#own;
  }

  event(): ProgressEvent {
    const seconds = this.#seconds();
    return {
      type: 'progress',
      phase: this.phase,
      done: this.#done,
      total: this.total,
      newTokens: this.#newTokens,
      tokensPerSecond: this.#tokensPerSecond(),
      secondsLeft: this.#own > 0 ? (seconds / this.#own) * (this.total - this.#done) : null,
    };
  }

  /** Says how far it is from time to time until the work is over. */
  async *while(work: Promise<unknown>): AsyncGenerator<ProgressEvent> {
    let isOver = false;
    const over = work
      .catch(() => undefined) // told to whoever awaits the work
      .then(() => (isOver = true));
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([over, new Promise(resolve => (timer = setTimeout(resolve, PERIOD_MS)))]);
      clearTimeout(timer);
      if (isOver) return;
      yield this.event();
    }
  }

  timing(): { seconds: number; tokensPerSecond: number | null } {
    return { seconds: this.#seconds(), tokensPerSecond: this.#tokensPerSecond() };
  }

  #seconds = (): number => (performance.now() - this.#began) / 1000;

  #tokensPerSecond = (): number | null =>
    this.#timed.seconds > 0 ? this.#timed.tokens / this.#timed.seconds : null;
}
