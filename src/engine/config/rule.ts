/** What a rule of configs is: which keys it reads, and what it says of their values. */
import type { Problem } from '../problem';
import type {
  AdapterConfig,
  CacheStudyConfig,
  DataConfig,
  EvaluateConfig,
  FromConfig,
  SlmConfig,
  TrainConfig,
} from './schema';

/** The sections of a config that are valid in themselves, with defaults filled in. */
export interface Draft {
  readonly model?: SlmConfig | FromConfig | undefined;
  readonly data?: DataConfig | undefined;
  readonly train?: TrainConfig | undefined;
  readonly adapter?: AdapterConfig | undefined;
  readonly study?: CacheStudyConfig | undefined;
  readonly evaluate?: EvaluateConfig | undefined;
}

export interface RuleProblem extends Pick<Problem, 'code' | 'message' | 'severity'> {
  /** The key to mark: of those the rule reads, or an item of a list. */
  readonly key: string;
}

export interface Rule {
  readonly keys: readonly string[];
  readonly check: (draft: Draft, isWritten: (key: string) => boolean) => RuleProblem[];
}

export const error = (code: string, key: string, message: string): RuleProblem[] => [
  { code: `config.${code}`, severity: 'error', key, message },
];
export const warning = (code: string, key: string, message: string): RuleProblem[] => [
  { code: `config.${code}`, severity: 'warning', key, message },
];
export const fine: RuleProblem[] = [];

export const unused = (key: string, why: string): RuleProblem[] =>
  warning('no-effect', key, `\`${key}\` has no effect: ${why}. Remove it.`);
