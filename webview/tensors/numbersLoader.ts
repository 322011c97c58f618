/**
 * Asks for the statistics of the tensor that is looked at, and then for its histogram. Keeps what it
 * has had, and drops answers that are not wanted any more.
 */
import type { Requests } from '../../src/protocol/tensors';
import type { Numbers } from './viewState';

type Request = <Name extends 'statistics' | 'histogram'>(
  name: Name,
  params: Requests[Name]['params'],
) => Promise<Requests[Name]['result']>;

/** Those that are passed by with a held key are not asked for. */
const REST_MS = 80;
const KEPT = 64;

export class NumbersLoader {
  #numbers: Numbers | null = null;
  readonly #kept = new Map<string, Numbers>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly request: Request,
    private readonly show: (numbers: Numbers | null) => void,
  ) {}

  /** @param tensor null for none, and to forget what is kept of another file */
  load(tensor: string | null): void {
    clearTimeout(this.#timer);
    if (tensor === null) this.#kept.clear();
    const kept = tensor === null ? undefined : this.#kept.get(tensor);
    if (tensor === null || kept) return this.#put(kept ?? null);
    this.#put({
      tensor,
      statistics: null,
      histogram: null,
      share: 0,
      since: performance.now(),
      error: null,
    });
    this.#timer = setTimeout(() => void this.#ask(tensor), REST_MS);
  }

  progress(tensor: string, share: number): void {
    if (this.#numbers?.tensor === tensor && this.#numbers.share !== null)
      this.#put({ ...this.#numbers, share: Math.max(share, 0.01) });
  }

  async #ask(tensor: string): Promise<void> {
    try {
      const statistics = await this.request('statistics', { tensor });
      if (!this.#isWanted(tensor) || statistics === null) return;
      this.#put({ ...this.#numbers!, statistics, share: 0 });
      const histogram = await this.request('histogram', { tensor });
      if (!this.#isWanted(tensor)) return;
      this.#put({ ...this.#numbers!, histogram, share: null });
      this.#keep(this.#numbers!);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      if (this.#isWanted(tensor)) this.#put({ ...this.#numbers!, share: null, error: words });
    }
  }

  #isWanted = (tensor: string): boolean => this.#numbers?.tensor === tensor;

  #keep(numbers: Numbers): void {
    this.#kept.set(numbers.tensor, numbers);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  #put(numbers: Numbers | null): void {
    this.#numbers = numbers;
    this.show(numbers);
  }
}
