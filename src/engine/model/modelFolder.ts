/**
 * A model as a folder: `config.json` with its sizes and its weights, or an adapter with
 * `adapter_config.json` and `adapter_model.safetensors` over such a folder. Every weight is accounted
 * for in a load report; knows nothing of runs.
 */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import type { TensorFile } from '../formats/tensorFile';
import { openWeights, weightsIn } from '../formats/weightFolder';
import { fail, ProblemError } from '../problem';
import { adapterName, readAdapterFacts } from './adapterFacts';
import { asFloat32 } from '../tensor/asFloat32';
import type { ExternalTensor, Tensor } from '../tensor/tensor';
import { embeddingName, headName } from './families';
import { loadErrors, type LoadReport, matchTensors } from './loadReport';
import type { LoraShape } from './lora';
import { readModelShape } from './modelConfig';
import { adapterParameters, baseParameters, type ModelShape } from './programs';
import type { ParameterSpec } from './slmParameters';

export interface OpenedModel {
  readonly model: ModelShape;
  /** Where the base is: the folder itself unless it holds an adapter. */
  readonly baseDir: string;
  /** Of the base, then of the adapter if there is one. */
  readonly reports: readonly LoadReport[];
  /** Weights that can be used where they lie in their files. */
  readonly stored: ReadonlyMap<string, ExternalTensor>;
  /** Reads a weight by its checkpoint name, as float32. */
  read(name: string): Tensor<'float32'>;
  close(): void;
}

export interface ModelFolder {
  readonly model: ModelShape;
  /** By checkpoint name, float32: the base's and the adapter's. */
  readonly weights: Map<string, Tensor>;
  readonly baseDir: string;
}

export interface OpenOptions {
  /** The base of an adapter, when it is not where the adapter says. */
  baseDir?: string | undefined;
  /** Opens it also with errors in its load reports, to tell them all: its weights may be missing. */
  toReport?: boolean;
  fs?: FileSystem;
}

/** All weights in memory. @throws as `openModel` */
export function readModelFolder(dir: string, options: OpenOptions = {}): ModelFolder {
  const opened = openModel(dir, options);
  try {
    const specs = [...baseParameters(opened.model), ...adapterParameters(opened.model)];
    const weights = new Map(specs.map(({ name }) => [name, opened.read(name)]));
    return { model: opened.model, weights, baseDir: opened.baseDir };
  } finally {
    opened.close();
  }
}

/** @throws `model.…` saying which file, which key or tensor, and what was expected; `safetensors.…` */
export function openModel(dir: string, options: OpenOptions = {}): OpenedModel {
  const { baseDir, fs = disk } = options;
  const how: How = { fs, toReport: options.toReport ?? false };
  const adapter = readAdapterFacts(dir, fs);
  if (!adapter) {
    const model = { base: readModelShape(dir, fs) };
    return opened(model, dir, [openBase(dir, model, how)]);
  }
  const { lora, path } = adapter;
  const named = adapter.base ?? 'a base that it does not name';
  const base = baseDir ?? resolve(dirname(path), adapter.base ?? '');
  if (!exists(fs, join(base, 'config.json')))
    fail(
      'model.no-base',
      `${path} is an adapter of "${named}", which is no model folder here. Name the folder of its base model.`,
      { file: path, key: 'base_model_name_or_path' },
    );
  const model = { base: readModelShape(base, fs), lora };
  const files = [openBase(base, { base: model.base }, how)];
  try {
    files.push(openAdapter(adapter.weights, model, { ...how, base }));
  } catch (error) {
    for (const { file } of files) file.close();
    throw error;
  }
  return opened(model, base, files);
}

interface How {
  fs: FileSystem;
  toReport: boolean;
  /** Of an adapter: where its base is. */
  base?: string;
}

interface MatchedFile {
  file: TensorFile;
  report: LoadReport;
}

function opened(model: ModelShape, baseDir: string, files: readonly MatchedFile[]): OpenedModel {
  const stored = new Map<string, ExternalTensor>();
  for (const { file, report } of files)
    for (const [parameter, source] of report.sources) {
      const { at, dtype, shape } = file.entries.get(source)!;
      if (at && (dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16'))
        // The runtime reads from the file itself and follows no links.
        stored.set(parameter, { dtype, shape, file: realpathSync(at.file), offset: at.offset });
    }
  return {
    model,
    baseDir,
    reports: files.map(f => f.report),
    stored,
    read(name) {
      const { file, report } = files.find(f => f.report.sources.has(name))!;
      return asFloat32(file.read(report.sources.get(name)!))!;
    },
    close() {
      for (const { file } of files) file.close();
    },
  };
}

function openBase(dir: string, model: ModelShape, how: How): MatchedFile {
  const [head, embedding] = [headName(model.base), embeddingName(model.base)];
  const names = { tied: head === embedding, embedding };
  return openMatched(weightsIn(dir, how.fs), how, file =>
    matchTensors(baseParameters(model), file.entries, names),
  );
}

function openAdapter(weights: string, model: ModelShape, how: How): MatchedFile {
  const parameters = parametersOf(weights, model);
  return openMatched(weights, how, file => {
    const sources = new Map([...file.entries.keys()].map(name => [adapterName(name), name]));
    const renamed = new Map([...sources].map(([name, of]) => [name, file.entries.get(of)!]));
    const report = matchTensors(parameters, renamed, { tied: false, embedding: '' });
    return {
      findings: report.findings,
      sources: new Map([...report.sources].map(([name, of]) => [name, sources.get(of)!])),
    };
  });
}

/** @throws `adapter.no-target`, naming the adapter */
function parametersOf(weights: string, model: ModelShape): ParameterSpec[] {
  try {
    return adapterParameters(model);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { code, message } = error.problem;
    return fail(code, `${weights}: ${message}`, { file: weights });
  }
}

function openMatched(
  path: string,
  { fs, toReport, base }: How,
  match: (file: TensorFile) => LoadReport,
): MatchedFile {
  const file = openWeights(path, fs);
  try {
    const report = match(file);
    if (!toReport) refuseErrors(path, report, base);
    return { file, report };
  } catch (error) {
    file.close();
    throw error;
  }
}

function refuseErrors(path: string, report: LoadReport, base?: string): void {
  const errors = loadErrors(report);
  const [first] = errors;
  if (!first) return;
  const codes = { missing: 'missing-tensor', unused: 'unused-tensor', misfit: 'wrong-shape' };
  const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const question =
    base === undefined
      ? 'Is config.json of another model?'
      : `Is it an adapter of another base than ${base}?`;
  fail(
    `model.${codes[first.verdict as keyof typeof codes]}`,
    `${path}: ${first.note}${others}. ${question}`,
    { file: path },
  );
}

/** @param base folder of the base model, absolute or relative to the adapter's. */
export const adapterConfigText = (
  { r, alpha, targets, rslora, dropout }: LoraShape,
  base: string,
): string =>
  `${JSON.stringify(
    {
      peft_type: 'LORA',
      base_model_name_or_path: base,
      r,
      lora_alpha: alpha,
      lora_dropout: dropout ?? 0,
      target_modules: targets,
      ...(rslora && { use_rslora: true }),
      bias: 'none',
    },
    null,
    1,
  )}\n`;

/** SHA-256 over names, shapes and bits of the tensors, in the order of their names. */
export function hashWeights(weights: ReadonlyMap<string, Tensor>): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}[${shape.join()}]`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
