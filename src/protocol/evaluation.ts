/**
 * What an evaluation leaves on the disk and says while it runs: the summary, the report, each sample,
 * progress, comparisons, and the traces of agents. Plain data that survives JSON.
 */
import type { EndReason } from './sandbox';

/**
 * An evaluation is a folder `evaluations/<id>/`: in a run's folder when the model is a run's, else
 * beside the config, else in the working folder. `<id>` is `YYYYMMDD-HHMMSS-<name>`.
 *
 * - `config`: the evaluation as YAML, as written or as the command line said it
 * - `plan`: what is evaluated on what; written first, so a folder without it is no evaluation
 * - `samples`: one `EvaluationSample` a line, in the order of `index`; written batch by batch
 * - `tokens`: one `TokenLosses` a line, for those that were scored
 * - `traces`: one `AgentRecord` a line with the sample's `index` added, when an agent answered
 * - `summary`, `report`: written last; a folder without `report` was stopped and can be resumed
 */
export const evaluationFiles = {
  config: 'config.yaml',
  plan: 'evaluation.json',
  samples: 'samples.jsonl',
  tokens: 'tokens.jsonl',
  traces: 'traces.jsonl',
  summary: 'metrics.json',
  report: 'report.json',
} as const;

export const EVALUATIONS_FOLDER = 'evaluations';

export interface PrecisionRecall {
  readonly precision: number;
  readonly recall: number;
  readonly fmeasure: number;
}

export const rougeNames = ['rouge1', 'rouge2', 'rougeL'] as const;
export type RougeName = (typeof rougeNames)[number];
export type RougeScores = Readonly<Record<RougeName, PrecisionRecall>>;

/** `metrics.json`, as the instruction-tuning notebook saves it. Null = not asked for. */
export interface EvaluationSummary {
  /** YYYYMMDD_HHMMSS, local time. */
  readonly timestamp: string;
  readonly model_name: string;
  readonly metrics: {
    readonly perplexity: number | null;
    /** Of the corpus, 0 to 100. */
    readonly sacrebleu: number | null;
    /** Means over samples. */
    readonly rouge_scores: RougeScores | null;
    /** Share, 0 to 1, of the evaluation's own rule (`extract`). */
    readonly exact_match_score: number | null;
  };
}

export const metricNames = [
  'exact_match',
  'exact_match_strict',
  'exact_match_flexible',
  'perplexity',
  'rouge1',
  'rouge2',
  'rougeL',
  'rougeL_unicode',
  'bleu',
] as const;
export type MetricName = (typeof metricNames)[number];

/** A number with what is known of its uncertainty. */
export interface MetricResult {
  readonly metric: MetricName;
  readonly value: number;
  /** Null where one sample is too few to say, and no long text. */
  readonly standardError: number | null;
  /** 95 %. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Samples it is made of. */
  readonly samples: number;
  /** `share` and `f` go from 0 to 1, `score` from 0 to 100, `perplexity` from 1 up. */
  readonly unit: 'share' | 'f' | 'score' | 'perplexity';
  readonly better: 'higher' | 'lower';
}

/** As in sacreBLEU's signatures. */
export const bleuTokenizers = ['13a', 'intl', 'char', 'none'] as const;
export const bleuSmoothings = ['exp', 'floor', 'add-k', 'none'] as const;

export interface BleuResult {
  readonly score: number;
  /** Such as `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`. */
  readonly signature: string;
  /** Percent, of 1- to 4-grams. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  readonly outputLength: number;
  readonly referenceLength: number;
}

export interface EvaluatedModel {
  /** "demo, step 300" or a model folder's name. */
  readonly name: string;
  /** Where it was opened: a model folder or a checkpoint. */
  readonly dir: string;
  readonly adapterDir: string | null;
  /** The run that it is of, by id. */
  readonly run: string | null;
  readonly step: number | null;
  readonly family: string;
  readonly parameters: number;
  readonly contextLength: number;
}

export interface EvaluatedData {
  readonly path: string;
  readonly format: 'gsm8k' | 'chat' | 'completion' | 'text';
  readonly sha256: string;
  /** In the file. */
  readonly examples: number;
}

/** How answers were made; as `evaluate:` of a config says it. */
export interface EvaluationGeneration {
  readonly backend: 'kv' | 'nocache' | 'batch';
  readonly batchSize: number;
  readonly maxNewTokens: number;
  /** 0 = greedy. */
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly seed: number;
  readonly stop: readonly string[];
}

/** How an answer is found in a text: see docs/evaluation.md. */
export const extractions = ['gsm8k', 'marker', 'text'] as const;
export type Extraction = (typeof extractions)[number];

export const agentNames = ['slm', 'math', 'calculator'] as const;
export type AgentName = (typeof agentNames)[number];

