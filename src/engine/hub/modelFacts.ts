/**
 * What a folder of a model says of itself and of the run it comes from, for its card. Reads configs,
 * logs and headers, no weights.
 */
import { basename, dirname, join } from 'node:path';
import type { FileSystem } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import { readResolved } from '../run/runFolder';
import { readRunLog } from '../run/runLog';
import { runPaths } from '../run/runPaths';

export interface ModelFacts {
  /** `model_type` of its config; an adapter has none of its own. */
  readonly family?: string;
  readonly adapter?: { readonly kind: string; readonly rank?: number; readonly base: string };
  readonly run?: RunFacts;
}

export interface RunFacts {
  readonly id: string;
  readonly step?: number;
  readonly maxSteps: number;
  readonly tokens?: number;
  readonly parameters: number;
  readonly trainable: number;
  /** Validation loss of this very checkpoint, where it was evaluated. */
  readonly loss?: number;
  readonly best?: { readonly step: number; readonly loss: number };
  readonly seed?: number;
  readonly device?: string;
  readonly dataHash?: string;
  readonly tokenizer?: string;
  readonly train?: string;
  readonly validation?: string;
  readonly versions: Readonly<Record<string, string>>;
  /** As the user wrote it. */
  readonly config: string;
}

type Json = Readonly<Record<string, unknown>>;

export function readModelFacts(dir: string, fs: FileSystem): ModelFacts {
  const adapter = readJson(fs, join(dir, 'adapter_config.json'));
  const config = readJson(fs, join(dir, 'config.json'));
  const run = readRunFacts(dir, fs);
  return {
    ...(typeof config?.model_type === 'string' && { family: config.model_type }),
    ...(adapter && {
      adapter: {
        kind: textOf(adapter.peft_type) ?? 'LORA',
        ...(typeof adapter.r === 'number' && { rank: adapter.r }),
        base: textOf(adapter.base_model_name_or_path) ?? '',
      },
    }),
    ...(run && { run }),
  };
}

/** `runs/<id>/checkpoints/step-…` is a checkpoint of that run; another folder is of none. */
function readRunFacts(dir: string, fs: FileSystem): RunFacts | undefined {
  const runDir = dirname(dirname(dir));
  const paths = runPaths(runDir);
  if (
    dirname(dir) !== paths.checkpoints ||
    !exists(fs, paths.config) ||
    !exists(fs, paths.resolved)
  )
    return undefined;
  const state = readJson(fs, join(dir, 'state.json'));
  const resolved: Json = readResolved(runDir, fs);
  const data = memberOf(memberOf(resolved.config).data);
  const { events } = readRunLog(runDir, 0, fs);
  const start = events.find(event => event.type === 'start');
  const step = numberOf(state?.step);
  const evaluation = events.findLast(event => event.type === 'eval' && event.step === step);
  const best = memberOf(state?.bestEval);
  const facts = {
    step,
    tokens: numberOf(state?.tokens),
    loss: evaluation?.type === 'eval' ? evaluation.loss : undefined,
    seed: numberOf(state?.seed),
    device: textOf(resolved.device),
    dataHash: textOf(resolved.dataHash),
    tokenizer: textOf(data.tokenizer),
    train: nameOf(data.train),
    validation: nameOf(data.validation),
  };
  return {
    ...(Object.fromEntries(
      Object.entries(facts).filter(([, value]) => value !== undefined),
    ) as Partial<RunFacts>),
    ...(typeof best.step === 'number' &&
      typeof best.loss === 'number' && { best: { step: best.step, loss: best.loss } }),
    id: basename(runDir),
    maxSteps: start?.max_steps ?? 0,
    parameters: start?.parameters ?? 0,
    trainable: start?.trainable ?? 0,
    versions: textsOf(resolved.versions),
    config: readText(fs, paths.config),
  };
}

function readJson(fs: FileSystem, path: string): Json | undefined {
  if (!exists(fs, path)) return undefined;
  try {
    return memberOf(JSON.parse(readText(fs, path)));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // a card is no place to refuse a model
    throw error;
  }
}

const memberOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {};
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;
/** Where it lies on this machine is nobody else's business. */
const nameOf = (value: unknown): string | undefined => {
  const path = textOf(value);
  return path === undefined ? undefined : basename(path);
};
const textsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(memberOf(value)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
