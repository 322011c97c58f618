/** The text of one continuation as its tokens come, up to a stop text. Knows nothing of models. */
import type { Tokenizer } from '../data/tokenizer';
import { textStream } from '../generate/textStream';

export class Continuation {
  readonly ids: number[] = [];
  /** What is surely part of it. */
  text = '';
  /** Set by the token that completed a stop text. */
  isStopped = false;
  /** What the last token completed, held back or not. */
  shown = '';
  #held = '';
  readonly #stream;

  constructor(
    tokenizer: Pick<Tokenizer, 'bytesOf' | 'isSpecial'> | undefined,
    private readonly stops: readonly string[],
  ) {
    this.#stream = tokenizer && textStream(tokenizer, { skipSpecialTokens: true });
  }

  /** @returns what the token adds to the text */
  push(token: number): string {
    this.ids.push(token);
    this.shown = this.#stream?.push(token) ?? '';
    return this.#release(this.shown);
  }

  /** What was held back when no more will come. */
  end(): string {
    if (this.isStopped) return '';
    const rest = this.#release(this.#stream?.end() ?? '');
    const held = this.isStopped ? '' : this.#held;
    this.text += held;
    this.#held = '';
    return rest + held;
  }

  #release(more: string): string {
    this.#held += more;
    const found = this.stops.map(stop => this.#held.indexOf(stop)).filter(at => at >= 0);
    const until = found.length > 0 ? Math.min(...found) : this.#held.length - this.#undecided();
    const released = this.#held.slice(0, until);
    this.isStopped = found.length > 0;
    this.#held = this.isStopped ? '' : this.#held.slice(until);
    this.text += released;
    return released;
  }

  /** Length of the longest end of the text that a stop text begins with. */
  #undecided(): number {
    const lengths = this.stops.flatMap(stop =>
      Array.from({ length: Math.min(stop.length - 1, this.#held.length) }, (_, i) => i + 1).filter(
        n => stop.startsWith(this.#held.slice(-n)),
      ),
    );
    return Math.max(0, ...lengths);
  }
}
