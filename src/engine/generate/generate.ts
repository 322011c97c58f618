/**
 * Continues token sequences with a model, several at a time. Contexts are cropped to the block size;
 * knows nothing of text.
 */
import type { ModelShape } from '../model/programs';
import type { SessionOptions } from '../session/session';
import { randomStream, uniform } from '../tensor/random';
import type { BackendName } from './backendNames';
import { cachedBackend } from './cachedDecoding';
import type { BackendInput, DecodingBackend, Weights } from './decoding';
import type { PrefixScope } from './prefixCache';
import { type Chosen, chooseToken, type Sampling } from './sampleToken';
import { wholeBackend } from './wholeDecoding';

export { type BackendName, backendNames } from './backendNames';
export type { Weights } from './decoding';

const backends: Record<BackendName, (input: BackendInput) => DecodingBackend> = {
  kv: cachedBackend,
  nocache: input => wholeBackend(input, 'right'),
  batch: input => wholeBackend(input, 'left'),
};

export interface GenerateSettings extends Sampling {
  maxTokens: number;
  seed: number;
  /** A sequence ends at one of these ids, which is not returned. */
  endTokens?: readonly number[] | undefined;
  /** Asked with each new token before it is given out; the sequence ends with it if so. */
  isOver?: ((sequence: number, token: number) => boolean) | undefined;
  /** Told when a sequence ends by an end token. */
  onEnd?: ((sequence: number) => void) | undefined;
  /** So many of the likeliest tokens are told with each one. */
  alternatives?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Of the random numbers of each sequence, instead of its index: the same whatever it is batched with. */
  keys?: readonly (readonly number[])[] | undefined;
}

export interface Generated extends Chosen {
  /** Index of the prompt that goes on. */
  sequence: number;
  /** Bytes of the cache, of all sequences together. */
  cacheBytes: number;
  /** Tokens of all prompts together whose keys and values were known before. */
  reusedTokens: number;
}

export interface GeneratorOptions extends SessionOptions {
  backend?: BackendName | undefined;
  /** What was read with exactly these weights is kept and found here. */
  prefixes?: PrefixScope | undefined;
}

export interface Generator {
  /** New tokens as they come. The numbers of a sequence depend on seed and its key only. */
  generate(
    prompts: readonly (readonly number[])[],
    settings: GenerateSettings,
  ): AsyncGenerator<Generated>;
  /** Spent on opening programs so far, which happens when a shape is first needed. */
  readonly secondsOpening: number;
  dispose(): Promise<void>;
}

export const openGenerator = (
  model: ModelShape,
  weights: Weights,
  { backend = 'kv', prefixes, ...options }: GeneratorOptions = {},
): Generator => generatorOver(backends[backend]({ model, weights, options, prefixes }));

export function generatorOver(backend: DecodingBackend): Generator {
  return {
    async *generate(prompts, settings) {
      if (prompts.some(p => p.length === 0)) throw new Error('a prompt has no tokens');
      const decoding = backend.start(prompts);
      const ends = new Set(settings.endTokens);
      let live = prompts.map((prompt, sequence) => ({
        sequence,
        context: [...prompt],
        random: randomStream(
          settings.seed,
          'sampling',
          ...(settings.keys?.[sequence] ?? [sequence]),
        ),
      }));
      for (let n = 0; n < settings.maxTokens && live.length > 0; n++) {
        if (settings.signal?.aborted) return;
        const logits = await decoding.next();
        const { cacheBytes, reusedTokens } = decoding;
        const width = logits.length / live.length;
        const chosen = live.map((s, row) => {
          const of = logits.subarray(row * width, (row + 1) * width);
          return chooseToken(of, settings, {
            random: uniform(s.random),
            context: s.context,
            alternatives: settings.alternatives ?? 0,
          });
        });
        const goesOn: boolean[] = [];
        for (const [row, choice] of chosen.entries()) {
          const { sequence, context } = live[row]!;
          goesOn[row] = !ends.has(choice.token);
          if (!goesOn[row]) {
            settings.onEnd?.(sequence);
            continue;
          }
          context.push(choice.token);
          goesOn[row] = !settings.isOver?.(sequence, choice.token);
          yield { sequence, cacheBytes, reusedTokens, ...choice };
        }
        decoding.push(chosen.map(({ token }, row) => (goesOn[row] ? token : undefined)));
        live = live.filter((_, row) => goesOn[row]);
      }
    },
    get secondsOpening() {
      return backend.secondsOpening;
    },
    dispose: () => backend.dispose(),
  };
}
