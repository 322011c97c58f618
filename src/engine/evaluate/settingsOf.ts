/**
 * The `evaluate` section of a config, with what the rest of it says, as the settings of an evaluation;
 * and such a section as YAML text again. Knows nothing of files but their paths.
 */
import { resolve } from 'node:path';
import type { DataConfig, EvaluateConfig } from '../config/schema';
import { fail } from '../problem';
import type { EvaluationFormat, EvaluationSettings } from './settings';

export interface SettingsInput {
  readonly evaluate: EvaluateConfig;
  /** Of a config that trains. */
  readonly data?: DataConfig | undefined;
  readonly name: string;
  /** Paths are relative to it. */
  readonly baseDir: string;
  readonly configPath: string | null;
  readonly only?: readonly number[] | undefined;
}

/** @throws `evaluate.no-data` */
export function settingsOf(input: SettingsInput): EvaluationSettings {
  const { evaluate, data, name, baseDir, configPath, only } = input;
  const path = evaluate.data ?? data?.validation;
  if (path === undefined)
    return fail(
      'evaluate.no-data',
      'It is not said what to evaluate on: name the examples with --data, or with `data` of `evaluate`.',
      { key: 'evaluate.data', ...(configPath !== null && { file: configPath }) },
    );
  const own = evaluate.data === undefined || evaluate.format === undefined ? data : undefined;
  return {
    ...{ name: name.replace(/[^A-Za-z0-9._-]+/g, '-'), configPath, only },
    data: resolve(baseDir, path),
    format: evaluate.format ?? formatOf(own),
    system: evaluate.system ?? data?.system,
    prompt: evaluate.prompt ?? data?.prompt,
    completion: evaluate.completion ?? data?.completion,
    textField: evaluate.text_field,
    extract: evaluate.extract,
    from: evaluate.from,
    samples: evaluate.samples,
    metrics: evaluate.metrics,
    generation: {
      backend: evaluate.backend,
      batchSize: evaluate.batch_size,
      maxNewTokens: evaluate.max_new_tokens,
      temperature: evaluate.temperature,
      topK: evaluate.top_k,
      topP: evaluate.top_p,
      minP: evaluate.min_p,
      repetitionPenalty: evaluate.repetition_penalty,
      seed: evaluate.seed,
      stop: evaluate.stop,
    },
    rougeStem: evaluate.rouge_stem,
    bleu: {
      tokenize: evaluate.bleu_tokenize,
      smooth: evaluate.bleu_smooth,
      lowercase: evaluate.bleu_lowercase,
    },
    stride: evaluate.stride,
    agent: evaluate.agent && {
      name: evaluate.agent,
      judges: evaluate.agent_judges,
      steps: evaluate.agent_steps,
      votes: evaluate.votes,
      tokens: evaluate.agent_tokens ?? null,
      seconds: evaluate.agent_seconds ?? null,
    },
    secondsAtMost: evaluate.max_seconds,
  };
}

function formatOf(data: DataConfig | undefined): EvaluationFormat | undefined {
  return data?.format === 'jsonl' ? 'text' : data?.format;
}

export interface WrittenConfig {
  readonly name: string;
  readonly evaluate: EvaluateConfig;
  readonly device: string;
}

/** A config of its own that evaluates the same again; JSON values are YAML. */
export function configTextOf({ name, evaluate, device }: WrittenConfig): string {
  const lines = Object.entries(evaluate)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return `${['weightroom: 1', `name: ${JSON.stringify(name)}`, 'evaluate:', ...lines, `device: ${device}`].join('\n')}\n`;
}