/** `evaluation.json`. */
export interface EvaluationPlan {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  readonly model: EvaluatedModel;
  readonly data: EvaluatedData;
  /** Which examples of the file, by index from 0. */
  readonly indices: readonly number[];
  readonly extract: Extraction;
  /** Null when nothing is generated. */
  readonly generation: EvaluationGeneration | null;
  readonly agent: AgentName | null;
  /** Of an agent, for each question. */
  readonly agentBudget?: AgentBudget | undefined;
  readonly metrics: readonly ('perplexity' | 'rouge' | 'bleu' | 'exact_match')[];
  readonly rougeStem: boolean;
  /** The config that asked for it, absolute; null from a command line. */
  readonly configPath: string | null;
  /** Of all that decides the samples: only equal ones resume each other. */
  readonly fingerprint: string;
}

/** What one rule finds in an output. */
export interface ExtractedAnswer {
  /** Null = nothing found. */
  readonly answer: string | null;
  readonly isRight: boolean;
}

/** One `<<a=b>>` note of an output. */
export interface ArithmeticCheck {
  /** "168-96=82" */
  readonly note: string;
  /** In the output, UTF-16. */
  readonly start: number;
  readonly end: number;
  /** Null = holds. */
  readonly problem: 'wrong' | 'unreadable' | null;
  /** The right result where it is wrong: "72". */
  readonly expected: string | null;
  /** Holds, but one of its numbers is the result of an earlier wrong note. */
  readonly followsError: boolean;
}

export const sampleFlags = [
  /** Not exact by the evaluation's own rule. */
  'wrong',
  /** One of the strict and the flexible rule is right, the other is not. */
  'strict-flexible',
  /** Went on writing after its final answer. */
  'ran-on',
  /** An `<<a=b>>` note does not hold. */
  'arithmetic-error',
  /** No answer was found. */
  'no-answer',
  /** Ended by `max_new_tokens`: it may have had more to say. */
  'unfinished',
  /** The model wrote nothing. */
  'empty',
  /** Prompt and output are longer than the context: its start was not seen at the end. */
  'cropped',
] as const;
export type SampleFlag = (typeof sampleFlags)[number];

/** A line of `samples.jsonl`. */
export interface EvaluationSample {
  /** Of the example in the data file, from 0. */
  readonly index: number;
  /** In the data file, from 1; null where it has no lines. */
  readonly line: number | null;
  /** For people: the question, or the beginning of the prompt. */
  readonly question: string;
  /** As the model read it, chat template included. */
  readonly prompt: string;
  /** What the model wrote after it. */
  readonly output: string;
  /** The whole reference solution. */
  readonly reference: string;
  /** The part of the output and of the reference that texts are compared by. */
  readonly compared: { readonly output: string; readonly reference: string };
  /** The final answer of the reference. */
  readonly expected: string | null;
  /** By the evaluation's own rule, which is `strict` for gsm8k. Null when not asked for. */
  readonly exact: ExtractedAnswer | null;
  /** GSM8K's two rules; null for other extractions. */
  readonly strict: ExtractedAnswer | null;
  readonly flexible: ExtractedAnswer | null;
  readonly rouge: RougeScores | null;
  /** F of ROUGE-L on words of any script, where it is another number than `rouge.rougeL`. */
  readonly rougeLUnicode: number | null;
  /** Of this sample alone, 0 to 100, with effective order. */
  readonly bleu: number | null;
  /** Of the reference after the prompt: sum in nats over its tokens. */
  readonly loss: SampleLoss | null;
  readonly arithmetic: readonly ArithmeticCheck[];
  readonly flags: readonly SampleFlag[];
  readonly promptTokens: number;
  readonly newTokens: number;
  readonly ended: EndReason | null;
  /** Steps that an agent took. */
  readonly steps: number | null;
}

export interface SampleLoss {
  readonly nats: number;
  readonly tokens: number;
  /** The same over 10 to 30 blocks of tokens in a row, of texts of 500 tokens or more. */
  readonly blocks?: readonly { readonly nats: number; readonly tokens: number }[] | undefined;
}

/** A line of `tokens.jsonl`: how surprised the model was by each token of the reference. */
export interface TokenLosses {
  readonly index: number;
  readonly tokens: readonly string[];
  /** −ln p, nats. */
  readonly losses: readonly number[];
}

