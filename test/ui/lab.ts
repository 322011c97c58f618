/**
 * One VS Code window with the installed extension and a workspace of its own. Closing it ends every
 * run that was started in it. Knows the workbench's address, not its elements.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest';
import { readManifest, root } from '../../scripts/project';
import { launchBrowser } from '../../scripts/vscode/launchBrowser';
import { removeFolder } from '../../scripts/vscode/removeFolder';
import { startCodeServer, type RunningServer } from '../../scripts/vscode/startCodeServer';
import { openFile, untilCalm, untilReady } from './workbench';

export interface LabOptions {
  /** Puts files into the empty workspace. */
  write?: (folder: string) => void;
  settings?: Record<string, unknown>;
  asksForTrust?: boolean;
  size?: { width: number; height: number };
  /** Each test goes on where the one before ended: after one that fails the others are skipped. */
  isStory?: boolean;
}

export interface Lab {
  readonly page: Page;
  readonly workspace: string;
  readonly server: RunningServer;
  /** Addresses outside this machine that the window asked for. */
  readonly externalRequests: readonly string[];
  /** Errors of our views in the browser's console, and what their policy refused. */
  readonly consoleErrors: readonly string[];
  /** Opens a file of the workspace in an editor. */
  openFile(name: string): Promise<void>;
  /** Keeps a picture for people in `artifacts/ui`: of the window, or of a part of it. */
  picture(name: string, part?: Locator): Promise<void>;
  close(): Promise<void>;
}

/**
 * A lab for all tests of a file, opened before the first and closed after the last. A test that
 * fails leaves a picture and what the runs said in `artifacts/ui/failed`.
 * @returns gives the lab, from the first test on
 */
export function useLab(options: LabOptions = {}): () => Lab {
  let lab: Lab | undefined;
  let hasFailed = false;
  const opened = (): Lab => {
    if (!lab) throw new Error('The lab opens before the first test.');
    return lab;
  };
  beforeAll(async () => {
    lab = await openLab(options);
  });
  beforeEach(context => {
    if (options.isStory && hasFailed) context.skip('An earlier part of the story failed.');
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    hasFailed = true;
    await opened().picture(`failed/${task.name}`);
    await keepRuns(
      opened().workspace,
      join(root, 'artifacts', 'ui', 'failed', `${task.name} runs`),
    );
  });
  afterAll(async () => lab?.close());
  return opened;
}

export async function openLab(options: LabOptions = {}): Promise<Lab> {
  const { server: program, extensions } = inject('installed');
  const home = await mkdtemp(join(tmpdir(), 'weightroom-lab-'));
  const workspace = join(home, 'lab');
  await mkdir(workspace);
  options.write?.(workspace);
  const server = await startCodeServer(program, {
    profile: join(home, 'profile'),
    extensions,
    ...(options.settings && { settings: options.settings }),
    asksForTrust: options.asksForTrust ?? false,
  });
  const browser = await launchBrowser(options.size);
  const consoleErrors = collectErrors(browser.page);
  const close = async () => {
    await browser.close();
    await server.stop();
    endRuns(workspace);
    await removeFolder(home);
  };
  try {
    await browser.page.goto(server.addressOf(workspace), { waitUntil: 'domcontentloaded' });
    await untilReady(browser.page);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    page: browser.page,
    workspace,
    server,
    externalRequests: browser.externalRequests,
    consoleErrors,
    openFile: name => openFile(browser.page, join(workspace, name)),
    picture: async (name, part) => {
      const path = join(root, 'artifacts', 'ui', `${name}.png`);
      await mkdir(dirname(path), { recursive: true });
      await untilCalm(browser.page);
      await (part ?? browser.page).screenshot({ path, animations: 'disabled' });
    },
    close,
  };
}

/** The small files of each run: its log, its events, its lease. */
async function keepRuns(workspace: string, target: string): Promise<void> {
  const runs = join(workspace, 'runs');
  if (!existsSync(runs)) return;
  const filter = (path: string) => !path.includes('checkpoints');
  await cp(runs, target, { recursive: true, filter });
}

/** The workbench logs much of its own in a browser without internet: only what is ours counts. */
function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  const isOurs = (text: string, source: string) =>
    /Content Security Policy/.test(text) || source.includes('/dist/webview/');
  page.on('pageerror', error => {
    if (isOurs(error.message, error.stack ?? '')) errors.push(error.message);
  });
  page.on('console', message => {
    if (message.type() === 'error' && isOurs(message.text(), message.location().url)) {
      errors.push(message.text());
    }
  });
  return errors;
}

/** Runs outlive their window by design; a test's must not outlive the test. */
function endRuns(workspace: string): void {
  const runs = join(workspace, 'runs');
  for (const id of existsSync(runs) ? readdirSync(runs) : []) {
    const pid = ownerOf(join(runs, id));
    if (pid === undefined) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
}

/** The installed extension's folder; its name ends in version and platform. */
export function installedHome(): string {
  const { extensions } = inject('installed');
  const { publisher, name } = readManifest();
  const folder = readdirSync(extensions).find(one => one.startsWith(`${publisher}.${name}-`));
  if (folder === undefined) throw new Error(`The extension is not in ${extensions}.`);
  return join(extensions, folder);
}

export function installedCli(): string {
  return join(installedHome(), 'dist', 'cli.cjs');
}

/** Process that holds a run's lease, if one does. */
export function ownerOf(runFolder: string): number | undefined {
  try {
    const lease = readFileSync(join(runFolder, 'lease.json'), 'utf8');
    return (JSON.parse(lease) as { pid?: number }).pid;
  } catch {
    return undefined; // there is none, or it goes away just now
  }
}
