/** Which model an evaluation is of, and where its evaluations go. */
import { basename, dirname, join, resolve } from 'node:path';
import { namedFolder } from '../engine/config/studyFiles';
import type { EvaluateConfig } from '../engine/config/schema';
import { fail } from '../engine/problem';
import type { CheckpointChoice } from '../engine/run/chooseCheckpoint';
import type { EvaluatedModel } from '../protocol/evaluation';
import { modelFolder } from './modelPath';

export type NamedModel = Omit<EvaluatedModel, 'family' | 'parameters' | 'contextLength'> & {
  /** Folder that its evaluations go to, when it is a run's. */
  readonly evaluations: string | undefined;
};

/** @param wanted a run, a folder or a model in the cache, as `weightroom generate` takes it */
export function modelNamed(
  wanted: string,
  { adapter, checkpoint }: { adapter?: string | undefined; checkpoint: CheckpointChoice },
  runs: string,
): NamedModel {
  return named(modelFolder(wanted, { runs, checkpoint }), adapter);
}

/**
 * Of a config: what it names, or the newest run that was made of it.
 * @throws `evaluate.no-model`
 */
export function modelOfConfig(
  evaluate: EvaluateConfig,
  { name, baseDir, path }: { name: string; baseDir: string; path: string },
): NamedModel {
  const { model, adapter, checkpoint } = evaluate;
  const found = namedFolder(model ?? name, baseDir);
  const adapterDir = adapter === undefined ? undefined : resolve(baseDir, adapter);
  if (found.kind === 'model') return named(found.dir, adapterDir);
  if (found.kind === 'run') return named(checkpointOf(found.dir, checkpoint), adapterDir);
  const where = { file: path, key: 'evaluate.model' };
  if (model !== undefined) return named(modelFolder(model, { runs: found.runsDir, checkpoint }), adapterDir); // prettier-ignore
  return fail(
    'evaluate.no-model',
    `There is no run called ${name} in ${found.runsDir} yet. Train it with: weightroom train ${path}. Or name a model with \`model\` of \`evaluate\`.`,
    where,
  );
}

const checkpointOf = (runDir: string, checkpoint: CheckpointChoice): string =>
  modelFolder(runDir, { runs: dirname(runDir), checkpoint });

function named(dir: string, adapter: string | undefined): NamedModel {
  const at = resolve(dir);
  const adapterDir = adapter === undefined ? null : resolve(adapter);
  const [, runDir, step] = /^(.+)[\\/]checkpoints[\\/]step-(\d+)$/.exec(at) ?? [];
  const run = runDir === undefined ? null : basename(runDir);
  const words =
    run === null ? basename(at) : `${run.replace(/^\d{8}-\d{6}-/, '')}, step ${Number(step)}`;
  return {
    name: adapterDir === null ? words : `${words} + ${basename(adapterDir)}`,
    ...{ dir: at, adapterDir, run },
    step: step === undefined ? null : Number(step),
    evaluations: runDir === undefined ? undefined : join(runDir, 'evaluations'),
  };
}
