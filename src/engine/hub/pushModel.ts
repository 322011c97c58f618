/**
 * A folder of a model or adapter to the hub: what belongs to it and nothing else, large files by
 * LFS, all in one commit, with a card that says how it was made.
 */
import { commitIter, type CommitProgressEvent, createRepo } from '@huggingface/hub';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import { fail, ProblemError } from '../problem';
import { ownVersion } from '../run/environment';
import { type Choice, chooseNames, isOfModel } from './choosePatterns';
import type { HubClient } from './hubClient';
import { checkModelId, checkRevision, isSafePath } from './hubNames';
import { hubProblem } from './hubProblems';
import { endpointText } from './hubSettings';
import { modelCard } from './modelCard';
import { understanding } from './modelFiles';
import { readModelFacts } from './modelFacts';

export interface PushOptions extends Choice {
  readonly dir: string;
  /** `org/model` */
  readonly id: string;
  readonly revision?: string;
  /** For a model that is new on the hub. Default: only its owner sees it. */
  readonly isPublic?: boolean;
  readonly message?: string;
  /** The base of an adapter, on the hub: goes into its config and card. */
  readonly baseModel?: string;
  readonly license?: string;
  /** Whether to write a card where the folder has none. Default: yes. */
  readonly card?: boolean;
}

export interface PushPlan {
  readonly id: string;
  readonly files: readonly PushedFile[];
  readonly bytes: number;
  /** What the user should know before it is sent. */
  readonly warnings: readonly string[];
}

export interface PushedFile {
  readonly path: string;
  readonly bytes: number;
  /** Absent for files that go as they are on the disk. */
  readonly text?: string;
}

export interface PushProgress {
  readonly phase: 'preparing' | 'uploading' | 'committing';
  readonly bytes: number;
  readonly bytesDone: number;
  /** The file last heard of. */
  readonly path?: string;
}

export interface PushedModel {
  readonly id: string;
  readonly url: string;
  readonly commit: string;
  readonly files: readonly string[];
}

const MOST_FILES = 10_000;
const ADAPTER_CONFIG = 'adapter_config.json';
const CARD = 'README.md';

/**
 * What would be sent, before anything is.
 * @throws `hub.nothing-to-push`, `hub.bad-name`, `hub.local-base`, `disk.…`
 */
export function planPush(options: PushOptions, fs: FileSystem = disk): PushPlan {
  const { dir, baseModel, license, card = true } = options;
  const id = checkOwnId(options.id);
  if (baseModel !== undefined) checkModelId(baseModel);
  const names = onDisk('read', dir, () => filesOf(dir, fs));
  const chosen = chooseNames(names, options, isOfModel);
  if (!chosen.some(name => /\.(safetensors|bin|gguf)$/.test(name)))
    fail(
      'hub.nothing-to-push',
      `${dir} has no weights to push. Name a model folder or a checkpoint.`,
      {
        file: dir,
      },
    );
  const facts = readModelFacts(dir, fs);
  const files = chosen.map((path): PushedFile => {
    const file = join(dir, ...path.split('/'));
    const text = path === ADAPTER_CONFIG ? adapterConfig(file, baseModel, fs) : undefined;
    return text === undefined
      ? { path, bytes: fs.stat(file).bytes }
      : { path, bytes: Buffer.byteLength(text), text };
  });
  if (card && !chosen.includes(CARD)) {
    const base = baseModel ?? hubName(facts.adapter?.base);
    const text = modelCard({
      id,
      facts,
      version: ownVersion(),
      ...(base !== undefined && { baseModel: base }),
      ...(license !== undefined && { license }),
    });
    files.push({ path: CARD, bytes: Buffer.byteLength(text), text });
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { id, files, bytes, warnings: warningsOf(options, names, chosen) };
}

function checkOwnId(id: string): string {
  if (id.includes('/')) return checkModelId(id);
  return fail('hub.bad-name', `Say whose model it will be: your-name/${id}.`);
}

function warningsOf(
  { card = true, license }: PushOptions,
  names: readonly string[],
  chosen: readonly string[],
) {
  const left = names.filter(name => !chosen.includes(name));
  return [
    ...(left.length > 0
      ? [`Not sent: ${left.slice(0, 8).join(', ')}${left.length > 8 ? ', …' : ''}.`]
      : []),
    ...(card && license === undefined && !chosen.includes(CARD)
      ? ['The card names no licence: without one, nobody may use the model.']
      : []),
  ];
}

/** `org/model`, and not a folder of this machine. */
const hubName = (base: string | undefined): string | undefined =>
  base !== undefined && /^[\w.-]+\/[\w.-]+$/.test(base) && !base.startsWith('.') ? base : undefined;

/** An adapter that names a folder of this machine as its base cannot be opened anywhere else. */
function adapterConfig(
  file: string,
  baseModel: string | undefined,
  fs: FileSystem,
): string | undefined {
  const text = readText(fs, file);
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return fail('hub.bad-adapter', `${file} is not JSON.`, { file });
  }
  const base = config.base_model_name_or_path;
  if (baseModel !== undefined)
    return `${JSON.stringify({ ...config, base_model_name_or_path: baseModel }, null, 1)}\n`;
  if (typeof base === 'string' && hubName(base) !== undefined) return undefined;
  return fail(
    'hub.local-base',
    `The adapter's base is ${String(base)}, a folder of this machine. Name the base on the hub: --base-model organization/model`,
    { file, key: 'base_model_name_or_path' },
  );
}

