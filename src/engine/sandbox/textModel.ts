/**
 * A model that is talked to: its weights, tokenizer and chat template opened together; text or a
 * conversation in, text with its tokens out. Knows nothing of who shows it.
 */
import type {
  Alternative,
  EndReason,
  GenerationEvent,
  ModelFacts,
  Piece,
  Prompt,
  PromptInput,
  SamplingSettings,
} from '../../protocol/sandbox';
import { chatTemplateOf, type ChatTokenizer, chatVariables } from '../chat/chatTemplate';
import { renderChat } from '../chat/renderChat';
import type { Tokenizer } from '../data/tokenizer';
import { type BackendName, type Generator, openGenerator } from '../generate/generate';
import { PrefixCache } from '../generate/prefixCache';
import { prefixOwnerOf } from '../generate/prefixIdentity';
import type { Candidate } from '../generate/sampleToken';
import { openScorer, type ScoredRow, type Scorer } from '../generate/scoring';
import { weightsOf } from '../generate/weightsOf';
import { type AdapterSource, adaptersOf, openOver } from '../model/combineAdapters';
import type { OpenedModel } from '../model/modelFolder';
import { adapterParameters, baseParameters } from '../model/programs';
import type { Bits } from '../model/quantise';
import type { QuantiseOptions } from '../model/quantisedModel';
import { fail } from '../problem';
import { openModelTokenizer } from '../data/modelTokenizer';
import type { Device } from '../session/session';
import { sizeOf } from '../tensor/tensor';
import { Continuation } from './continuation';

export interface OpenTextModel {
  /** A model folder, a checkpoint, or an adapter's folder: the first of its adapters then. */
  dir: string;
  /** An adapter over `dir`. */
  adapterDir?: string | undefined;
  /** Several over `dir`, each with its weight. */
  adapters?: readonly AdapterSource[] | undefined;
  backend?: BackendName | undefined;
  bits?: Bits | undefined;
  device?: Device | undefined;
  threads?: number | undefined;
  /** What was read of prompts; that of this process unless another is given. */
  prefixes?: PrefixCache | undefined;
  /** Where quantised models are kept, and how far one is. */
  quantise?: Omit<QuantiseOptions, 'bits'>;
}

/** What computes for a model. */
export interface Computing {
  readonly generator: Generator;
  readonly scorer: Scorer;
  readonly backend: BackendName;
  readonly bits?: Bits | undefined;
  /** ‖W − quantised‖ / ‖W‖ of each quantised layer. */
  readonly errors?: ReadonlyMap<string, number>;
}

/** Room for what was read of prompts, of all models of this process together. */
const PREFIX_BYTES = 256 * 2 ** 20;

const prefixesHere = new PrefixCache(PREFIX_BYTES);

/** What only a caller in the same process can say of a generation. */
export interface Steering {
  /** Asked with the text so far; it ends there, as by a stop text, when so. */
  readonly isOver?: (sequence: number, text: string) => boolean;
  /** Of the random numbers of each sequence, instead of its index. */
  readonly keys?: readonly (readonly number[])[];
}

export interface TextModel {
  readonly facts: ModelFacts;
  readonly tokenizer: Tokenizer | undefined;
  /** @throws `generate.no-tokenizer`, `generate.empty`, `generate.token`, `chat.…`, `tokenizer.…` */
  prompt(input: PromptInput): Promise<Prompt>;
  /** Continues prompts together. A `done` comes last, also after a cancel. */
  generate(
    prompts: readonly Prompt[],
    settings: SamplingSettings,
    signal?: AbortSignal,
    steering?: Steering,
  ): AsyncGenerator<GenerationEvent>;
  /** How likely it holds given tokens to be: −ln p in nats, by row. */
  losses(rows: readonly ScoredRow[]): Promise<number[][]>;
  close(): Promise<void>;
}

/** @throws what `openModel` and the tokenizer throw */
export const openTextModel = (request: OpenTextModel): Promise<TextModel> =>
  openTextModelOver(request, opened => runtimeComputing(opened, request));

/**
 * @param computing for the opened model, whatever computes
 * @throws as `openTextModel`, and what `computing` throws
 */
