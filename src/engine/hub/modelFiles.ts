/**
 * What a model on the hub consists of at one commit: its files with sizes and hashes. Everything a
 * server says is checked here; nothing of it is trusted for its form.
 */
import { listFiles, modelInfo } from '@huggingface/hub';
import * as z from 'zod';
import { ProblemError } from '../problem';
import type { HubClient } from './hubClient';
import { checkModelId, checkPath, checkRevision, COMMIT } from './hubNames';
import { cancelled, hubProblem } from './hubProblems';
import { endpointText } from './hubSettings';

export interface ModelFile {
  /** With `/` between folders; safe below any folder. */
  readonly path: string;
  readonly bytes: number;
  /** What its bytes must come to. It is also its name in the cache. */
  readonly hash: FileHash;
}

export interface FileHash {
  /** Large files have a SHA-256, small ones the SHA-1 that git gives a blob. */
  readonly kind: 'sha256' | 'git-sha1';
  readonly hex: string;
}

export interface ModelFiles {
  readonly id: string;
  /** The branch, tag or commit asked for. */
  readonly revision: string;
  readonly commit: string;
  readonly files: readonly ModelFile[];
}

const MOST_FILES = 100_000;
const MOST_PAGES = 1000;

const entrySchema = z.object({
  type: z.enum(['file', 'directory', 'unknown']),
  path: z.string(),
  size: z.int().min(0),
  oid: z.string().regex(/^[0-9a-f]{40}$/),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.int().min(0) }).optional(),
});

/**
 * @throws `hub.bad-name`, `hub.bad-revision`, `hub.unsafe-name`, `hub.bad-answer` and those of
 *   `HubClient.request`
 */
export async function listModelFiles(
  client: HubClient,
  id: string,
  revision = 'main',
): Promise<ModelFiles> {
  checkModelId(id);
  checkRevision(revision);
  return understanding(id, () => list(client, id, revision));
}

/** What a library makes of an answer that it did not expect. */
export async function understanding<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    if (error instanceof Error && error.name === 'AbortError') throw cancelled();
    const reason = error instanceof Error ? error.message.slice(0, 100) : String(error);
    throw badAnswer(what, `is not understood (${reason})`);
  }
}

/** A list that goes on for ever is none. */
export function limitPages(client: HubClient): typeof fetch {
  let pages = 0;
  return (input, init) => {
    if (++pages > MOST_PAGES) throw badAnswer('this', 'has no end');
    return client.fetch(input, init);
  };
}

async function list(client: HubClient, id: string, revision: string): Promise<ModelFiles> {
  const hub = { hubUrl: endpointText(client.settings), fetch: limitPages(client) };
  const { sha } = await modelInfo({ name: id, revision, additionalFields: ['sha'], ...hub });
  if (typeof sha !== 'string' || !COMMIT.test(sha)) throw badAnswer(id, 'names no commit');
  const files: ModelFile[] = [];
  const repo = { type: 'model', name: id } as const;
  for await (const entry of listFiles({ repo, revision: sha, recursive: true, ...hub })) {
    const parsed = entrySchema.safeParse(entry);
    if (!parsed.success) throw badAnswer(id, 'lists a file without a size or hash');
    if (parsed.data.type === 'file') files.push(fileOf(parsed.data));
    if (files.length > MOST_FILES) throw badAnswer(id, `has more than ${MOST_FILES} files`);
  }
  return { id, revision, commit: sha, files };
}

function fileOf({ path, size, oid, lfs }: z.infer<typeof entrySchema>): ModelFile {
  checkPath(path);
  return lfs
    ? { path, bytes: lfs.size, hash: { kind: 'sha256', hex: lfs.oid } }
    : { path, bytes: size, hash: { kind: 'git-sha1', hex: oid } };
}

const badAnswer = (id: string, what: string) =>
  hubProblem('hub.bad-answer', `The hub's answer about ${id} ${what}.`);
