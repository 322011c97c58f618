/**
 * `weightroom hub …`: models of the hub and the cache of them. Needs no sign-in for what is public;
 * the token for the rest comes from the environment or the file of "hf auth login", never from here.
 */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { amountText, bytesText, countText, durationText } from '../curves/numberText';
import { disk } from '../engine/files/fileSystem';
import { exists } from '../engine/files/readFile';
import type { DownloadProgress } from '../engine/hub/downloadModel';
import { listCachedModels, removeCached } from '../engine/hub/hubCache';
import type { HubClient } from '../engine/hub/hubClient';
import { hubSettings } from '../engine/hub/hubSettings';
import type { PushOptions, PushProgress } from '../engine/hub/pushModel';
import { fail, ProblemError } from '../engine/problem';
import { chooseCheckpoint } from '../engine/run/chooseCheckpoint';
import { findRun } from '../engine/run/runFolder';
import type { AddCommand, CommandContext } from './command';
import { runsOption } from './command';
import { exitCode } from './failure';
import { printable } from './terminal';

export const addHub: AddCommand = (program, context) => {
  const hub = program
    .command('hub')
    .description('search, download, list, remove and push models of the Hugging Face hub');
  for (const add of [addSearch, addFiles, addDownload, addList, addRemove, addPush])
    add(hub, context);
};

const JSON_OPTION = ['--json', 'print one JSON object a line, and nothing else'] as const;
const MODEL_ARGUMENT = ['<model>', 'organization/model'] as const;

interface JsonOption {
  json?: boolean;
}

async function openClient(): Promise<HubClient> {
  const { HubClient } = await import('../engine/hub/hubClient');
  return new HubClient(hubSettings(process.env));
}

/** Ctrl+C ends it in order, once. @returns the exit code */
async function interruptible(
  { out, exit }: CommandContext,
  action: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const cancelling = new AbortController();
  const cancel = () => cancelling.abort();
  process.once('SIGINT', cancel);
  process.once('SIGTERM', cancel);
  try {
    await action(cancelling.signal);
    exit(exitCode.done);
  } catch (error) {
    if (!cancelling.signal.aborted || !(error instanceof ProblemError)) throw error;
    exit(exitCode.stopped);
  } finally {
    out.status('');
    process.off('SIGINT', cancel);
    process.off('SIGTERM', cancel);
  }
}

const addSearch: AddCommand = (hub, context) => {
  hub
    .command('search')
    .description('find models by words, most downloaded first')
    .argument('[words...]', 'of the name')
    .option('--author <name>', 'only models of this organization or person')
    .option(
      '--tag <tag>',
      'only models with this tag, e.g. safetensors; may be repeated',
      collect,
      [],
    )
    .option('--limit <n>', 'at most so many', wholeNumber, 20)
    .option(...JSON_OPTION)
    .action(async (words: string[], options: SearchOptions) => {
      await interruptible(context, signal => search(words, options, context, signal));
    });
};

interface SearchOptions extends JsonOption {
  author?: string;
  tag: string[];
  limit: number;
}

async function search(
  words: string[],
  { author, tag, limit, json }: SearchOptions,
  { out, err }: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { searchModels } = await import('../engine/hub/searchModels');
  const found = await searchModels(await openClient(), {
    words: words.join(' '),
    ...(author !== undefined && { author }),
    tags: tag,
    limit,
    signal,
  });
  for (const model of found) {
    const { id, downloads, parameters, gated } = model;
    const size = parameters === undefined ? '' : `${amountText(parameters)} parameters`;
    const facts = [`${amountText(downloads)} downloads`, size, gated ? 'gated' : ''].filter(
      Boolean,
    );
    out.print(json ? JSON.stringify(model) : printable(`${id}  ${facts.join(', ')}`));
  }
  if (found.length === 0 && !json) err.print('Nothing was found. Try other words.');
}

