/**
 * The real view of a cache study in a real browser, answered by the real session over a real study on
 * the disk. Only VS Code itself is played.
 */
import { basename, join } from 'node:path';
import { listStudies } from '../../src/engine/cacheStudy/studyFiles';
import { CacheStudySession } from '../../src/host/cacheStudy/cacheStudySession';
import type { StudyHostMessage } from '../../src/protocol/cacheStudyView';
import type { EditorThemeName } from './editorThemes';
import { type ViewPage, openViewPage } from './viewPage';

export interface CacheStudyLabOptions {
  /** Folder of the studies. */
  runsDir: string;
  theme?: EditorThemeName;
  size?: { width: number; height: number };
  memory?: unknown;
  isTrusted?: boolean;
}

export interface CacheStudyLab extends Omit<ViewPage, 'deliver'> {
  /** What the session had done, newest last. */
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  session(): CacheStudySession;
  /** Loads the page anew with a session of its own, as after it was hidden. */
  reload(): Promise<void>;
}

export async function openCacheStudyLab(options: CacheStudyLabOptions): Promise<CacheStudyLab> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  const called = (...call: readonly [string, ...unknown[]]) =>
    Promise.resolve(void calls.push(call));
  const view = await openViewPage({
    view: 'cacheStudy',
    title: 'Cache study',
    ...options,
    receive: message => session.receive(message),
  });
  const makeSession = () =>
    new CacheStudySession({
      post: (message: StudyHostMessage) => view.deliver(message),
      ports: {
        isTrusted: options.isTrusted ?? true,
        list: () =>
          Promise.resolve(
            listStudies(options.runsDir).map(dir => {
              const id = join('runs', basename(dir));
              return { id, title: basename(dir), dir };
            }),
          ),
        runAgain: path => called('runAgain', path),
        openConfig: path => called('openConfig', path),
        manageTrust: () => called('trust'),
        save: async (name, kind, text) => {
          await called('save', name, kind, text);
          return name;
        },
        copy: text => called('copy', text),
      },
    });
  let session = makeSession();
  await view.open();
  return {
    ...view,
    calls,
    session: () => session,
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
