/** A model folder as a load report: which tensor becomes which parameter, with all errors at once. */
import { join } from 'node:path';
import { disk } from '../files/fileSystem';
import { exists } from '../files/readFile';
import { ProblemError } from '../problem';
import { sizeOf } from '../tensor/tensor';
import { type LoadFinding, loadErrors } from './loadReport';
import { openModel, type OpenOptions } from './modelFolder';
import { adapterParameters, baseParameters } from './modelShape';

/** Why a folder is no model that can be opened, in words. */
export interface NoModel {
  refused: string;
}

export interface ModelReport {
  family: string;
  parameters: number;
  contextLength: number;
  findings: LoadFinding[];
  errors: LoadFinding[];
}

/** Undefined for what does not say that it is a model. */
export function modelReport(
  path: string,
  { baseDir, fs = disk }: Pick<OpenOptions, 'baseDir' | 'fs'> = {},
): ModelReport | NoModel | undefined {
  const configs = ['config.json', 'adapter_config.json'];
  if (!configs.some(name => exists(fs, join(path, name)))) return undefined;
  try {
    return report(path, { baseDir, fs });
  } catch (error) {
    if (error instanceof ProblemError) return { refused: error.problem.message };
    throw error;
  }
}

function report(path: string, options: OpenOptions): ModelReport {
  const opened = openModel(path, { ...options, toReport: true });
  opened.close();
  const { model, reports } = opened;
  const specs = [...baseParameters(model), ...adapterParameters(model)];
  return {
    family: model.base.family ?? 'slm',
    parameters: specs.reduce((n, { shape }) => n + sizeOf(shape), 0),
    contextLength: model.base.block_size,
    findings: reports.flatMap(r => [...r.findings]),
    errors: reports.flatMap(loadErrors),
  };
}

/** Source name, engine name, and what happens on the way; only what is not simply loaded. */
export function findingRows(findings: readonly LoadFinding[]): string[][] {
  return findings
    .filter(f => f.verdict !== 'loaded' || f.transforms.length > 0)
    .map(({ verdict, source, parameter, transforms, note }) => [
      `  ${source ?? '—'}`,
      parameter === undefined ? '' : `→ ${parameter}`,
      [verdict === 'loaded' ? '' : verdict, ...transforms].filter(Boolean).join(', '),
      note ?? '',
    ]);
}
