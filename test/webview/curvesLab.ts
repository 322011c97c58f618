/**
 * The real curves bundle in a real browser, answered by the real host-side session over run folders
 * on disk. Only VS Code itself is played: its theme, its message channel, its dialogs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Slots, assignSlots } from '../../src/curves/seriesStyle';
import { type CurvesPorts, CurvesSession } from '../../src/host/curves/curvesSession';
import { RunFollower } from '../../src/host/runs/followRuns';
import type { RunView } from '../../src/host/runs/runStore';
import type { EditorThemeName } from './editorThemes';
import { type ViewPage, openViewPage } from './viewPage';

export interface CurvesLabOptions {
  /** Fills the empty runs folder. */
  write?(runsDir: string): void;
  /** An existing runs folder instead of a new one. */
  runsDir?: string;
  theme?: EditorThemeName;
  size?: { width: number; height: number };
  /** Runs to open; default: the newest. */
  runs?: readonly string[];
  isTrusted?: boolean;
  /** Changes what the store says of a run: a log alone cannot say that a process lives. */
  seen?(run: RunView): Partial<RunView>;
  /** What the view remembers. */
  memory?: unknown;
  /** How many of the view's first messages get lost. */
  lostMessages?: number;
  /** Measures want messages to take a quick way. */
  isQuick?: boolean;
}

type Call = readonly [name: string, ...args: unknown[]];

export interface CurvesLab extends Omit<ViewPage, 'deliver'> {
  readonly runsDir: string;
  /** What the session had done, newest last. */
  readonly calls: readonly Call[];
  session(): CurvesSession;
  /** Loads the page anew, as after it was hidden; does not wait until it is idle. */
  reload(): Promise<void>;
}

export async function openCurvesLab(options: CurvesLabOptions = {}): Promise<CurvesLab> {
  const runsDir = options.runsDir ?? mkdtempSync(join(tmpdir(), 'weightroom-curves-'));
  options.write?.(runsDir);
  const calls: Call[] = [];
  const view = await openViewPage({
    view: 'curves',
    title: 'Loss curves',
    ...options,
    receive: message => host.session.receive(message),
  });
  const host = await playHost(view, runsDir, calls, options);
  await view.open();
  return {
    ...view,
    runsDir,
    calls,
    session: () => host.session,
    reload: async () => {
      host.restart();
      await view.page.reload();
    },
    close: async () => {
      host.dispose();
      await view.close();
      if (!options.runsDir) rmSync(runsDir, { recursive: true });
    },
  };
}

/** The session as the extension makes it, over the follower that the extension uses. */
async function playHost(view: ViewPage, runsDir: string, calls: Call[], options: CurvesLabOptions) {
  let session: CurvesSession | undefined;
  let slots: Slots = {};
  const follower = new RunFollower(
    () => [runsDir],
    () => session?.follow(),
  );
  await follower.refresh();
  const store = {
    get runs(): RunView[] {
      return follower.runs.map(run => asSeen(run, options));
    },
    get: (id: string) => store.runs.find(run => run.id === id),
  };
  const slotOf = (id: string): number => {
    slots = assignSlots(slots, [...Object.keys(slots), id]);
    return slots[id] ?? 0;
  };
  const makeSession = () =>
    new CurvesSession({
      source: { store, slotOf, labelOf: path => path.replace('/lab/', '') },
      ports: recordingPorts(calls, options),
      runs: options.runs ?? [],
      post: message => view.deliver(message),
    });
  session = makeSession();
  return {
    get session() {
      return session ?? makeSession();
    },
    restart() {
      session?.dispose();
      session = makeSession();
    },
    dispose() {
      session?.dispose();
      follower.dispose();
    },
  };
}

function asSeen(run: RunView, { seen }: CurvesLabOptions): RunView {
  const facts: Partial<Record<string | symbol, unknown>> = seen?.(run) ?? {};
  return new Proxy(run, {
    get: (target, key): unknown => (key in facts ? facts[key] : Reflect.get(target, key, target)),
  });
}

function recordingPorts(calls: Call[], { isTrusted = true }: CurvesLabOptions): CurvesPorts {
  const record =
    (name: string) =>
    (...args: unknown[]): Promise<void> => {
      calls.push([name, ...args]);
      return Promise.resolve();
    };
  return {
    isTrusted,
    chooseRuns: opened => record('chooseRuns')(opened).then(() => []),
    act: record('act'),
    start: record('start'),
    compareConfigs: record('compareConfigs'),
    showEvent: record('showEvent'),
    copy: record('copy'),
    save: (kind, content) => record('save')(kind, content).then(() => `loss.${kind}`),
  };
}