export async function openTextModelOver(
  request: Pick<OpenTextModel, 'dir' | 'adapterDir' | 'adapters'>,
  computing: (opened: OpenedModel) => Promise<Computing>,
): Promise<TextModel> {
  const { dir } = request;
  const adapters = adaptersOf(request);
  const opened = openOver(dir, adapters);
  try {
    const tokenizer =
      (await openModelTokenizer(adapters[0]?.dir ?? dir)) ??
      (await openModelTokenizer(opened.baseDir));
    return new OpenedTextModel(opened, tokenizer, await computing(opened));
  } catch (error) {
    opened.close();
    throw error;
  }
}

async function runtimeComputing(opened: OpenedModel, request: OpenTextModel): Promise<Computing> {
  const { backend = 'kv', bits, device, threads } = request;
  const adapterDirs = adaptersOf(request).map(adapter => adapter.dir);
  const owner = prefixOwnerOf({ opened, adapterDirs, bits, device: device ?? 'cpu' });
  const { weights, errors } = await weightsOf(opened, { bits, device, ...request.quantise });
  const options = { ...(device && { device }), ...(threads !== undefined && { threads }) };
  const prefixes = owner && (request.prefixes ?? prefixesHere).scope(owner);
  return {
    generator: openGenerator(opened.model, weights, { backend, prefixes, ...options }),
    scorer: openScorer(opened.model, weights, options),
    ...{ backend, bits, errors },
  };
}

function factsOf(
  { model }: OpenedModel,
  tokenizer: Tokenizer | undefined,
  { backend, bits, errors = new Map() }: Computing,
): ModelFacts {
  const specs = [...baseParameters(model), ...adapterParameters(model)];
  return {
    family: model.base.family ?? 'slm',
    parameters: specs.reduce((n, p) => n + sizeOf(p.shape), 0),
    contextLength: model.base.block_size,
    vocabulary: model.base.vocab_size,
    backend,
    ...(bits && { bits, quantisationErrors: [...errors] }),
    hasText: tokenizer !== undefined,
    hasChat: chatTokenizer(tokenizer)?.chatTemplates.has('default') ?? false,
    isAdapter: model.lora !== undefined,
  };
}

const chatTokenizer = (
  tokenizer: Tokenizer | undefined,
): (Tokenizer & ChatTokenizer) | undefined =>
  tokenizer && 'chatTemplates' in tokenizer ? (tokenizer as Tokenizer & ChatTokenizer) : undefined;

class OpenedTextModel implements TextModel {
  readonly facts: ModelFacts;

  constructor(
    private readonly opened: OpenedModel,
    readonly tokenizer: Tokenizer | undefined,
    private readonly computing: Computing,
  ) {
    this.facts = factsOf(opened, tokenizer, computing);
  }

  async prompt(input: PromptInput): Promise<Prompt> {
    if (input.kind === 'ids') return this.#promptOf(input.ids);
    const tokenizer = this.#requireTokenizer();
    if (input.kind === 'text') {
      const options = { readSpecialTokens: true, addSpecialTokens: true };
      return this.#promptOf(tokenizer.encode(input.text, options), input.text);
    }
    const chat = chatTokenizer(tokenizer);
    if (!chat)
      return fail(
        'chat.no-template',
        `Tokenizer ${tokenizer.name} has no chat template; give a text to continue instead.`,
      );
    const text = await renderChat(chatTemplateOf(chat), {
      messages: input.messages,
      addGenerationPrompt: true,
      variables: chatVariables(chat),
    });
    return this.#promptOf(tokenizer.encode(text, { readSpecialTokens: true }), text);
  }

