/**
 * The real view of an evaluation in a real browser, answered by the real host-side session over real
 * folders. Only VS Code itself is played, and the process that evaluates.
 */
import { EventEmitter } from 'node:events';
import { basename, dirname } from 'node:path';
import { compareFolders } from '../../src/host/evaluation/compareFolders';
import { EvaluationReader } from '../../src/host/evaluation/evaluationReader';
import {
  type EvaluationPorts,
  EvaluationSession,
} from '../../src/host/evaluation/evaluationSession';
import type { KnownEvaluation } from '../../src/host/evaluationStore';
import type { HostMessage } from '../../src/protocol/evaluationView';
import type { EditorThemeName } from './editorThemes';
import { type ViewPage, openViewPage } from './viewPage';

export interface EvaluationLabOptions {
  dir: string;
  /** Folders of the other evaluations that the window knows. */
  others?: readonly string[];
  theme?: EditorThemeName;
  size?: { width: number; height: number };
  memory?: unknown;
  lostMessages?: number;
  isTrusted?: boolean;
}

export interface EvaluationLab extends Omit<ViewPage, 'deliver'> {
  /** What the session had done, newest last. */
  readonly calls: (readonly [name: string, ...args: unknown[]])[];
  /** Messages that it posted. */
  readonly posted: readonly HostMessage[];
  session(): EvaluationSession;
  /** The window learns something new of the evaluation that is shown. */
  change(patch: Partial<KnownEvaluation>): Promise<void>;
  setTrusted(isTrusted: boolean): Promise<void>;
  /** Loads the page anew with a session of its own, as after it was hidden. */
  reload(): Promise<void>;
  /** Settles when everything that was asked for is there and drawn. */
  rest(): Promise<void>;
}

export async function openEvaluationLab(options: EvaluationLabOptions): Promise<EvaluationLab> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  const posted: HostMessage[] = [];
  const told = new EventEmitter();
  const known = [options.dir, ...(options.others ?? [])].map(knownAt);
  let isTrusted = options.isTrusted ?? true;
  const note =
    (name: string) =>
    (...args: unknown[]) =>
      Promise.resolve(void calls.push([name, ...args]));
  const ports: EvaluationPorts = {
    get isTrusted() {
      return isTrusted;
    },
    labelOf: path => `${basename(dirname(path))}/${basename(path)}`,
    runAgain: (_dir, _plan, indices) => note('runAgain')(indices),
    resume: note('resume'),
    stop: note('stop'),
    openInSandbox: note('openInSandbox'),
    openText: note('openText'),
    openTrace: note('openTrace'),
    openConfig: note('openConfig'),
    save: (name, kind, text) => {
      calls.push(['save', name, kind, text]);
      return Promise.resolve(`${name}.${kind}`);
    },
    copy: note('copy'),
    manageTrust: note('manageTrust'),
  };
  const view = await openViewPage({
    view: 'evaluation',
    title: basename(options.dir),
    ...options,
    receive: message => session.receive(message),
  });
  const makeSession = () =>
    new EvaluationSession({
      dir: options.dir,
      store: {
        evaluations: known,
        onDidChange: listener => {
          told.on('change', listener);
          return { dispose: () => void told.off('change', listener) };
        },
      },
      ports,
      compare: compareFolders,
      post: message => {
        posted.push(message);
        view.deliver(message);
      },
    });
  let session = makeSession();
  await view.open();
  const follow = async () => {
    told.emit('change');
    await session.follow();
    await view.idle();
  };
  return {
    ...view,
    calls,
    posted,
    rest: view.idle,
    session: () => session,
    change: async patch => {
      known[0] = { ...known[0]!, ...patch };
      await follow();
    },
    setTrusted: async trusted => {
      isTrusted = trusted;
      await follow();
    },
    reload: async () => {
      session.dispose();
      session = makeSession();
      await view.page.reload();
    },
    close: async () => {
      session.dispose();
      await view.close();
    },
  };
}

/** As the window's own look at the folder finds it. */
function knownAt(dir: string): KnownEvaluation {
  const { plan } = new EvaluationReader(dir);
  return {
    id: basename(dir),
    dir,
    runDir: undefined,
    plan,
    state: 'stopped',
    progress: null,
    problem: null,
    description: '',
    report: undefined,
  };
}
