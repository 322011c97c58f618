/**
 * Posts a stream of events in batches: at most twenty a second, and the next only when the last was
 * answered. Who makes events waits while too many are unsent. Knows nothing of what they say.
 */

/** Shortest time between two posts. */
const POST_MS = 50;

/** Unsent events at which their maker has to wait. */
const MOST_UNSENT = 512;

export class EventPosts<Event> {
  #unsent: Event[] = [];
  #isUnanswered = false;
  #postedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: (() => void)[] = [];
  #refusal: Error | undefined;

  /** @param post settles when the receiver has taken the batch */
  constructor(private readonly post: (events: Event[]) => Promise<void>) {}

  /** Settles at once unless too much is unsent. @throws what `post` threw */
  async push(event: Event): Promise<void> {
    this.#unsent.push(event);
    this.#postSoon();
    while (this.#unsent.length >= MOST_UNSENT && this.#refusal === undefined) await this.#change();
    this.#refuse();
  }

  /** Settles when everything was taken. @throws what `post` threw */
  async end(): Promise<void> {
    this.#postedAt = -Infinity;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#postSoon();
    while ((this.#unsent.length > 0 || this.#isUnanswered) && this.#refusal === undefined)
      await this.#change();
    this.#refuse();
  }

  #change(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  #refuse(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  #postSoon(): void {
    if (this.#isUnanswered || this.#timer || this.#unsent.length === 0) return;
    const wait = this.#postedAt + POST_MS - performance.now();
    if (wait <= 0) void this.#postNow();
    else
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        void this.#postNow();
      }, wait);
  }

  async #postNow(): Promise<void> {
    const events = this.#unsent;
    this.#unsent = [];
    this.#isUnanswered = true;
    this.#postedAt = performance.now();
    try {
      await this.post(events);
    } catch (error) {
      this.#refusal = error instanceof Error ? error : new Error(String(error));
    }
    this.#isUnanswered = false;
    for (const go of this.#waiting.splice(0)) go();
    this.#postSoon();
  }
}
