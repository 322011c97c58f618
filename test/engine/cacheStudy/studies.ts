/** Studies of the fixtures: two models made with transformers and PEFT, one made in numpy. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RanStudy, runStudy } from '../../../src/engine/cacheStudy/runStudy';
import { type CacheStudyConfig, cacheStudySchema } from '../../../src/engine/config/schema';
import type { StrategyName, StudyResult } from '../../../src/protocol/cacheStudy';

export const cacheFixtures = new URL('../../fixtures/cache/', import.meta.url).pathname;

export const fixture = (path: string): string => join(cacheFixtures, path);

export interface Reference {
  kl: number;
  top1_agreement: number;
  perplexity: number;
  greedy_ids: number[];
  layers: Record<'k_max_abs' | 'k_rel_l2' | 'v_max_abs' | 'v_rel_l2', number>[];
}

/** By model, adapter and strategy, in float64 numpy: `reference.py` made it. */
export const references = JSON.parse(readFileSync(fixture('reference.json'), 'utf8')) as Record<
  string,
  Record<string, Record<StrategyName, Reference>>
>;

/** Adapters of a model, by the folder of both. */
export const adaptersOf = (folder: string): string[] => Object.keys(references[folder]!);

export function studyOf(folder: string, more: Partial<CacheStudyConfig> = {}): CacheStudyConfig {
  const cache = fixture(`${folder}/cache.safetensors`);
  return cacheStudySchema.parse({
    model: fixture(`${folder}/model`),
    adapters: adaptersOf(folder).map(name => fixture(`${folder}/${name}`)),
    prefix_ids: `${cache}#ids`,
    continuation: `${cache}#continuation`,
    tokens: 12,
    ...more,
  });
}

export const run = (
  study: CacheStudyConfig,
  more: Partial<Parameters<typeof runStudy>[0]> = {},
): Promise<RanStudy> =>
  runStudy({ study, name: 'test', device: 'cpu', baseDir: cacheFixtures, ...more });

export function resultOf(
  { report }: RanStudy,
  adapter: string,
  strategy: StrategyName,
): StudyResult {
  const found = report.results.find(r => r.adapter === adapter && r.strategy === strategy);
  if (!found) throw new Error(`the study has no ${adapter} with ${strategy}`);
  return found;
}
