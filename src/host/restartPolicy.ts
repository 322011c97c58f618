/**
 * When a process that crashed may start again: at once at first, then later and later, at most four
 * times in three minutes. Knows nothing of processes; the clock is the caller's.
 */

const MOST_RESTARTS = 4;
const WINDOW_MS = 3 * 60_000;

/** A process that lived so long was not killed by how it starts. */
const STABLE_MS = 10_000;

const DELAYS_MS = [0, 1000, 4000, 10_000];

export class RestartPolicy {
  #restarts: number[] = [];
  /** Crashes since a process last proved stable. */
  #row = 0;
  #startedAt = -Infinity;

  started(now: number): void {
    this.#startedAt = now;
  }

  /** @returns milliseconds until the next start; undefined when there is to be none */
  crashed(now: number): number | undefined {
    if (now - this.#startedAt >= STABLE_MS) this.#row = 0;
    this.#restarts = this.#restarts.filter(at => now - at < WINDOW_MS);
    if (this.#restarts.length >= MOST_RESTARTS) return undefined;
    this.#restarts.push(now);
    return DELAYS_MS[Math.min(this.#row++, DELAYS_MS.length - 1)];
  }

  /** The user wants it started, whatever happened before. */
  forget(): void {
    this.#restarts = [];
    this.#row = 0;
  }
}
