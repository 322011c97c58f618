/**
 * The questions that a list of models has about folders and the hub's cache. Each is answered from
 * files that anybody may have written, so this runs in a thread of its own.
 */
import { type CachedModel, listCachedModels, removeCached } from '../hub/hubCache';
import { type ModelReport, modelReport, type NoModel } from '../model/modelReport';
import { type ModelSummary, modelSummary } from './modelSummary';

/** By name, with what each takes and gives; all of it survives a structured clone. */
export interface CatalogQuestions {
  /** Models in the hub's cache, by name. */
  cached: { params: { cacheDir: string }; result: readonly CachedModel[] };
  summary: { params: Folder; result: ModelSummary };
  report: { params: Folder; result: Described };
  /** Deletes one revision from the cache; the bytes that were freed. */
  remove: { params: { cacheDir: string; id: string; commit?: string }; result: number };
}

export interface Folder {
  readonly dir: string;
  /** Of the hub, where the base of an adapter may be. */
  readonly cacheDir: string;
}

/** What a folder is, and what becomes of each of its tensors. */
export interface Described {
  readonly summary: ModelSummary;
  readonly report: ModelReport | NoModel;
}

export type CatalogQuestion = {
  [K in keyof CatalogQuestions]: { ask: K; params: CatalogQuestions[K]['params'] };
}[keyof CatalogQuestions];

export function answerAboutModels({
  ask,
  params,
}: CatalogQuestion): CatalogQuestions[keyof CatalogQuestions]['result'] {
  switch (ask) {
    case 'cached':
      return listCachedModels(params.cacheDir);
    case 'summary':
      return modelSummary(params.dir, params.cacheDir);
    case 'report':
      return describe(params);
    case 'remove':
      return removeCached(params.cacheDir, params.id, params.commit);
  }
}

function describe({ dir, cacheDir }: Folder): Described {
  const summary = modelSummary(dir, cacheDir);
  const report = modelReport(dir, { baseDir: summary.adapter?.baseDir });
  return { summary, report: report ?? { refused: `${dir} has no config.json.` } };
}
