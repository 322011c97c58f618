/**
 * The view of cache studies from the host's side: answers its requests, each exactly once, and posts
 * what changes. Reads the folders of studies; can be thrown away with the view at any moment. Knows
 * nothing of VS Code.
 */
import { existsSync } from 'node:fs';
import { readStudy, readTokenErrors } from '../../engine/cacheStudy/studyFiles';
import { ProblemError } from '../../engine/problem';
import type { StudyReport } from '../../protocol/cacheStudy';
import type {
  ExportKind,
  StudyActivity,
  StudyEntry,
  StudyHostMessage,
  StudyRequestMessage,
  StudyRequests,
  StudySnapshot,
} from '../../protocol/cacheStudyView';
import { reply, viewProblem } from '../viewReply';
import { exportText } from './exportStudy';
import { parseRequest } from './requests';

/** Where a study lies; its id is how people name it here. */
export interface FoundStudy extends StudyEntry {
  readonly dir: string;
}

/** What the view can have done to the world. */
export interface StudyPorts {
  readonly isTrusted: boolean;
  /** Newest first. */
  list(): Promise<readonly FoundStudy[]>;
  runAgain(configPath: string): Promise<void>;
  openConfig(configPath: string): Promise<void>;
  manageTrust(): Promise<void>;
  /** @returns the file's name; null when the user thought better of it */
  save(name: string, kind: ExportKind, text: string): Promise<string | null>;
  copy(text: string): Promise<void>;
}

export interface StudySessionOptions {
  ports: StudyPorts;
  post(message: StudyHostMessage): void;
  /** The study to begin with; the newest when none is named. */
  study?: string | undefined;
}

export class CacheStudySession {
  readonly #options: StudySessionOptions;
  #shown: string | undefined;
  #activity: StudyActivity = { kind: 'idle' };
  #isAsked = false;

  constructor(options: StudySessionOptions) {
    this.#options = options;
    this.#shown = options.study;
  }

  /** Shows another study, or the newest. */
  show(study: string | undefined): void {
    this.#shown = study;
    void this.#post();
  }

  become(activity: StudyActivity): void {
    this.#activity = activity;
    void this.#post();
  }

  /** The page is seen again, or studies came or went. */
  resume(): void {
    void this.#post();
  }

  pause(): void {
    // nothing goes on by itself
  }

  dispose(): void {
    this.#isAsked = false;
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, error =>
      viewProblem(error, 'cache.failed'),
    );
  }

  async #answer(
    message: StudyRequestMessage,
  ): Promise<StudyRequests[StudyRequestMessage['request']]['result']> {
    const { ports } = this.#options;
    switch (message.request) {
      case 'ready':
        this.#isAsked = true;
        this.#shown ??= message.params.study ?? undefined;
        return this.#snapshot();
      case 'show':
        this.#shown = message.params.study;
        return this.#snapshot();
      case 'other':
        return readStudy((await this.#found(message.params.study)).dir);
      case 'tokens': {
        const { study, ...of } = message.params;
        const errors = readTokenErrors((await this.#found(study)).dir, of);
        return errors.buffer.slice(
          errors.byteOffset,
          errors.byteOffset + errors.byteLength,
        ) as ArrayBuffer;
      }
      case 'runAgain':
        void ports.runAgain(await this.#config()); // it tells how it goes itself
        return null;
      case 'openConfig':
        return done(ports.openConfig(await this.#config()));
      case 'manageTrust':
        return done(ports.manageTrust());
      case 'export': {
        const { id, dir } = await this.#current();
        const { kind } = message.params;
        const name = id.slice(id.lastIndexOf('/') + 1);
        return ports.save(`${name}.${kind}`, kind, exportText(readStudy(dir), kind));
      }
      case 'copy':
        return done(ports.copy(message.params.text));
    }
  }

  async #post(): Promise<void> {
    if (!this.#isAsked) return;
    this.#options.post({ type: 'snapshot', snapshot: await this.#snapshot() });
  }

  async #snapshot(): Promise<StudySnapshot> {
    const { ports } = this.#options;
    const found = await ports.list();
    const entry = found.find(({ id }) => id === this.#shown) ?? found[0];
    const { report, problem } = entry ? read(entry.dir) : { report: null, problem: null };
    return {
      shown: entry && report ? { id: entry.id, title: entry.title, report } : null,
      studies: found.map(({ id, title }) => ({ id, title })),
      activity: this.#activity,
      problem,
      isTrusted: ports.isTrusted,
    };
  }

  async #current(): Promise<FoundStudy> {
    const found = await this.#options.ports.list();
    const entry = found.find(({ id }) => id === this.#shown) ?? found[0];
    if (!entry) throw new Error('There is no cache study here.');
    return entry;
  }

  /** Of the study that is shown. */
  async #config(): Promise<string> {
    const { dir } = await this.#current();
    const { config_path } = readStudy(dir);
    if (config_path === undefined || !existsSync(config_path))
      throw new Error(`The config of this study is gone: ${config_path ?? 'it has none'}.`);
    return config_path;
  }

  /** Only what is in the list can be named. */
  async #found(study: string): Promise<FoundStudy> {
    const entry = (await this.#options.ports.list()).find(({ id }) => id === study);
    if (!entry) throw new Error(`There is no cache study ${study} any more.`);
    return entry;
  }
}

function read(dir: string): { report: StudyReport | null; problem: string | null } {
  try {
    return { report: readStudy(dir), problem: null };
  } catch (error) {
    return { report: null, problem: wordsOf(error) };
  }
}

const done = (action: Promise<void>): Promise<null> => action.then(() => null);

const wordsOf = (error: unknown): string =>
  error instanceof ProblemError
    ? error.problem.message
    : error instanceof Error
      ? error.message
      : String(error);