const addFiles: AddCommand = (hub, context) => {
  hub
    .command('files')
    .description('list the files of a model on the hub')
    .argument(...MODEL_ARGUMENT)
    .option('--revision <name>', 'branch, tag or commit', 'main')
    .option(...JSON_OPTION)
    .action(async (id: string, { revision, json }: JsonOption & { revision: string }) => {
      await interruptible(context, async () => {
        const { listModelFiles } = await import('../engine/hub/modelFiles');
        const { files, commit } = await listModelFiles(await openClient(), id, revision);
        for (const { path, bytes, hash } of files) {
          const line = { path, bytes, [hash.kind]: hash.hex, commit };
          context.out.print(
            json ? JSON.stringify(line) : `${bytesText(bytes).padStart(10)}  ${path}`,
          );
        }
      });
    });
};

interface DownloadOptions extends JsonOption {
  revision: string;
  include: string[];
  exclude: string[];
  parallel: number;
}

const addDownload: AddCommand = (hub, context) => {
  addPatterns(
    hub
      .command('download')
      .description('download a model into the cache, or go on with what was cut off')
      .argument(...MODEL_ARGUMENT)
      .option('--revision <name>', 'branch, tag or commit', 'main'),
  )
    .option('--parallel <n>', 'files at the same time', wholeNumber, 4)
    .option(...JSON_OPTION)
    .action(async (id: string, options: DownloadOptions) => {
      await interruptible(context, signal => download(id, options, context, signal));
    });
};

const addPatterns = (command: Command): Command =>
  command
    .option(
      '--include <pattern>',
      'files to take, e.g. "*.gguf" or "onnx/", instead of config, tokenizer and weights; may be repeated',
      collect,
      [],
    )
    .option('--exclude <pattern>', 'files to leave; may be repeated', collect, []);

async function download(
  id: string,
  { json, ...options }: DownloadOptions,
  { out }: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { downloadModel } = await import('../engine/hub/downloadModel');
  const onProgress = json
    ? (progress: DownloadProgress) => out.print(JSON.stringify({ type: 'progress', ...progress }))
    : (progress: DownloadProgress) =>
        out.status(describeDownload(progress).slice(0, out.columns - 1));
  const model = await downloadModel(await openClient(), { id, ...options, onProgress, signal });
  out.status('');
  if (json) out.print(JSON.stringify({ type: 'done', ...model }));
  else {
    out.print(
      `${id}: ${countText(model.files.length)} files, ${bytesText(model.bytes)}, commit ${model.commit.slice(0, 8)}`,
    );
    out.print(model.dir);
  }
}

function describeDownload(progress: DownloadProgress): string {
  const { id, files, filesDone, bytes, bytesDone, bytesPerSecond, secondsLeft } = progress;
  const share = bytes === 0 ? 100 : Math.floor((100 * bytesDone) / bytes);
  return [
    `${id}  ${share} %`,
    `${bytesText(bytesDone)} of ${bytesText(bytes)}`,
    `${filesDone} of ${files} files`,
    ...(bytesPerSecond > 0 ? [`${bytesText(bytesPerSecond)}/s`] : []),
    ...(secondsLeft === undefined ? [] : [`${durationText(secondsLeft)} left`]),
  ].join('  ');
}

const addList: AddCommand = (hub, { out, err, exit }) => {
  hub
    .command('list')
    .description('list the models in the cache')
    .option(...JSON_OPTION)
    .action(({ json }: JsonOption) => {
      const { cacheDir } = hubSettings(process.env);
      const models = listCachedModels(cacheDir);
      for (const model of models) {
        const { id, bytes, revisions, unfinished } = model;
        const names = revisions.map(({ refs, commit }) => refs.join('+') || commit.slice(0, 8));
        const rest = unfinished > 0 ? `, ${bytesText(unfinished)} unfinished` : '';
        out.print(
          json
            ? JSON.stringify(model)
            : `${bytesText(bytes).padStart(10)}  ${id}  ${names.join(', ')}${rest}`,
        );
      }
      if (models.length === 0 && !json) err.print(`The cache ${cacheDir} has no models yet.`);
      exit(exitCode.done);
    });
};

