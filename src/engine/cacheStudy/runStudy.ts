/**
 * A study from its config to its report: the prefix is read by the base and by each adapter, kept in
 * every way that was asked for, rebuilt, measured against the full cache, and gone on from. Writes
 * nothing.
 */
import {
  type ScalingName,
  type StudiedAdapter,
  type StudyReport,
  type StudyResult,
  tokenErrorsName,
} from '../../protocol/cacheStudy';
import type { CacheStudyConfig } from '../config/schema';
import { cachedBackend } from '../generate/cachedDecoding';
import { KeyValueCache } from '../generate/keyValueCache';
import { wholeBackend } from '../generate/wholeDecoding';
import { cacheShape } from '../model/families';
import { fail } from '../problem';
import type { Device } from '../session/session';
import { type Tensor, tensor } from '../tensor/tensor';
import { layerErrors, partErrors } from './cacheErrors';
import { layerMaps } from './keyValueMaps';
import { likeliest, logitErrors, perplexityOf } from './logitErrors';
import { openStudyModels, type StudyAdapter, type StudyModels } from './openAdapters';
import { PrefixRunner } from './prefixRun';
import {
  type CacheSource,
  expandCache,
  isLowRank,
  keepCache,
  partOf,
  type Variant,
} from './rebuild';
import { readStudyText, type StudyText } from './studyText';
import { summarise } from './summarise';
import { adapterFacts, chosenLayers, exactness, type Tried, variantsOf } from './variants';

export interface RunStudy {
  study: CacheStudyConfig;
  name: string;
  device: Device;
  /** Where the config's paths are relative to. */
  baseDir: string;
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: StudyProgress) => void) | undefined;
}

export interface StudyProgress {
  readonly adapter: string;
  readonly what: string;
  /** Of all variants of all adapters. */
  readonly done: number;
  readonly total: number;
}

export interface RanStudy {
  readonly report: StudyReport;
  /** Relative L2 errors by layer and token, as `tokenErrorsName` names them. */
  readonly tokenErrors: ReadonlyMap<string, Tensor>;
}

/** New tokens that are made without any cache, for their speed. */
const WITHOUT_CACHE = 4;

/**
 * @throws `cache.…` for what does not fit together, `cache.stopped` when the signal was given, and
 *   what opening models and reading files throw
 */
export async function runStudy(request: RunStudy): Promise<RanStudy> {
  const { study, baseDir } = request;
  const models = await openStudyModels({
    ...{ model: study.model, adapters: study.adapters, strategies: study.strategies, baseDir },
    device: request.device,
  });
  const runner = new PrefixRunner(sessionOptions(request));
  try {
    const { base } = models.model;
    const text = await readStudyText({ study, baseDir, modelDir: models.folder.dir, base });
    try {
      return await new Study(request, models, runner, text).run();
    } finally {
      text.tokenizer?.dispose?.();
    }
  } finally {
    await runner.dispose();
    models.close();
  }
}

const sessionOptions = ({ device, threads }: RunStudy) => ({
  device,
  ...(threads !== undefined && { threads }),
});

class Study {
  readonly #variants: readonly Tried[];
  readonly #tokenErrors = new Map<string, Tensor>();
  readonly #layers: ReadonlySet<number>;
  #done = 0;

  constructor(
    private readonly request: RunStudy,
    private readonly models: StudyModels,
    private readonly runner: PrefixRunner,
    private readonly text: StudyText,
  ) {
    this.#variants = variantsOf(request.study);
    this.#layers = chosenLayers(request.study, models.model.base.n_layer);
  }

