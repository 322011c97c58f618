/** Downloads of models, each in a process of its own. Knows nothing of what the user sees. */
import type { ChildProcess } from 'node:child_process';
import * as vscode from 'vscode';
import type { DownloadedModel, DownloadProgress } from '../../engine/hub/downloadModel';
import type { HubSettings } from '../../engine/hub/hubSettings';
import { environmentOf, follow, type StartHub } from './hubProcess';

export interface Download {
  readonly id: string;
  readonly revision: string;
  /** Exact files; without them, those that a model is used with. */
  readonly files?: readonly string[];
}

export interface DownloadOptions {
  readonly settings: HubSettings;
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly token: vscode.CancellationToken;
}

export class Downloads implements vscode.Disposable {
  readonly #changes = new vscode.EventEmitter<void>();
  /** One has begun, has come further or has ended. */
  readonly onDidChange = this.#changes.event;
  readonly #running = new Map<string, { child: ChildProcess; progress?: DownloadProgress }>();

  constructor(private readonly start: StartHub) {}

  /** Models that are being downloaded. */
  get active(): string[] {
    return [...this.#running.keys()];
  }

  progressOf(id: string): DownloadProgress | undefined {
    return this.#running.get(id)?.progress;
  }

  dispose(): void {
    for (const { child } of this.#running.values()) child.kill();
    this.#changes.dispose();
  }

  /** @throws `hub.…` and `disk.…` of the process, CancellationError */
  async run(download: Download, options: DownloadOptions): Promise<DownloadedModel> {
    const { id } = download;
    if (this.#running.has(id)) throw new Error(vscode.l10n.t('{0} is being downloaded.', id));
    const child = this.start(argumentsOf(download), environmentOf(options.settings));
    const running: { child: ChildProcess; progress?: DownloadProgress } = { child };
    this.#running.set(id, running);
    let done: DownloadedModel | undefined;
    const onSaid = (said: Said) => {
      if (said.type === 'done') done = said;
      else {
        running.progress = said;
        options.onProgress(said);
        this.#changes.fire();
      }
    };
    try {
      await follow<Said>(child, { onSaid, token: options.token });
      if (done) return done;
      throw new Error(vscode.l10n.t('The process ended without a word.'));
    } finally {
      this.#running.delete(id);
      this.#changes.fire();
    }
  }
}

const argumentsOf = ({ id, revision, files }: Download): string[] => [
  ...['download', id, '--revision', revision, '--json'],
  ...(files ?? []).flatMap(path => ['--include', asPattern(path)]),
];

/** A name is not a pattern: its stars and brackets stand for themselves. */
const asPattern = (path: string): string => path.replace(/[*?[]/g, '[$&]');

type Said = ({ type: 'progress' } & DownloadProgress) | ({ type: 'done' } & DownloadedModel);
