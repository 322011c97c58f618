/**
 * The real sandbox view in a real browser, answered by the real session with the real engine process
 * and models that were trained. Only VS Code itself is played.
 */
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ProblemError } from '../../src/engine/problem';
import { SupervisedEngine } from '../../src/host/engine';
import { forkEngine } from '../../src/host/forkEngine';
import { pickedModel } from '../../src/host/sandbox/describeModel';
import { SandboxFiles } from '../../src/host/sandbox/sandboxFiles';
import { SandboxSession } from '../../src/host/sandbox/sandboxSession';
import type { HostMessage, PickedModel } from '../../src/protocol/sandboxView';
import { bundle } from '../durability/bundle';
import { scratchFolder } from '../durability/scratchFolder';
import type { EditorThemeName } from './editorThemes';
import { type ViewPage, openViewPage } from './viewPage';

export interface SandboxLabOptions {
  theme?: EditorThemeName;
  size?: { width: number; height: number };
  memory?: unknown;
  lostMessages?: number;
  isTrusted?: boolean;
}

export interface SandboxLab extends Omit<ViewPage, 'deliver'> {
  readonly engine: SupervisedEngine;
  /** What the session had done, newest last. */
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  /** Where it saves. */
  readonly folder: string;
  session(): SandboxSession;
  /** The models that are chosen next, in order. */
  willChoose(...models: PickedModel[]): void;
  trust(isTrusted: boolean): void;
  /** As the setting says. */
  choosePython(path: string | undefined): void;
  /** Loads the page anew with a session of its own, as after the window was closed. */
  reload(): Promise<void>;
  /** Settles when nothing is written any more. */
  untilWritten(): Promise<void>;
  /** Forgets everything with the next `reload`. */
  empty(): void;
}

/** @param base of the paths that are shown */
export const modelAt = (dir: string, title: string, base: string): PickedModel =>
  pickedModel({ dir, title, short: title }, { labelOf: path => relative(base, path) });

/** Called while a test file is collected: what it bundles goes when the file is over. */
export function sandboxLab(): (options?: SandboxLabOptions) => Promise<SandboxLab> {
  const enginePath = bundle('src/engineProcess/main.ts');
  const folder = scratchFolder();
  let labs = 0;
  return options => openLab(enginePath, join(folder, String(labs++)), options);
}

async function openLab(
  enginePath: string,
  folder: string,
  options: SandboxLabOptions = {},
): Promise<SandboxLab> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  const choices: PickedModel[] = [];
  let isTrusted = options.isTrusted ?? true;
  let python: string | undefined;
  let isEmptied = false;
  let isLeaving = false;
  const requireTrust = () => {
    if (isTrusted) return;
    const message = 'This folder is in Restricted Mode.';
    throw new ProblemError({ code: 'host.untrusted', severity: 'error', message, where: {} });
  };
  const engine = new SupervisedEngine({
    fork: () => {
      requireTrust();
      return forkEngine(enginePath, process.execPath);
    },
    log: text => calls.push(['log', text]),
    python: () => python,
  });
  const view = await openViewPage({
    view: 'sandbox',
    title: 'Sandbox',
    ...options,
    // What a page says while it goes away was said to a session that is gone.
    receive: message => (isLeaving ? undefined : session.receive(message)),
  });
  const written = (
    name: string,
    content: string,
    write: (path: string, content: string) => void,
  ) => {
    const path = join(folder, name);
    write(path, content);
    calls.push([name, content]);
    return Promise.resolve(name);
  };
  const makeSession = () =>
    new SandboxSession({
      engine,
      files: new SandboxFiles(folder),
      post: (message: HostMessage) => view.deliver(message),
      log: error => calls.push(['log', String(error)]),
      ports: {
        get isTrusted() {
          return isTrusted;
        },
        get terminal() {
          return { shell: 'posix', python: python ?? null } as const;
        },
        requireTrust,
        chooseModel: (_, what) => {
          calls.push(['chooseModel', what]);
          return Promise.resolve(choices.shift() ?? null);
        },
        copy: text => Promise.resolve(void calls.push(['copy', text])),
        saveJson: text => written('sandbox.json', text, writeFileSync),
        appendExample: line => written('examples.jsonl', line, appendFileSync),
        manageTrust: () => Promise.resolve(void calls.push(['trust'])),
      },
    });
  let session = makeSession();
  await view.open();
  const isWritten = () => {
    const { exchanges, mode } = session.document;
    const last = exchanges.filter(exchange => exchange.mode === mode).at(-1);
    return last?.outcomes.every(({ status }) => /^(ended|failed)$/.test(status.kind)) ?? false;
  };
  const untilWritten = async () => {
    // What was just asked for has to be known to the session.
    await view.idle();
    while (!isWritten()) await view.page.waitForTimeout(20);
    await view.page.locator('.caret').first().waitFor({ state: 'detached' });
    await view.idle();
  };
  return {
    ...view,
    engine,
    calls,
    folder,
    session: () => session,
    willChoose: (...models) => choices.push(...models),
    trust: trusted => {
      isTrusted = trusted;
      session.follow();
    },
    choosePython: path => {
      python = path;
      session.follow();
    },
    untilWritten,
    empty: () => (isEmptied = true),
    reload: async () => {
      session.dispose();
      if (isEmptied) rmSync(folder, { recursive: true, force: true });
      isEmptied = false;
      session = makeSession();
      isLeaving = true;
      view.page.once('framenavigated', () => (isLeaving = false));
      await view.page.reload();
    },
    close: async () => {
      session.dispose();
      await view.close();
      await engine.rest();
      engine.dispose();
    },
  };
}
