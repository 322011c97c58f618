/** A run's checkpoint: what trains, in the form other tools read, and all it takes to go on exactly. */
import { join, relative } from 'node:path';
import type { RunEventBody } from '../../protocol/runEvent';
import type { FileSystem } from '../files/fileSystem';
import { modelConfigText } from '../model/modelConfig';
import { adapterConfigText } from '../model/modelFolder';
import { saveCheckpoint } from './checkpoint';
import { pruneCheckpoints } from './checkpointList';
import type { OpenRun } from './openRun';
import { optimizerTensors } from './optimizerTensors';
import type { ExecuteInput } from './runProcess';
import { runPaths } from './runPaths';
import { tokenizerFiles } from '../data/modelTokenizer';

/** Saves, then removes older checkpoints: never fewer sound ones than before. */
export function* saveRun(run: OpenRun, { runDir, fs }: ExecuteInput): Generator<RunEventBody> {
  const { config, model, trainer, progress, facts } = run;
  const began = performance.now();
  const { step, tokens, best } = progress;
  const saved = saveCheckpoint(fs, runDir, {
    step,
    weights: trainer.trainable,
    weightsFile: model.lora ? 'adapter_model.safetensors' : 'model.safetensors',
    extraFiles: new Map([modelFile(run, runDir), ...tokenizerFilesOf(run, fs)]),
    optimizer: optimizerTensors(trainer.trainable, trainer.state),
    state: {
      step,
      tokens,
      seed: config.train.seed,
      ...facts,
      ...(best && { bestEval: best }),
      ...(progress.owesEvaluation && { owesEvaluation: true }),
      ...(progress.worseEvaluations > 0 && { worseEvaluations: progress.worseEvaluations }),
    },
  });
  const seconds = (performance.now() - began) / 1000;
  yield { type: 'checkpoint', step, path: saved.path, bytes: saved.bytes, seconds };
  for (const old of pruneCheckpoints(fs, runDir, config.train.keep_checkpoints, best?.step))
    yield { type: 'checkpoint_deleted', step: old.step, path: old.path };
}

/** An adapter's tokenizer is that of its base, which says so itself. */
function tokenizerFilesOf(
  { config, model, source, baseDir }: OpenRun,
  fs: FileSystem,
): [string, string][] {
  const isModels = config.data.tokenizer === 'model';
  if (isModels && model.lora) return [];
  return tokenizerFiles(source.tokenizer, isModels ? baseDir : undefined, fs);
}

function modelFile({ model, baseDir }: OpenRun, runDir: string): [string, string] {
  if (!model.lora) return ['config.json', modelConfigText(model.base)];
  // A base inside the run is named from the checkpoint, so that the run folder can be moved.
  const inside = !relative(runDir, baseDir).startsWith('..');
  const base = inside ? relative(join(runPaths(runDir).checkpoints, 'step'), baseDir) : baseDir;
  return ['adapter_config.json', adapterConfigText(model.lora, base)];
}