  async run(): Promise<RanStudy> {
    const began = performance.now();
    const { study, name, device } = this.request;
    const { folder, model, weights } = this.models;
    const { prefix, start, continuation, tokenizer } = this.text;
    this.#tell('', 'base');
    const shared = (await this.runner.read({ model, weights }, prefix)).piece;
    const adapters: StudiedAdapter[] = [];
    const results: StudyResult[] = [];
    for (const adapter of this.models.adapters) {
      const studied = await this.#study(adapter, shared);
      adapters.push(studied.adapter);
      results.push(...studied.results);
    }
    const { heads, size } = cacheShape(model.base);
    const report: StudyReport = {
      ...{ type: 'cache-study', format: 1, name, created: new Date().toISOString() },
      seconds: (performance.now() - began) / 1000,
      model: {
        ...{ dir: folder.dir, name: folder.name, family: model.base.family ?? 'slm' },
        ...{ layers: model.base.n_layer, kv_heads: heads, head_size: size },
      },
      ...{ device, scaling: study.scaling },
      kept_layers: [...this.#layers],
      prefix_tokens: prefix.length,
      continuation_tokens: continuation ? start.length + continuation.length : study.tokens,
      start_ids: start,
      ...(tokenizer && { prefix_pieces: prefix.map(id => tokenizer.tokenText(id)) }),
      base_bytes: shared.byteLength,
      adapters,
      variants: summarise(this.#variants, adapters, results, shared.byteLength),
      results,
      tokens_file: null,
    };
    return { report, tokenErrors: this.#tokenErrors };
  }

  async #study(
    adapter: StudyAdapter,
    shared: Float32Array,
  ): Promise<{ adapter: StudiedAdapter; results: StudyResult[] }> {
    const { prefix } = this.text;
    const { model, opened, name } = adapter;
    const maps = layerMaps(opened);
    const inner = new Set(maps.flatMap(({ k, v }) => [k?.linear, v?.linear]));
    this.#tell(name, 'prefix');
    const read = await this.runner.read(
      adapter,
      prefix,
      [...inner].filter(n => n !== undefined),
    );
    requireFinite(read.piece, adapter);
    const source: CacheSource = {
      ...{ base: model.base, tokens: prefix.length, shared, own: read.piece, maps },
      inner: read.inner,
    };
    const options = sessionOptions(this.request);
    const backend = cachedBackend({ model, weights: adapter.weights, options });
    try {
      const going: Going = { adapter, source, backend };
      const full = await this.#greedy(going, read.piece);
      const truth = await this.#truth(adapter, read.piece, full.ids);
      const results: StudyResult[] = [];
      for (const variant of this.#variants)
        results.push(await this.#result(going, variant, { truth, full, seconds: read.seconds }));
      return {
        adapter: {
          ...adapterFacts(adapter),
          full_bytes: read.piece.byteLength,
          perplexity: this.#perplexity(truth),
          prefill_seconds: read.seconds,
          tokens_per_second_without_cache: await this.#speedWithoutCache(adapter),
        },
        results,
      };
    } finally {
      await backend.dispose();
    }
  }

  async #result(
    going: Going,
    tried: Tried,
    { truth, full, seconds }: { truth: Truth; full: Greedy; seconds: number },
  ): Promise<StudyResult> {
    const { adapter, source } = going;
    const { strategy, store, rank, variant } = tried;
    this.#tell(adapter.name, variant);
    const scaling: ScalingName = this.request.study.scaling;
    const built = this.#build(source, { strategy, store, rank, scaling, layers: this.#layers });
    const isTruth = strategy === 'full';
    const logits = isTruth ? truth.logits : await this.#score(adapter, built.piece, truth.ids);
    const greedy = isTruth ? full : await this.#greedy(going, built.piece);
    const errors = logitErrors(
      this.#measured(truth.logits),
      this.#measured(logits),
      source.base.vocab_size,
    );
    const diverged = greedy.ids.findIndex((id, i) => id !== full.ids[i]);
    this.#done++;
    return {
      ...{ adapter: adapter.name, variant, strategy, store },
      rank: isLowRank(strategy) ? (rank === 'own' ? adapter.model.lora!.r : rank) : null,
      bytes: built.bytes,
      layers: this.#layerErrors(adapter, source, tried, built.piece),
      ...{ kl: errors.kl, kl_max: errors.klMax, top1_agreement: errors.top1 },
      perplexity: this.#perplexity({ ids: truth.ids, logits }),
      greedy_ids: greedy.ids,
      ...(greedy.text !== undefined && { greedy_text: greedy.text }),
      first_divergence: diverged < 0 ? null : diverged,
      build_seconds: built.buildSeconds + (strategy === 'base' ? 0 : seconds),
      expand_seconds: built.expandSeconds,
      tokens_per_second: greedy.tokensPerSecond,
    };
  }

  #build(source: CacheSource, variant: Variant): Built {
    if (variant.strategy === 'full')
      return {
        ...{ piece: source.own, bytes: source.own.byteLength },
        ...{ buildSeconds: 0, expandSeconds: 0 },
      };
    const began = performance.now();
    const kept = keepCache(source, variant);
    const expanding = performance.now();
    const piece = expandCache(source, kept);
    return {
      ...{ piece, bytes: kept.bytes },
      buildSeconds: (expanding - began) / 1000,
      expandSeconds: (performance.now() - expanding) / 1000,
    };
  }

  #layerErrors(
    adapter: StudyAdapter,
    { base, tokens, own }: CacheSource,
    tried: Tried,
    piece: Float32Array,
  ): StudyResult['layers'] {
    const shape = { ...cacheShape(base), tokens };
    const exact = exactness(adapter, tried, this.#layers);
    const count = base.n_layer * tokens;
    const byToken = { k: new Float32Array(count), v: new Float32Array(count) };
    const layers = Array.from({ length: base.n_layer }, (_, layer) => {
      const of = (side: 'k' | 'v') => {
        const parts = [piece, own].map(p => partOf(base, tokens, p, layer, side));
        const errors = partErrors(parts[0]!, parts[1]!, shape);
        byToken[side].set(errors.byToken, layer * tokens);
        return errors;
      };
      return layerErrors(layer, { k: of('k'), v: of('v') }, exact(layer));
    });
    for (const side of ['k', 'v'] as const)
      this.#tokenErrors.set(
        tokenErrorsName(adapter.name, tried.variant, side),
        tensor('float32', [base.n_layer, tokens], byToken[side]),
      );
    return layers;
  }

  /** Of the continuation, or of the adapter's own greedy text when there is none. */
  async #truth(
    adapter: StudyAdapter,
    piece: Float32Array,
    greedy: readonly number[],
  ): Promise<Truth> {
    const { start, continuation } = this.text;
    const ids = [...start, ...(continuation ?? greedy)];
    return { ids, logits: await this.#score(adapter, piece, ids) };
  }

  async #score(
    adapter: StudyAdapter,
    piece: Float32Array,
    ids: readonly number[],
  ): Promise<Float32Array> {
    const logits = await this.runner.score(adapter, this.#cacheOf(piece), ids);
    requireFinite(logits, adapter);
    return logits;
  }

  /** What comes after the last token of the start, and after all of the continuation. */
  #measured(logits: Float32Array): Float32Array {
    return logits.subarray((this.text.start.length - 1) * this.models.model.base.vocab_size);
  }

