/** A sandbox without a view: the real session, the real engine process, models that were trained. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { ProblemError } from '../../../src/engine/problem';
import { SupervisedEngine } from '../../../src/host/engine';
import { forkEngine } from '../../../src/host/forkEngine';
import { SandboxFiles } from '../../../src/host/sandbox/sandboxFiles';
import { SandboxSession } from '../../../src/host/sandbox/sandboxSession';
import type {
  Exchange,
  HostMessage,
  Outcome,
  PickedModel,
  RequestName,
  Requests,
  Sampling,
} from '../../../src/protocol/sandboxView';
import { bundle } from '../../durability/bundle';
import { scratchFolder } from '../../durability/scratchFolder';
import { modelAt } from '../../webview/sandboxLab';
import { trainedModels } from '../../webview/trainedModels';

export interface Scene {
  readonly session: SandboxSession;
  readonly engine: SupervisedEngine;
  readonly posted: HostMessage[];
  readonly calls: unknown[][];
  readonly folder: string;
  isTrusted: boolean;
  /** Rejects with the host's words. */
  ask<Name extends RequestName>(
    name: Name,
    params: Requests[Name]['params'],
  ): Promise<Requests[Name]['result']>;
  /** Of the column at that place, in the last exchange of the mode. */
  outcome(column?: number): Outcome;
  exchange(): Exchange;
  sample(patch: Partial<Sampling>): Promise<null>;
  /** Settles when everything is written. */
  written(): Promise<void>;
  until(claim: () => boolean): Promise<void>;
  /** With a session of its own on the same disk. */
  reopened(): SandboxSession;
}

export const PROBLEM =
  '### Question:\nMia has 4 bags with 6 pens in each. How many pens does Mia have?\n\n### Answer:\n';

/** Called while a test file is collected. */
export function sandboxScene() {
  const enginePath = bundle('src/engineProcess/main.ts');
  const folder = scratchFolder();
  const models = trainedModels();
  const open: Scene[] = [];
  let count = 0;
  afterEach(async () => {
    for (const { session, engine } of open.splice(0)) {
      session.dispose();
      await engine.rest();
      engine.dispose();
    }
  });
  const early = modelAt(models.early, 'tiny, step 120', models.workspace);
  const late = modelAt(models.late, 'tiny, step 240', models.workspace);
  const chat = modelAt(models.chat, 'chat-model', models.workspace);
  return {
    models: { early, late, chat },
    workspace: models.workspace,
    /** @param picked are chosen for the columns, of which there are as many */
    async start(...picked: PickedModel[]): Promise<Scene> {
      const scene = makeScene(enginePath, join(folder, String(count++)));
      open.push(scene);
      await scene.ask('ready', null);
      for (const model of picked) await scene.session.show(model, 'beside');
      await scene.ask('edit', { prompt: PROBLEM });
      await scene.sample({ maxTokens: 40, seed: 5 });
      return scene;
    },
  };
}

function makeScene(enginePath: string, folder: string): Scene {
  const posted: HostMessage[] = [];
  const calls: unknown[][] = [];
  const replies = new Map<number, (message: HostMessage) => void>();
  let asked = 0;
  const requireTrust = () => {
    if (scene.isTrusted) return;
    const [code, message] = ['host.untrusted', 'This folder is in Restricted Mode.'];
    throw new ProblemError({ code, severity: 'error', message, where: {} });
  };
  const engine = new SupervisedEngine({
    fork: () => {
      requireTrust();
      return forkEngine(enginePath, process.execPath);
    },
    log: () => undefined,
  });
  const make = (post: (message: HostMessage) => void) =>
    new SandboxSession({
      engine,
      files: new SandboxFiles(folder),
      post,
      log: error => calls.push(['log', String(error)]),
      ports: {
        get isTrusted() {
          return scene.isTrusted;
        },
        terminal: { shell: 'posix', python: null },
        requireTrust,
        chooseModel: (present, what) => {
          calls.push(['chooseModel', present?.dir, what]);
          return Promise.resolve(null);
        },
        copy: text => Promise.resolve(void calls.push(['copy', text])),
        saveJson: text => Promise.resolve(String(calls.push(['saveJson', text]))),
        appendExample: line => Promise.resolve(String(calls.push(['appendExample', line]))),
        manageTrust: () => Promise.resolve(void calls.push(['trust'])),
      },
    });
  const session = make(message => {
    posted.push(message);
    if (message.type === 'reply') replies.get(message.id)?.(message);
  });
  const scene: Scene = {
    session,
    engine,
    posted,
    calls,
    folder,
    isTrusted: true,
    ask: (request, params) =>
      new Promise((resolve, reject) => {
        const id = asked++;
        replies.set(id, message => {
          if (message.type !== 'reply') return;
          if ('error' in message)
            reject(new Error(`${message.error.code}: ${message.error.message}`));
          else resolve(message.value as never);
        });
        void session.receive({ id, request, params });
      }),
    exchange: () => {
      const { exchanges, mode } = session.document;
      return exchanges.filter(each => each.mode === mode).at(-1)!;
    },
    outcome: (column = 0) => {
      const { id } = session.document.columns[column]!;
      return scene.exchange().outcomes.find(each => each.column === id)!;
    },
    sample: patch => scene.ask('edit', { sampling: { ...session.document.sampling, ...patch } }),
    until: async claim => {
      while (!claim()) await sleep(5);
    },
    written: () =>
      scene.until(
        () =>
          (scene.exchange() as Exchange | undefined)?.outcomes.every(
            ({ status }) => status.kind === 'ended' || status.kind === 'failed',
          ) ?? false,
      ),
    reopened: () => make(() => undefined),
  };
  return scene;
}