/** `report.json`. */
export interface EvaluationReport extends EvaluationSummary {
  readonly plan: EvaluationPlan;
  readonly results: readonly MetricResult[];
  readonly bleu: BleuResult | null;
  /** How often GSM8K's two rules say the same; null for other extractions. */
  readonly agreement: {
    readonly both: number;
    readonly strictOnly: number;
    readonly flexibleOnly: number;
    readonly neither: number;
  } | null;
  readonly flags: Readonly<Record<SampleFlag, number>>;
  readonly samples: number;
  readonly timing: {
    readonly seconds: number;
    readonly promptTokens: number;
    readonly newTokens: number;
    /** Null when nothing was generated. */
    readonly tokensPerSecond: number | null;
  };
  /** What a reader of the numbers must know, in words. */
  readonly notes: readonly string[];
}

/** What an evaluation says while it runs; `weightroom evaluate … --events` prints one a line. */
export type EvaluationEvent =
  | { readonly type: 'started'; readonly dir: string; readonly plan: EvaluationPlan }
  | {
      readonly type: 'progress';
      readonly phase: 'opening' | 'generating' | 'scoring';
      /** Samples. */
      readonly done: number;
      readonly total: number;
      readonly newTokens: number;
      readonly tokensPerSecond: number | null;
      /** Null = not known yet. */
      readonly secondsLeft: number | null;
    }
  | { readonly type: 'sample'; readonly sample: EvaluationSample }
  /** Can be resumed. */
  | {
      readonly type: 'stopped';
      readonly dir: string;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'done'; readonly dir: string; readonly report: EvaluationReport };

export interface ComparedMetric {
  readonly metric: MetricName;
  readonly value: number;
  readonly baseline: number;
  readonly difference: number;
  /** 95 %, paired bootstrap. */
  readonly interval: readonly [low: number, high: number];
  /** Two-sided; of McNemar's test for exact match, else of the bootstrap; unpaired of the normal law. */
  readonly p: number;
  readonly test: 'mcnemar' | 'bootstrap' | 'normal';
  /** `same`: not beyond noise. */
  readonly verdict: 'better' | 'worse' | 'same';
}

/** Two evaluations of the same examples. */
export interface EvaluationComparison {
  /** Ids. */
  readonly evaluation: string;
  readonly baseline: string;
  /** Examples that both have; 0 when the baseline has its numbers alone. */
  readonly paired: number;
  /** By index; of exact match. */
  readonly wrongToRight: readonly number[];
  readonly rightToWrong: readonly number[];
  readonly metrics: readonly ComparedMetric[];
  readonly verdict: 'better' | 'worse' | 'same';
}

/** What an agent did, a record a line: `agent`, then steps, then `end`. */
export type AgentRecord = AgentStart | AgentStep | AgentEnd;

export interface AgentBudget {
  /** Tries of each answer. */
  readonly steps: number;
  /** New tokens of all steps together. */
  readonly tokens: number | null;
  readonly seconds: number | null;
}

export interface AgentStart {
  readonly type: 'agent';
  readonly version: 1;
  readonly agent: AgentName;
  /** The notebook's rule judges prompt and answer together; the corrected one the answer alone. */
  readonly judges: 'whole' | 'answer';
  readonly question: string;
  readonly model: string;
  /** ISO 8601. */
  readonly started: string;
  readonly budget: AgentBudget;
  /** Answers that are voted on; 1 = no vote. */
  readonly votes: number;
  readonly sampling: { readonly temperature: number; readonly seed: number };
}

export interface ToolCall {
  /** "48/2" */
  readonly expression: string;
  /** Null = could not be computed. */
  readonly result: string | null;
  readonly problem: string | null;
  /** Of the call in the output, UTF-16. */
  readonly at: number;
}

export interface AgentStep {
  readonly type: 'step';
  /** From 1, of all voters. */
  readonly step: number;
  /** From 0: which of the answers that are voted on. */
  readonly vote: number;
  readonly prompt: string;
  readonly promptTokens: number;
  /** First tokens of the prompt that no longer fitted the context. */
  readonly croppedTokens: number;
  readonly output: string;
  readonly newTokens: number;
  readonly ended: EndReason;
  readonly calls: readonly ToolCall[];
  readonly isGood: boolean;
  /** Null when it is good. */
  readonly critique: string | null;
  /** The number that it comes to. */
  readonly answer: string | null;
  readonly seconds: number;
}

export interface AgentEnd {
  readonly type: 'end';
  /** The output that counts. */
  readonly final: string;
  readonly answer: string | null;
  readonly isGood: boolean;
  readonly reason: 'good' | 'voted' | 'steps' | 'tokens' | 'time' | 'cancelled';
  /** Most first. */
  readonly tally: readonly { readonly answer: string | null; readonly votes: number }[];
  readonly steps: number;
  readonly newTokens: number;
  readonly seconds: number;
}

/** What an agent says while it works: its records, and the text of a step as it comes. */
export type AgentEvent =
  AgentRecord | { readonly type: 'writing'; readonly step: number; readonly text: string };