  #perplexity({ ids, logits }: Truth): number | null {
    const vocab = this.models.model.base.vocab_size;
    return perplexityOf(logits, ids, { vocab, first: this.text.start.length });
  }

  #cacheOf(piece: Float32Array): KeyValueCache {
    const cache = new KeyValueCache(this.models.model.base, 1);
    cache.put(0, piece, this.text.prefix.length);
    return cache;
  }

  /** Decoding goes on from the cache as any other. */
  async #greedy({ backend }: Going, piece: Float32Array): Promise<Greedy> {
    const { prefix, start, tokenizer } = this.text;
    const decoding = backend.start([[...prefix, ...start]], this.#cacheOf(piece));
    const { ids, tokensPerSecond } = await this.#continue(decoding, this.request.study.tokens);
    const text = tokenizer?.decode(ids, { skipSpecialTokens: false });
    return { ids, tokensPerSecond, ...(text !== undefined && { text }) };
  }

  async #speedWithoutCache({ model, weights }: StudyAdapter): Promise<number> {
    const { prefix, start } = this.text;
    const options = sessionOptions(this.request);
    const backend = wholeBackend({ model, weights, options }, 'right');
    try {
      const decoding = backend.start([[...prefix, ...start]]);
      return (await this.#continue(decoding, WITHOUT_CACHE)).tokensPerSecond;
    } finally {
      await backend.dispose();
    }
  }

  /** The first token is not timed: programs are opened for it. */
  async #continue(
    decoding: ReturnType<Going['backend']['start']>,
    count: number,
  ): Promise<{ ids: number[]; tokensPerSecond: number }> {
    const ids: number[] = [];
    let began = performance.now();
    while (ids.length < count) {
      this.#stopIfAsked();
      const id = likeliest(await decoding.next());
      ids.push(id);
      decoding.push([id]);
      if (ids.length === 2) began = performance.now();
    }
    const seconds = (performance.now() - began) / 1000;
    return { ids, tokensPerSecond: ids.length > 2 ? (ids.length - 2) / seconds : 0 };
  }

  #tell(adapter: string, what: string): void {
    this.#stopIfAsked();
    const total = this.#variants.length * this.models.adapters.length;
    this.request.onProgress?.({ adapter, what, done: this.#done, total });
  }

  #stopIfAsked(): void {
    if (this.request.signal?.aborted) fail('cache.stopped', 'The study was stopped.');
  }
}

interface Going {
  adapter: StudyAdapter;
  source: CacheSource;
  backend: ReturnType<typeof cachedBackend>;
}

interface Built {
  piece: Float32Array;
  bytes: number;
  buildSeconds: number;
  expandSeconds: number;
}

interface Greedy {
  ids: number[];
  text?: string;
  tokensPerSecond: number;
}

interface Truth {
  /** What is read behind the prefix. */
  ids: readonly number[];
  /** [ids, vocab] */
  logits: Float32Array;
}

function requireFinite(numbers: Float32Array, { dir }: StudyAdapter): void {
  if (numbers.every(x => Number.isFinite(x))) return;
  fail(
    'cache.not-finite',
    `With ${dir} the model computes numbers that are not finite, so there is nothing to compare. Are its weights damaged?`,
    { file: dir },
  );
}
