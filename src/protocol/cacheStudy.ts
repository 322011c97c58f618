/**
 * What a study of adapters' caches found: `cache-study.json` in its folder, and what the command line
 * and the view show. Measures have the names that the file has. Plain data.
 */

/** How the cache of a prefix is kept for an adapter. */
export const strategyNames = ['full', 'base', 'lowrank-v-pinv', 'lowrank-v', 'lowrank-kv'] as const;
export type StrategyName = (typeof strategyNames)[number];

/** How the numbers of a mini-cache are kept. */
export const storeNames = ['fp32', 'fp16', 'int8'] as const;
export type StoreName = (typeof storeNames)[number];

export const scalingNames = ['outside', 'inside'] as const;
export type ScalingName = (typeof scalingNames)[number];

/** One way of keeping caches that was tried with every adapter. */
export interface VariantSummary {
  /** Unique in the study, as in `lowrank-kv/fp32/own`. */
  readonly variant: string;
  readonly strategy: StrategyName;
  readonly store: StoreName;
  /** Of the mini-caches: each adapter's own, or fewer. */
  readonly rank: 'own' | number;
  /** Bytes kept once for all adapters: the base's cache where it is needed. */
  readonly shared_bytes: number;
  /** Shared and own bytes of all adapters. */
  readonly total_bytes: number;
  /** Bytes of full caches over `total_bytes`. */
  readonly ratio: number;
  /** From so many adapters on it takes less than full caches; null = never. */
  readonly break_even: number | null;
  /** Means over the adapters. */
  readonly kl: number;
  readonly top1_agreement: number;
  readonly build_seconds: number;
  readonly expand_seconds: number;
  readonly tokens_per_second: number;
  /** No other variant is at least as small and as near to full caches. */
  readonly on_front: boolean;
}

/** How far a layer's keys or values are from those of the full cache. */
export interface LayerErrors {
  readonly layer: number;
  /** Exact but for rounding, by what the strategy keeps. */
  readonly v_exact: boolean;
  readonly k_exact: boolean;
  readonly v_max_abs: number;
  readonly v_rel_l2: number;
  /** Correlation; null where one side is constant. */
  readonly v_pcc: number | null;
  readonly k_max_abs: number;
  readonly k_rel_l2: number;
  readonly k_pcc: number | null;
  /** |rebuilt − full| ≤ atol + 1e-5·|full| everywhere, of the values as the notebook asks. */
  readonly 'allclose_1e-4': boolean;
  readonly 'allclose_1e-7': boolean;
  readonly 'v_allclose_1e-4': boolean;
  readonly 'v_allclose_1e-7': boolean;
  readonly 'k_allclose_1e-4': boolean;
  readonly 'k_allclose_1e-7': boolean;
  /** Relative L2 of each head. */
  readonly v_heads: readonly number[];
  readonly k_heads: readonly number[];
  /** The token that is farthest off, by relative L2. */
  readonly v_worst_token: number;
  readonly k_worst_token: number;
}

/** What one adapter's cache kept in one way is worth. */
export interface StudyResult {
  readonly adapter: string;
  readonly variant: string;
  readonly strategy: StrategyName;
  readonly store: StoreName;
  readonly rank: number | null;
  /** Kept for this adapter alone. */
  readonly bytes: number;
  readonly layers: readonly LayerErrors[];
  /** KL(full ‖ this) of the next token, in nats, mean over the continuation. */
  readonly kl: number;
  readonly kl_max: number;
  /** Share of positions where both find the same token likeliest. */
  readonly top1_agreement: number;
  /** Of the continuation; null when it is too short to have one. */
  readonly perplexity: number | null;
  readonly greedy_ids: readonly number[];
  /** Absent without a tokenizer. */
  readonly greedy_text?: string;
  /** First new token that is not the full cache's; null when all are equal. */
  readonly first_divergence: number | null;
  readonly build_seconds: number;
  readonly expand_seconds: number;
  readonly tokens_per_second: number;
}

export interface StudiedAdapter {
  readonly adapter: string;
  readonly dir: string;
  /** SHA-256 of its settings and weights. */
  readonly hash: string;
  readonly r: number;
  readonly alpha: number;
  readonly scale: number;
  readonly targets: readonly string[];
  readonly adapts_keys: boolean;
  readonly adapts_values: boolean;
  /** First layer that it changes: the last one whose input is still the base's. */
  readonly first_layer: number;
  readonly full_bytes: number;
  readonly perplexity: number | null;
  /** Reading the prefix with it. */
  readonly prefill_seconds: number;
  /** Without any cache; null when not measured. */
  readonly tokens_per_second_without_cache: number | null;
}

export interface StudyReport {
  readonly type: 'cache-study';
  readonly format: 1;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  readonly seconds: number;
  readonly model: {
    readonly dir: string;
    readonly name: string;
    readonly family: string;
    readonly layers: number;
    readonly kv_heads: number;
    readonly head_size: number;
  };
  readonly device: string;
  readonly scaling: ScalingName;
  /** Layers that have a residual; all unless some were chosen. */
  readonly kept_layers: readonly number[];
  readonly prefix_tokens: number;
  readonly continuation_tokens: number;
  /** Where the greedy texts begin: what was read after the prefix. */
  readonly start_ids: readonly number[];
  /** Of the prefix, as people read them; absent without a tokenizer. */
  readonly prefix_pieces?: readonly string[];
  readonly base_bytes: number;
  readonly adapters: readonly StudiedAdapter[];
  readonly variants: readonly VariantSummary[];
  readonly results: readonly StudyResult[];
  /** The safetensors file with errors by token, beside the report; null when nothing was written. */
  readonly tokens_file: string | null;
  /** Absolute, of the config it was run from; absent when nothing was written. */
  readonly config_path?: string;
}

export const variantId = (strategy: StrategyName, store: StoreName, rank: 'own' | number): string =>
  `${strategy}/${store}/${rank}`;

/** The tensor [layers, tokens] of relative L2 errors in `tokens_file`. */
export const tokenErrorsName = (adapter: string, variant: string, of: 'k' | 'v'): string =>
  `${adapter}/${variant}/${of}_rel_l2`;

/** The files of a study's folder. */
export const STUDY_FILE = 'cache-study.json';
export const STUDY_TOKENS_FILE = 'tokens.safetensors';
