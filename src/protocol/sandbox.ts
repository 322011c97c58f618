/** What generation says as it goes: between the engine and whoever shows it. Plain data. */
import type { LayerError } from './runEvent';

/** Where a prompt comes from. */
export type PromptInput =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ids'; readonly ids: readonly number[] }
  | {
      readonly kind: 'chat';
      readonly messages: readonly { readonly role: string; readonly content: string }[];
    };

export interface PromptToken {
  readonly id: number;
  readonly text: string;
  readonly isSpecial: boolean;
}

/** A prompt as the model reads it. */
export interface Prompt {
  /** Rendered by the chat template when it was a chat; absent when it was given as ids. */
  readonly text?: string;
  readonly tokens: readonly PromptToken[];
  /** So many of its last tokens are of the continuation already, as when one branches off. */
  readonly continued?: number;
}

export interface SamplingSettings {
  readonly maxTokens: number;
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly seed: number;
  /** Texts at which a continuation ends; they are not part of it. */
  readonly stop: readonly string[];
  /** So many of the likeliest tokens are told with each one. */
  readonly alternatives: number;
}

export interface Alternative {
  readonly id: number;
  readonly text: string;
  /** Of all tokens, before anything is cut, at the sampling's temperature (1 when greedy). */
  readonly probability: number;
  /** The rule that kept it from being chosen. */
  readonly cut?: 'top-k' | 'top-p' | 'min-p';
}

export type EndReason = 'end-token' | 'stop' | 'length' | 'cancelled';

/** A token of a continuation. */
export interface Piece {
  readonly id: number;
  /** The token itself; may be part of a character. */
  readonly piece: string;
  /** The characters that it completes; none of a special token. */
  readonly shown: string;
  /** What of `shown`, and of those before, is surely there now: a possible stop text is held back. */
  readonly text: string;
}

export type GenerationEvent =
  | {
      /** First, where a prompt has continued tokens: those. */
      readonly type: 'continued';
      readonly sequence: number;
      readonly pieces: readonly Piece[];
    }
  | ({
      readonly type: 'token';
      /** Index of the prompt that goes on. */
      readonly sequence: number;
      readonly probability: number;
      readonly alternatives: readonly Alternative[];
      /** How many tokens the rules left to choose from. */
      readonly survivors: number;
      /** Of the probabilities of all tokens, in nats; told with alternatives only. */
      readonly entropy?: number;
    } & Piece)
  | {
      readonly type: 'end';
      readonly sequence: number;
      readonly reason: EndReason;
      /** Of the whole continuation. */
      readonly ids: readonly number[];
      readonly text: string;
    }
  | {
      readonly type: 'done';
      /** Of all sequences together. */
      readonly promptTokens: number;
      readonly newTokens: number;
      /** Of all that follows, what programs took that had to be opened first; not in the others. */
      readonly secondsOpening: number;
      readonly secondsToFirst: number;
      readonly seconds: number;
      /** After the first. */
      readonly tokensPerSecond: number;
      readonly cacheBytes: number;
      /** Tokens of the prompts that were known from before and not read again. */
      readonly reusedTokens?: number;
    };

/** What is known of a model when it is open. */
export interface ModelFacts {
  readonly family: string;
  readonly parameters: number;
  readonly contextLength: number;
  readonly vocabulary: number;
  readonly backend: 'kv' | 'nocache' | 'batch';
  readonly bits?: 4 | 8;
  /** ‖W − quantised‖ / ‖W‖ of each quantised layer. */
  readonly quantisationErrors?: readonly LayerError[];
  readonly hasText: boolean;
  readonly hasChat: boolean;
  readonly isAdapter: boolean;
}
