/** What an evaluation can be told, with every default filled in. Plain data; knows nothing of YAML. */
import type { AgentName, EvaluationGeneration, Extraction } from '../../protocol/evaluation';
import type { BleuOptions } from '../metrics/bleu';

export const evaluationMetrics = ['perplexity', 'rouge', 'bleu', 'exact_match'] as const;
export type EvaluationMetric = (typeof evaluationMetrics)[number];

export const evaluationFormats = ['gsm8k', 'chat', 'completion', 'text'] as const;
export type EvaluationFormat = (typeof evaluationFormats)[number];

export interface EvaluationSettings {
  /** Of its folder. */
  readonly name: string;
  /** Absolute path of the examples. */
  readonly data: string;
  /** Undefined = as the first record and the model suggest. */
  readonly format: EvaluationFormat | undefined;
  readonly system: string | undefined;
  /** Templates of fields, as of a training config. */
  readonly prompt: string | undefined;
  readonly completion: string | undefined;
  readonly textField: string;
  /** Undefined = as the references suggest. */
  readonly extract: Extraction | undefined;
  /** First example, from 0, and at most so many. */
  readonly from: number;
  readonly samples: number | undefined;
  /** These examples instead. */
  readonly only: readonly number[] | undefined;
  readonly metrics: readonly EvaluationMetric[];
  readonly generation: EvaluationGeneration;
  readonly rougeStem: boolean;
  readonly bleu: Required<Pick<BleuOptions, 'tokenize' | 'smooth' | 'lowercase'>>;
  /** Tokens by which windows over long texts move; undefined = half the context. */
  readonly stride: number | undefined;
  readonly agent: AgentChoice | undefined;
  /** The evaluation ends with an error after so long. */
  readonly secondsAtMost: number | undefined;
  /** The config that asked for it, absolute. */
  readonly configPath: string | null;
}

export interface AgentChoice {
  readonly name: AgentName;
  readonly judges: 'whole' | 'answer';
  readonly steps: number;
  readonly votes: number;
  /** New tokens of one question; null = no limit. */
  readonly tokens: number | null;
  /** Of one question. */
  readonly seconds: number | null;
}
