/** Models on the hub that fit some words. */
import { listModels } from '@huggingface/hub';
import type { HubClient } from './hubClient';
import { endpointText } from './hubSettings';
import { limitPages, understanding } from './modelFiles';

export interface FoundModel {
  readonly id: string;
  readonly downloads: number;
  readonly likes: number;
  /** ISO 8601; empty where the hub does not say. */
  readonly updated: string;
  /** Only those who were let in can download it. */
  readonly gated: boolean;
  readonly private: boolean;
  readonly task?: string;
  /** Of its safetensors. */
  readonly parameters?: number;
}

export interface ModelSearch {
  readonly words: string;
  readonly author?: string;
  /** All of them: `llama`, `text-generation`, … */
  readonly tags?: readonly string[];
  readonly sort?: 'downloads' | 'likes' | 'lastModified' | 'trendingScore';
  readonly limit: number;
  readonly signal?: AbortSignal;
}

/** Most downloaded first, unless asked otherwise. @throws those of `HubClient.request` */
export const searchModels = (client: HubClient, search: ModelSearch): Promise<FoundModel[]> =>
  understanding('the search', () => find(client, search));

async function find(client: HubClient, search: ModelSearch): Promise<FoundModel[]> {
  const { words, author, tags = [], sort = 'downloads', limit, signal } = search;
  const request = limitPages(client);
  const found: FoundModel[] = [];
  const models = listModels({
    search: { query: words, ...(author && { owner: author }), tags: [...tags] },
    sort,
    limit,
    additionalFields: ['safetensors'],
    hubUrl: endpointText(client.settings),
    fetch: (url, init) => request(url, { ...init, ...(signal && { signal }) }),
  });
  for await (const model of models) {
    const { name, downloads, likes, updatedAt, gated, task, safetensors } = model;
    if (typeof name !== 'string') continue;
    const total: unknown = safetensors?.total;
    found.push({
      id: name,
      downloads: count(downloads),
      likes: count(likes),
      updated: Number.isNaN(updatedAt.getTime()) ? '' : updatedAt.toISOString(),
      gated: Boolean(gated),
      private: Boolean(model.private),
      ...(typeof task === 'string' && { task }),
      ...(typeof total === 'number' && { parameters: total }),
    });
  }
  return found;
}

const count = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);