/** With `/`; hidden files and what has no safe name are left out, links are followed to files only. */
function filesOf(dir: string, fs: FileSystem): string[] {
  const found: string[] = [];
  const visit = (folder: string) => {
    for (const name of fs.readdir(folder).sort()) {
      const path = join(folder, name);
      const shown = relative(dir, path).split(sep).join('/');
      if (name.startsWith('.') || !isSafePath(shown)) continue;
      const isLink = fs.linkTarget(path) !== undefined;
      if (!exists(fs, path)) continue;
      if (!fs.stat(path).isFolder) found.push(shown);
      else if (!isLink) visit(path);
      if (found.length > MOST_FILES)
        fail(
          'hub.nothing-to-push',
          `${dir} has more than ${MOST_FILES} files; it is no model folder.`,
          {
            file: dir,
          },
        );
    }
  };
  visit(dir);
  return found;
}

/**
 * Sends what was planned.
 * @throws `hub.no-token` and those of `HubClient.request`
 */
export async function pushModel(
  client: HubClient,
  plan: PushPlan,
  options: PushOptions & {
    readonly onProgress?: (progress: PushProgress) => void;
    readonly signal?: AbortSignal;
  },
): Promise<PushedModel> {
  const { revision = 'main', message = 'Upload with Weightroom', onProgress, signal } = options;
  checkRevision(revision);
  if (client.settings.token === undefined)
    throw hubProblem(
      'hub.no-token',
      'Uploading needs an access token that may write: set HF_TOKEN, or run "hf auth login".',
    );
  const repo = { type: 'model', name: plan.id } as const;
  const hub = { hubUrl: endpointText(client.settings), fetch: client.fetch };
  return understanding(plan.id, async () => {
    const visibility = options.isPublic ? ('public' as const) : ('private' as const);
    await creating(() => createRepo({ repo, visibility, accessToken: NO_TOKEN, ...hub }));
    const events = commitIter({
      repo,
      title: message,
      branch: revision,
      operations: plan.files.map(({ path, text }) => ({
        operation: 'addOrUpdate' as const,
        path,
        content: text === undefined ? fileUrl(options.dir, path) : new Blob([text]),
      })),
      // Its storage is behind another host and protocol; LFS is what every hub speaks.
      useXet: false,
      ...(signal && { abortSignal: signal }),
      ...hub,
    });
    const commit = await following(events, plan, onProgress);
    const url = `${endpointText(client.settings)}/${plan.id}`;
    return { id: plan.id, url, commit, files: plan.files.map(({ path }) => path) };
  });
}

/** The library wants one; the client puts the real one in where it belongs. */
const NO_TOKEN = 'hf_';

const fileUrl = (dir: string, path: string): URL => pathToFileURL(join(dir, ...path.split('/')));

/** A model that is there already gets another commit. */
async function creating(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== 'hub.conflict') throw error;
  }
}

type Events = ReturnType<typeof commitIter>;

async function following(
  events: Events,
  { files, bytes }: PushPlan,
  tell: ((progress: PushProgress) => void) | undefined,
): Promise<string> {
  const sizes = new Map(files.map(file => [file.path, file.bytes]));
  const done = new Map<string, number>();
  let phase: PushProgress['phase'] = 'preparing';
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value?.commit.oid ?? '';
    const event: CommitProgressEvent = next.value;
    if (event.event === 'phase') phase = PHASES[event.phase];
    else if (event.state === 'uploading')
      done.set(event.path, event.progress * (sizes.get(event.path) ?? 0));
    tell?.({
      phase,
      bytes,
      bytesDone: Math.round([...done.values()].reduce((sum, each) => sum + each, 0)),
      ...(event.event === 'fileProgress' && { path: event.path }),
    });
  }
}

const PHASES = {
  preuploading: 'preparing',
  uploadingLargeFiles: 'uploading',
  committing: 'committing',
} as const;
