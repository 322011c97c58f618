/**
 * The base of a study and its adapters: opened, and refused when they do not belong together. Knows
 * nothing of caches.
 */
import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import type { StrategyName } from '../../protocol/cacheStudy';
import { disk } from '../files/fileSystem';
import { adapterHash } from '../generate/prefixIdentity';
import { weightsOf } from '../generate/weightsOf';
import type { Weights } from '../generate/decoding';
import { readJson } from '../model/modelConfig';
import { hashWeights, openModel, type OpenedModel } from '../model/modelFolder';
import { adapterParameters, baseParameters, type ModelShape } from '../model/modelShape';
import { fail, ProblemError } from '../problem';
import type { Device } from '../session/session';
import { adaptedLinears, keyValueRows } from './keyValueMaps';
import { isLowRank } from './rebuild';
import { distinctNames, type StudyFolder, studyFolder } from './studyFolders';

export interface StudyModels {
  readonly folder: StudyFolder;
  readonly model: ModelShape;
  readonly weights: Weights;
  readonly adapters: readonly StudyAdapter[];
  close(): void;
}

export interface StudyAdapter extends StudyFolder {
  readonly model: ModelShape;
  /** The base's and its own, which are in memory. */
  readonly weights: Weights;
  readonly opened: OpenedModel;
  readonly hash: string;
}

export interface OpenStudyModels {
  model: string;
  adapters: readonly string[];
  strategies: readonly StrategyName[];
  /** Where paths are relative to. */
  baseDir: string;
  device: Device;
}

/**
 * @throws `cache.no-model`, `cache.not-a-base`, `cache.not-an-adapter`, `cache.other-base`,
 *   `cache.ranks`, `cache.no-v-target`, and what `openModel` throws
 */
export async function openStudyModels(of: OpenStudyModels): Promise<StudyModels> {
  const { baseDir, strategies } = of;
  const folder = studyFolder(of.model, baseDir, 'cache_study.model');
  const opened: OpenedModel[] = [];
  const close = () => {
    for (const one of opened) one.close();
  };
  try {
    if (existsSync(join(folder.dir, 'adapter_config.json')))
      fail(
        'cache.not-a-base',
        `${folder.dir} is an adapter. Name the model that the adapters were trained on.`,
        { file: folder.dir, key: 'cache_study.model' },
      );
    const base = openModel(folder.dir);
    opened.push(base);
    const { weights } = await weightsOf(base, { device: of.device });
    const folders = of.adapters.map((written, i) =>
      studyFolder(written, baseDir, `cache_study.adapters.${i}`),
    );
    const names = distinctNames(folders.map(({ name }) => name));
    const adapters = folders.map(({ dir }, i): StudyAdapter => {
      const key = `cache_study.adapters.${i}`;
      const adapter = openAdapter(dir, folder.dir, key);
      opened.push(adapter);
      refuseWithoutValues(adapter.model, { dir, key }, strategies);
      const own = adapterParameters(adapter.model).map(
        ({ name }) => [name, adapter.read(name)] as const,
      );
      return {
        ...{ dir, name: names[i]!, model: adapter.model, opened: adapter },
        weights: new Map([...weights, ...own]),
        hash: adapterHash(adapter),
      };
    });
    return { folder, model: base.model, weights, adapters, close };
  } catch (error) {
    close();
    throw error;
  }
}

function openAdapter(dir: string, baseDir: string, key: string): OpenedModel {
  const config = join(dir, 'adapter_config.json');
  if (!existsSync(config))
    fail(
      'cache.not-an-adapter',
      `${dir} has no adapter_config.json, so it is no adapter. Name a folder in PEFT's format.`,
      { file: dir, key },
    );
  refuseOtherBase(dir, baseDir, key);
  try {
    return openModel(dir, { baseDir });
  } catch (error) {
    throw explained(error, { dir, baseDir, key });
  }
}

const named = z.object({ base_model_name_or_path: z.string().nullish(), r: z.unknown() });

/** An adapter that says where its base is, and that is a model of other weights, is of that. */
function refuseOtherBase(dir: string, baseDir: string, key: string): void {
  const { base_model_name_or_path } = readJson(join(dir, 'adapter_config.json'), named, disk);
  if (!base_model_name_or_path) return;
  const own = resolve(dir, base_model_name_or_path);
  if (!existsSync(join(own, 'config.json'))) return;
  if (realpathSync(own) === realpathSync(baseDir)) return;
  const [theirs, ours] = [own, baseDir].map(hashOfModel);
  if (theirs !== ours)
    fail(
      'cache.other-base',
      `${dir} is an adapter of ${own}, whose weights are not those of ${baseDir}. A cache can be shared only over one base: name that one as \`model\`, or other adapters.`,
      { file: dir, key },
    );
}

/** Of names, shapes and bits. */
function hashOfModel(dir: string): string {
  const opened = openModel(dir);
  try {
    // one after another: a model may be larger than the memory that is left
    const hashes = baseParameters(opened.model).map(
      ({ name }) => `${name}=${hashWeights(new Map([[name, opened.read(name)]]))}`,
    );
    return hashes.join();
  } finally {
    opened.close();
  }
}

interface Where {
  dir: string;
  baseDir: string;
  key: string;
}

/** What does not fit an adapter says in the words of a study. */
function explained(error: unknown, { dir, baseDir, key }: Where): unknown {
  if (!(error instanceof ProblemError)) return error;
  const { code, message } = error.problem;
  if (!/^model\.(wrong-shape|missing-tensor|unused-tensor)$|^adapter\.no-target$/.test(code))
    return error;
  const where = { file: dir, key };
  const ranks = code === 'model.wrong-shape' && mixedRanks(message);
  return new ProblemError({
    code: ranks ? 'cache.ranks' : 'cache.other-base',
    severity: 'error',
    message: ranks
      ? `${dir}: the ranks of adapter_config.json and of its weights differ. ${message}`
      : `${dir} does not fit ${baseDir}: it is an adapter of another base. ${message}`,
    where,
  });
}

/** "… is [4, 64], the model's [8, 64]": the shapes differ in the rank alone. */
function mixedRanks(message: string): boolean {
  const [a, b] = [...message.matchAll(/\[(\d+), (\d+)\]/g)].map(m => [Number(m[1]), Number(m[2])]);
  if (!a || !b) return false;
  const isDown = message.includes('lora_A');
  return isDown ? a[1] === b[1] && a[0] !== b[0] : a[0] === b[0] && a[1] !== b[1];
}

function refuseWithoutValues(
  model: ModelShape,
  { dir, key }: { dir: string; key: string },
  strategies: readonly StrategyName[],
): void {
  const adapted = adaptedLinears(model);
  const layers = Array.from({ length: model.base.n_layer }, (_, i) => keyValueRows(model.base, i));
  if (layers.some(({ v }) => adapted.includes(v.linear)) || !strategies.some(isLowRank)) return;
  fail(
    'cache.no-v-target',
    `${dir} adapts ${model.lora?.targets.join(', ')}, and no layer that makes values (${layers[0]?.v.linear.replace(/^.*\.\d+\./, '')}): there is no B to keep a residual of V with. Name other adapters, or only the strategies full and base.`,
    { file: dir, key },
  );
}
