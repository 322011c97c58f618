/**
 * What the user types on its way to the host: several letters in one message, and the tokens counted
 * when the typing rests. Knows nothing of what is typed.
 */
import type { Edits, SandboxDocument } from '../../src/protocol/sandboxView';

const POST_MS = 150;
const COUNT_MS = 300;

/** Fields by which the prompt's tokens change. */
const COUNTED: readonly (keyof Edits)[] = ['mode', 'prompt', 'system', 'message'];

export interface EditPostsOptions {
  edit(edits: Edits): Promise<unknown>;
  /** Asks for the prompt's tokens. */
  count(): Promise<unknown>;
}

export class EditPosts {
  #edits: Edits = {};
  /** Posted, and not known to have arrived: what the host says may be from before. */
  readonly #underway: Edits[] = [];
  #post: ReturnType<typeof setTimeout> | undefined;
  #count: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: EditPostsOptions) {}

  add(edits: Edits): void {
    this.#edits = { ...this.#edits, ...edits };
    this.#post ??= setTimeout(() => this.flush(), POST_MS);
    if (COUNTED.some(key => key in edits)) this.countSoon();
  }

  countSoon(): void {
    clearTimeout(this.#count);
    this.#count = setTimeout(() => {
      this.flush();
      void this.options.count();
    }, COUNT_MS);
  }

  /** Posts now what was typed: messages arrive in their order. */
  flush(): void {
    clearTimeout(this.#post);
    this.#post = undefined;
    if (Object.keys(this.#edits).length === 0) return;
    const edits = this.#edits;
    this.#edits = {};
    this.#underway.push(edits);
    void this.options.edit(edits).then(() => this.#underway.shift());
  }

  /** What the host says, under what was typed since. */
  over(document: SandboxDocument): SandboxDocument {
    return Object.assign({}, document, ...this.#underway, this.#edits) as SandboxDocument;
  }
}
