/**
 * The prompt's tokens as a model reads them, for the newest question only: while one is answered,
 * the others that come are forgotten but the last. Knows nothing of documents.
 */
import type { ModelSpec, OpeningProgress } from '../../protocol/engineProcess';
import type { PromptInput } from '../../protocol/sandbox';
import type { PromptState } from '../../protocol/sandboxView';
import type { Engine } from '../engine';
import { isSameModel, problemOf } from './turns';

export interface PromptQuestion {
  readonly column: string;
  readonly model: ModelSpec;
  /** Undefined when there is nothing to read yet. */
  readonly input: PromptInput | undefined;
}

export class PromptCounter {
  readonly #subscription: { dispose(): void };
  #asked: PromptQuestion | undefined;
  #next: PromptQuestion | undefined;
  #state: PromptState = null;

  constructor(
    private readonly engine: Engine,
    private readonly tell: (state: PromptState) => void,
  ) {
    this.#subscription = engine.onOpening((model, progress) => this.#opening(model, progress));
  }

  get state(): PromptState {
    return this.#state;
  }

  dispose(): void {
    this.#next = undefined;
    this.#subscription.dispose();
  }

  forget(): void {
    this.#next = undefined;
    this.#become(null);
  }

  /** Never rejects. */
  async count(question: PromptQuestion): Promise<void> {
    this.#next = question;
    if (this.#asked) return;
    while (this.#next) {
      this.#asked = this.#next;
      this.#next = undefined;
      await this.#answer(this.#asked);
    }
    this.#asked = undefined;
  }

  async #answer(question: PromptQuestion): Promise<void> {
    const { column, model, input } = question;
    if (this.#state?.kind !== 'known') this.#become({ kind: 'counting', opening: null });
    try {
      const prompt = input ? await this.engine.prompt(model, input) : await this.#none(model);
      if (this.#next) return;
      const rendered = input?.kind === 'chat' ? (prompt.text ?? null) : null;
      this.#become({ kind: 'known', facts: { column, tokens: prompt.tokens, rendered } });
    } catch (error) {
      if (!this.#next) this.#become({ kind: 'failed', problem: problemOf(error) });
    }
  }

  /** Nothing has no tokens; opening the model now saves the wait later. */
  async #none(model: ModelSpec): Promise<{ tokens: []; text?: string }> {
    await this.engine.open(model);
    return { tokens: [] };
  }

  #opening(model: ModelSpec, { layer, done, total }: OpeningProgress): void {
    if (!this.#asked || !isSameModel(this.#asked.model, model)) return;
    const opening = `Quantising ${layer}, ${done + 1} of ${total}`;
    if (this.#state?.kind !== 'known') this.#become({ kind: 'counting', opening });
  }

  #become(state: PromptState): void {
    this.#state = state;
    this.tell(state);
  }
}