const addRemove: AddCommand = (hub, { out, exit }) => {
  hub
    .command('remove')
    .description('remove a model from the cache')
    .argument(...MODEL_ARGUMENT)
    .option('--revision <name>', 'only this branch, tag or commit (its first 7 letters will do)')
    .option(...JSON_OPTION)
    .action((id: string, { revision, json }: JsonOption & { revision?: string }) => {
      const freed = removeCached(hubSettings(process.env).cacheDir, id, revision);
      out.print(json ? JSON.stringify({ id, freed }) : `${id}: ${bytesText(freed)} freed`);
      exit(exitCode.done);
    });
};

interface PushCommand extends JsonOption {
  runs: string;
  revision: string;
  include: string[];
  exclude: string[];
  public?: boolean;
  message?: string;
  baseModel?: string;
  license?: string;
  card: boolean;
  dryRun?: boolean;
}

const addPush: AddCommand = (hub, context) => {
  addPatterns(
    hub
      .command('push')
      .description('upload a model or adapter with a card that says how it was made')
      .argument('<source>', 'a model folder, a checkpoint, or a run (its best checkpoint)')
      .argument('<model>', 'organization/model on the hub; made if it is not there')
      .addOption(runsOption()),
  )
    .option('--revision <name>', 'branch', 'main')
    .option('--public', 'let everybody see a new model; only you otherwise')
    .option('--message <text>', 'of the commit')
    .option('--base-model <name>', "an adapter's base on the hub")
    .option('--license <name>', 'as the hub writes it: mit, apache-2.0, …')
    .option('--no-card', 'write no README.md')
    .option('--dry-run', 'show what would be sent')
    .option(...JSON_OPTION)
    .action(async (source: string, id: string, options: PushCommand) => {
      await interruptible(context, signal => push(source, id, options, context, signal));
    });
};

async function push(
  source: string,
  id: string,
  options: PushCommand,
  { out, err }: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { planPush, pushModel } = await import('../engine/hub/pushModel');
  const { json, dryRun, public: isPublic = false, runs, ...wanted } = options;
  const pushed: PushOptions = { ...wanted, dir: folderOf(source, runs), id, isPublic };
  const plan = planPush(pushed);
  const files = plan.files.map(({ path, bytes }) => ({ path, bytes }));
  if (json)
    out.print(
      JSON.stringify({ type: 'plan', id, files, bytes: plan.bytes, warnings: plan.warnings }),
    );
  else for (const { path, bytes } of files) out.print(`${bytesText(bytes).padStart(10)}  ${path}`);
  for (const warning of plan.warnings) if (!json) err.print(warning);
  if (dryRun) return;
  const onProgress = json
    ? (progress: PushProgress) => out.print(JSON.stringify({ type: 'progress', ...progress }))
    : (progress: PushProgress) => out.status(describePush(progress).slice(0, out.columns - 1));
  const done = await pushModel(await openClient(), plan, { ...pushed, onProgress, signal });
  out.status('');
  out.print(json ? JSON.stringify({ type: 'done', ...done }) : done.url);
}

function folderOf(source: string, runs: string): string {
  if (exists(disk, source)) return source;
  try {
    return chooseCheckpoint(findRun(runs, source), 'best').dir;
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== 'run.unknown') throw error;
    return fail('hub.nothing-to-push', `${source} is neither a folder nor a run in ${runs}.`, {
      file: source,
    });
  }
}

const describePush = ({ phase, bytes, bytesDone, path }: PushProgress): string =>
  [PHASE_WORDS[phase], `${bytesText(bytesDone)} of ${bytesText(bytes)}`, path ?? ''].join('  ');

const PHASE_WORDS = {
  preparing: 'Preparing',
  uploading: 'Uploading',
  committing: 'Committing',
} as const;

const collect = (value: string, before: string[]): string[] => [...before, value];

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A whole number of at least 1.');
}
