/**
 * The real view of adapters in a real browser, answered by the real host-side session over real files
 * in its thread. Only VS Code itself is played.
 */
import { basename } from 'node:path';
import {
  type AdapterPorts,
  AdapterSession,
  type PickedAdapter,
} from '../../src/host/adapter/adapterSession';
import type { AdapterHostMessage } from '../../src/protocol/adapterView';
import type { EditorThemeName } from './editorThemes';
import { openViewPage, type ViewPage } from './viewPage';

export interface AdapterLabOptions {
  adapters: readonly string[];
  theme?: EditorThemeName;
  size?: { width: number; height: number };
  memory?: unknown;
  chooseAdapter?: () => string | undefined;
  chooseBase?: () => string | undefined;
}

export interface AdapterLab extends Omit<ViewPage, 'deliver'> {
  /** What the session had done, newest last. */
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  /** Any message, as a page could send it. */
  receive(message: unknown): Promise<void>;
  /** Settles when everything is read and drawn. */
  rest(): Promise<void>;
}

const picked = (path: string): PickedAdapter => ({ path, name: basename(path) });

export async function openAdapterLab(options: AdapterLabOptions): Promise<AdapterLab> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  const view = await openViewPage({
    view: 'adapter',
    title: 'Adapter',
    ...options,
    receive: message => session.receive(message),
  });
  const ports: AdapterPorts = {
    copy: text => Promise.resolve(void calls.push(['copy', text])),
    save: (name, text) => {
      calls.push(['save', name, text]);
      return Promise.resolve(name);
    },
    chooseAdapter: () => {
      const path = options.chooseAdapter?.();
      return Promise.resolve(path === undefined ? undefined : picked(path));
    },
    chooseBase: named => {
      calls.push(['chooseBase', named]);
      return Promise.resolve(options.chooseBase?.());
    },
    shows: adapters => void calls.push(['shows', ...adapters.map(({ name }) => name)]),
  };
  const adapters = options.adapters.map(picked);
  const session = new AdapterSession({
    ...{ adapters, ports, cacheDir: '/none' },
    post: (message: AdapterHostMessage) => view.deliver(message),
  });
  await view.open();
  await session.show(adapters);
  await view.idle();
  return {
    ...view,
    calls,
    receive: message => session.receive(message),
    rest: async () => {
      while (session.snapshot.isReading || session.snapshot.base !== null)
        await new Promise(resolve => setTimeout(resolve, 20));
      await view.idle();
    },
    close: async () => {
      session.dispose();
      await view.close();
    },
  };
}
