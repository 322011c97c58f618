/**
 * Generations one after another, in the order of asking: two at once would share the processor and
 * neither would have a speed of its own. Each can be cancelled within a token, also before its turn.
 */
import type { TextModel } from '../engine/sandbox/textModel';
import type { GenerationRequest, HostFunctions } from '../protocol/engineProcess';
import type { GenerationEvent } from '../protocol/sandbox';
import { EventPosts } from './eventPosts';
import type { OpenModels } from './openModels';

export class Generations {
  readonly #cancelling = new Map<string, AbortController>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly models: OpenModels,
    private readonly host: () => Pick<HostFunctions, 'began' | 'generated'>,
  ) {}

  /** Settles when its last event was taken. @throws what opening, prompting and generating throw */
  async run(request: GenerationRequest): Promise<void> {
    const cancelling = new AbortController();
    this.#cancelling.set(request.id, cancelling);
    const turn = this.#last.then(() => this.#generate(request, cancelling.signal));
    this.#last = turn.catch(() => undefined);
    try {
      await turn;
    } finally {
      this.#cancelling.delete(request.id);
    }
  }

  cancel(id: string): void {
    this.#cancelling.get(id)?.abort();
  }

  async #generate(request: GenerationRequest, signal: AbortSignal): Promise<void> {
    const { id, model } = request;
    if (signal.aborted) return;
    await this.host().began(id);
    await this.models.use(model, async opened => {
      const posts = new EventPosts<GenerationEvent>(events => this.host().generated(id, events));
      for await (const event of continuation(opened, request, signal)) await posts.push(event);
      await posts.end();
    });
  }
}

async function* continuation(
  model: TextModel,
  { ids, continued, settings }: GenerationRequest,
  signal: AbortSignal,
): AsyncGenerator<GenerationEvent> {
  const prompt = await model.prompt({ kind: 'ids', ids });
  yield* model.generate([{ ...prompt, continued }], settings, signal);
}