  async *generate(
    prompts: readonly Prompt[],
    settings: SamplingSettings,
    signal?: AbortSignal,
    steering: Steering = {},
  ): AsyncGenerator<GenerationEvent> {
    const { tokenizer } = this;
    const { generator } = this.computing;
    const texts = prompts.map(() => new Continuation(tokenizer, settings.stop));
    for (const [sequence, { tokens, continued = 0 }] of prompts.entries()) {
      const kept = tokens.slice(tokens.length - continued);
      if (kept.length === 0) continue;
      const text = texts[sequence]!;
      yield { type: 'continued', sequence, pieces: kept.map(({ id }) => this.#push(text, id)) };
    }
    const ended = new Set<number>();
    const pieces: Piece[] = [];
    const openedBefore = generator.secondsOpening;
    const clock = () => performance.now() / 1000 - (generator.secondsOpening - openedBefore);
    const began = clock();
    let [first, cacheBytes, newTokens, reusedTokens] = [NaN, 0, 0, 0];
    const stream = generator.generate(
      prompts.map(p => p.tokens.map(t => t.id)),
      {
        ...settings,
        endTokens: tokenizer?.endIds,
        signal,
        keys: steering.keys,
        isOver: (sequence, token) => {
          const text = texts[sequence]!;
          pieces[sequence] = this.#push(text, token);
          if (steering.isOver?.(sequence, text.text)) text.isStopped = true;
          return text.isStopped;
        },
        onEnd: sequence => ended.add(sequence),
      },
    );
    for await (const made of stream) {
      if (newTokens++ === 0) first = clock();
      ({ cacheBytes, reusedTokens } = made);
      const { sequence, probability, survivors, entropy } = made;
      yield {
        type: 'token',
        sequence,
        ...pieces[sequence]!,
        probability,
        alternatives: made.alternatives.map(a => this.#alternative(a)),
        survivors,
        ...(entropy !== undefined && { entropy }),
      };
    }
    const over = clock();
    for (const [sequence, text] of texts.entries()) {
      text.end();
      const isWhole = newTokensOf(text, prompts[sequence]!) >= settings.maxTokens;
      const reason = ended.has(sequence) ? 'end-token' : endReason(text, isWhole);
      yield { type: 'end', sequence, reason, ids: text.ids, text: text.text };
    }
    const later = over - first;
    yield {
      type: 'done',
      promptTokens: prompts.reduce((n, p) => n + p.tokens.length, 0),
      newTokens,
      secondsOpening: generator.secondsOpening - openedBefore,
      secondsToFirst: newTokens === 0 ? 0 : first - began,
      seconds: over - began,
      tokensPerSecond: newTokens > prompts.length ? (newTokens - prompts.length) / later : 0,
      cacheBytes,
      ...(reusedTokens > 0 && { reusedTokens }),
    };
  }

  losses(rows: readonly ScoredRow[]): Promise<number[][]> {
    return this.computing.scorer.losses(rows);
  }

  async close(): Promise<void> {
    await this.computing.generator.dispose();
    await this.computing.scorer.dispose();
    this.opened.close();
    this.tokenizer?.dispose?.();
  }

  #promptOf(ids: readonly number[], text?: string): Prompt {
    const { vocab_size } = this.opened.model.base;
    const outside = ids.find(id => id < 0 || id >= vocab_size);
    if (outside !== undefined)
      fail(
        'generate.token',
        `Token ${outside} is outside the model's vocabulary of ${vocab_size}. Is the tokenizer of another model?`,
      );
    if (ids.length === 0)
      fail('generate.empty', 'The prompt has no tokens, so there is nothing to continue.');
    const tokens = ids.map(id => ({
      id,
      text: this.#textOf(id),
      isSpecial: this.tokenizer?.isSpecial(id) ?? false,
    }));
    return { ...(text !== undefined && { text }), tokens };
  }

  #requireTokenizer(): Tokenizer {
    return (
      this.tokenizer ??
      fail(
        'generate.no-tokenizer',
        `${this.opened.baseDir} does not say which tokenizer it was trained with. Give token ids instead.`,
        { file: this.opened.baseDir },
      )
    );
  }

  #push(to: Continuation, id: number): Piece {
    const text = to.push(id);
    return { id, piece: this.#textOf(id), shown: to.shown, text };
  }

  #textOf = (id: number): string => this.tokenizer?.tokenText(id) ?? String(id);

  #alternative({ id, probability, cut }: Candidate): Alternative {
    return { id, text: this.#textOf(id), probability, ...(cut && { cut }) };
  }
}

const newTokensOf = ({ ids }: Continuation, { continued = 0 }: Prompt): number =>
  ids.length - continued;

function endReason({ isStopped }: Continuation, isWhole: boolean): EndReason {
  if (isStopped) return 'stop';
  return isWhole ? 'length' : 'cancelled';
}
