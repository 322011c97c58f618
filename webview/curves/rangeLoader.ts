/**
 * Keeps the windows of the visible runs up to date: asks for what is missing or old, one request at
 * a time, always for the newest wish. Knows nothing of the screen.
 */
import type { RangeOfRun, RangeRequest } from '../../src/protocol/curves';

export type RangeWish = Omit<RangeRequest, 'runs'>;

export interface RangeLoaderOptions {
  /** What is wanted now; undefined while the plots have no size. */
  wish(): { request: RangeWish; runs: readonly string[] } | undefined;
  load(request: RangeRequest): Promise<RangeOfRun[]>;
  /** Takes windows that are still of the wished axis. */
  take(windows: readonly RangeOfRun[], request: RangeRequest): void;
  fail(error: unknown): void;
}

export class RangeLoader {
  readonly #options: RangeLoaderOptions;
  /** Run → the request its window is of, as text; absent = none or old. */
  readonly #loaded = new Map<string, string>();
  #isBusy = false;

  constructor(options: RangeLoaderOptions) {
    this.#options = options;
  }

  /** Whether windows were asked for that have not come. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** These runs have new numbers. */
  expire(runs: readonly string[]): void {
    for (const run of runs) this.#loaded.delete(run);
  }

  /** Asks for whatever is missing. */
  refresh(): void {
    if (this.#isBusy) return;
    const wish = this.#options.wish();
    if (!wish) return;
    const key = JSON.stringify(wish.request);
    const runs = wish.runs.filter(run => this.#loaded.get(run) !== key);
    if (runs.length === 0) return;
    this.#isBusy = true;
    // Marked now: numbers that come while the request is under way expire them again.
    for (const run of runs) this.#loaded.set(run, key);
    const request = { ...wish.request, runs };
    this.#options
      .load(request)
      .then(windows => {
        const axis = this.#options.wish()?.request;
        if (axis?.axis === request.axis && axis.log === request.log)
          this.#options.take(windows, request);
      })
      .catch((error: unknown) => this.#options.fail(error))
      .finally(() => {
        this.#isBusy = false;
        this.refresh();
      });
  }
}
