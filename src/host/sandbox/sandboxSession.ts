/**
 * One sandbox view from the host's side: answers its requests, each exactly once, and posts what
 * changed. The document outlives it on the disk. Knows nothing of VS Code.
 */
import { commandLine, repeatableOf, type Terminal } from '../../protocol/commandLine';
import type { LayerError } from '../../protocol/runEvent';
import {
  type Circumstances,
  type Column,
  type ColumnRun,
  type Copyable,
  type Exchange,
  type HostMessage,
  MOST_COLUMNS,
  type Outcome,
  type PickedModel,
  type Post,
  type RequestMessage,
  type Requests,
  type SandboxDocument,
  type Saved,
  type Snapshot,
} from '../../protocol/sandboxView';
import type { Engine } from '../engine';
import { reply } from '../viewReply';
import { DocumentHolder } from './documentHolder';
import { exampleOf, jsonOf } from './exports';
import { PromptCounter } from './promptCounter';
import {
  exchangesOf,
  inputOf,
  newColumn,
  specOf,
  withAdapter,
  withColumn,
  writtenBy,
} from './sandboxDocument';
import type { SandboxFiles } from './sandboxFiles';
import { parseRequest } from './schemas';
import { problemOf } from './turns';
import { Writing } from './writing';

/** What the view can have done to the world; each rejects with a message for people. */
export interface SandboxPorts {
  readonly isTrusted: boolean;
  readonly terminal: Terminal;
  /** @throws `host.untrusted` */
  requireTrust(): void;
  /** Null when the user chose none. */
  chooseModel(present: PickedModel | null, what: 'model' | 'adapter'): Promise<PickedModel | null>;
  copy(text: string): Promise<void>;
  /** Asks where and writes; the path as people name it, or null when the user chose nowhere. */
  saveJson(text: string): Promise<string | null>;
  appendExample(line: string): Promise<string | null>;
  manageTrust(): Promise<void>;
}

export interface SessionOptions {
  engine: Engine;
  files: SandboxFiles;
  ports: SandboxPorts;
  post(message: HostMessage): void;
  log(error: unknown): void;
}

export class SandboxSession {
  readonly #options: SessionOptions;
  readonly #holder: DocumentHolder;
  readonly #writing: Writing;
  readonly #counter: PromptCounter;
  readonly #subscription: { dispose(): void };
  /** The view knows the document: it is told changes from here on. */
  #isHydrated = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { engine, files, ports, log } = options;
    this.#holder = new DocumentHolder({ files, log, tell: post => this.#post(post) });
    this.#writing = new Writing({
      engine,
      holder: this.#holder,
      requireTrust: () => ports.requireTrust(),
      written: () => this.follow(),
    });
    this.#counter = new PromptCounter(engine, promptState =>
      this.#post({ type: 'prompt', promptState }),
    );
    this.#subscription = engine.onDidChange(() => this.follow());
  }

  get document(): SandboxDocument {
    return this.#holder.document;
  }

  /** Shows a model in the last column, or in a new one beside it. */
  async show(model: PickedModel, how: 'instead' | 'beside'): Promise<void> {
    const { columns } = this.document;
    const last = columns.at(-1)!;
    const isBeside = how === 'beside' && last.model !== null && columns.length < MOST_COLUMNS;
    if (isBeside) this.#addColumn(model);
    else this.#holder.become(withColumn(this.document, last.id, { model }));
    this.#modelsChanged();
    await this.#count(this.document.columns[0]!.id);
  }

  /** Puts a prompt to go on from in the place of the one that is there, and of what came of that. */
  async write(prompt: string): Promise<void> {
    await this.#writing.stop(null);
    const exchanges = this.document.exchanges.filter(({ mode }) => mode !== 'completion');
    this.#holder.become({ ...this.document, mode: 'completion', prompt, exchanges });
    await this.#count(this.document.columns[0]!.id);
  }

  /** What is around the document has changed. */
  follow(): void {
    this.#post({ type: 'circumstances', ...this.#circumstances() });
  }

  /** The view is out of sight: it is told nothing until it asks again. */
  pause(): void {
    this.#isHydrated = false;
  }

  /** It is back. A new page asks by itself; one that stayed is told to. */
  resume(): void {
    if (!this.#isHydrated) this.#options.post({ type: 'shown' });
  }

  dispose(): void {
    this.pause();
    this.#subscription.dispose();
    this.#counter.dispose();
    this.#writing.dispose();
    this.#holder.close();
    void this.#options.engine.keep([]);
  }

  /** Takes any message of the view; what is not a request of the table is dropped. */
  async receive(message: unknown): Promise<void> {
    const request = parseRequest(message);
    if (!request) return;
    const answer = () => this.#answer(request);
    await reply(request.id, answer, this.#options.post, problemOf);
  }

  #answer({ request, params }: RequestMessage): Promise<Requests[typeof request]['result']> {
    const { ports, engine } = this.#options;
    switch (request) {
      case 'ready':
        return Promise.resolve(this.#hydrate());
      case 'edit':
        return done(this.#holder.edit(params));
      case 'count':
        return done(this.#count(params.column));
      case 'addColumn':
        return done(this.#addColumn(this.document.columns.at(-1)?.model ?? null));
      case 'removeColumn':
        return done(this.#removeColumn(params.column));
      case 'chooseModel':
        return done(this.#chooseModel(params.column, params.what));
      case 'setAdapter':
        return done(this.#setAdapter(params));
      case 'devices':
        return engine.devices();
      case 'setColumn':
        return done(this.#setColumn(params.column, params.run));
      case 'layerErrors':
        return this.#layerErrors(params.column);
      case 'generate':
        return done(this.#writing.generate(params.column));
      case 'regenerate':
        return done(this.#writing.regenerate(params.column));
      case 'stop':
        return done(this.#writing.stop(params.column));
      case 'branch':
        return done(this.#writing.branch(params.column, params.at, params.token));
      case 'clear':
        return done(this.#clear());
      case 'restore':
        return done(this.#restore(params.item));
      case 'forget':
        return done(this.#forget(params.item));
      case 'copy':
        return done(ports.copy(this.#textOf(params.column, params.what)));
      case 'saveJson':
        return ports.saveJson(jsonOf(this.document)).then(saved);
      case 'saveExample':
        return ports.appendExample(this.#exampleOf(params.column)).then(saved);
      case 'trust':
        return done(ports.manageTrust());
      case 'restartEngine':
        return done(engine.restart());
    }
  }

  #hydrate(): Snapshot {
    this.#isHydrated = true;
    const promptState = this.#counter.state;
    return { document: this.document, promptState, ...this.#circumstances() };
  }

  #circumstances(): Circumstances {
    const { ports, files, engine } = this.#options;
    const { state } = engine;
    const cause = 'cause' in state ? state.cause : null;
    const { isTrusted, terminal } = ports;
    return { isTrusted, terminal, engine: { kind: state.kind, cause }, history: files.items };
  }

  // Columns

  /** @throws when it is not there any more */
  #column(id: string): Column {
    const column = this.document.columns.find(each => each.id === id);
    if (!column) throw new Error('This column is not there any more.');
    return column;
  }

  #addColumn(model: PickedModel | null): void {
    const { columns } = this.document;
    if (columns.length >= MOST_COLUMNS) throw new Error(`There are ${MOST_COLUMNS} columns.`);
    const column = newColumn(model, columns.at(-1));
    this.#holder.become({ ...this.document, columns: [...columns, column] });
  }

  async #removeColumn(id: string): Promise<void> {
    await this.#writing.stop(id);
    const columns = this.document.columns.filter(column => column.id !== id);
    if (columns.length === 0) return;
    const exchanges = this.document.exchanges.map(exchange => ({
      ...exchange,
      outcomes: exchange.outcomes.filter(({ column }) => column !== id),
    }));
    this.#holder.become({ ...this.document, columns, exchanges });
    this.#modelsChanged();
  }

  async #chooseModel(id: string, what: 'model' | 'adapter'): Promise<void> {
    const model = await this.#options.ports.chooseModel(this.#column(id).model, what);
    if (!model) return;
    this.#column(id);
    this.#holder.become(withColumn(this.document, id, { model }));
    this.#modelsChanged();
    void this.#count(id);
  }

  async #setColumn(id: string, run: ColumnRun): Promise<void> {
    this.#column(id);
    await this.#writing.stop(id);
    this.#holder.become(withColumn(this.document, id, run));
    this.#modelsChanged();
  }

  async #layerErrors(id: string): Promise<readonly LayerError[]> {
    const { model, ...run } = this.#column(id);
    if (!model) return [];
    const { quantisationErrors = [] } = await this.#options.engine.open(specOf(model, run));
    return quantisationErrors;
  }

  async #setAdapter({ column, adapter, to }: Requests['setAdapter']['params']): Promise<void> {
    this.#column(column);
    await this.#writing.stop(column);
    const { model } = this.#column(column);
    if (!model) return;
    const changed = withAdapter(model, adapter, to);
    this.#holder.become(withColumn(this.document, column, { model: changed }));
    this.#modelsChanged();
  }

  /** What no column shows is closed. */
  #modelsChanged(): void {
    const specs = this.document.columns.flatMap(({ model, ...run }) =>
      model ? [specOf(model, run)] : [],
    );
    void this.#options.engine.keep(specs);
  }

  // Prompt and history

  async #count(id: string): Promise<void> {
    const { model, ...column } = this.#column(id);
    if (!model || !this.#options.ports.isTrusted) return this.#counter.forget();
    const { document } = this;
    const exchanges = exchangesOf(document);
    const said = document.mode === 'chat' ? document.message : document.prompt;
    const isNext = document.mode === 'completion' || said !== '';
    const last = exchanges.at(-1);
    const input = isNext
      ? inputOf(document, id, said, exchanges)
      : last && inputOf(document, id, last.user, exchanges.slice(0, -1));
    await this.#counter.count({ column: id, model: specOf(model, column), input });
  }

  async #clear(): Promise<void> {
    await this.#writing.stop(null);
    const { exchanges, mode } = this.document;
    this.#holder.become({ ...this.document, exchanges: exchanges.filter(e => e.mode !== mode) });
  }

  async #restore(item: string): Promise<void> {
    const former = this.#options.files.former(item);
    if (!former) throw new Error('This text is not there any more.');
    await this.#writing.stop(null);
    const others = this.document.exchanges.filter(({ mode }) => mode !== former.mode);
    this.#counter.forget();
    this.#holder.become({ ...former, exchanges: [...others, ...former.exchanges] });
    this.#modelsChanged();
  }

  #forget(item: string | null): void {
    this.#options.files.forget(item);
    this.follow();
  }

  // Taking it elsewhere

  /** @throws when the column has written nothing */
  #outcomeOf(column: string): { exchange: Exchange; outcome: Outcome } {
    const exchange = exchangesOf(this.document).at(-1);
    const outcome = exchange?.outcomes.find(each => each.column === column);
    if (!exchange || !outcome) throw new Error('This column has written nothing yet.');
    return { exchange, outcome };
  }

  #textOf(column: string, what: Copyable): string {
    const { exchange, outcome } = this.#outcomeOf(column);
    switch (what) {
      case 'command': {
        const { terminal } = this.#options.ports;
        return commandLine(repeatableOf(exchange, outcome, terminal.shell), terminal);
      }
      case 'text':
        return writtenBy(outcome);
      case 'ids':
        return outcome.tokens.map(({ id }) => id).join(',');
      case 'prompt':
        return outcome.rendered ?? exchange.user;
    }
  }

  #exampleOf(column: string): string {
    const { exchange, outcome } = this.#outcomeOf(column);
    return exampleOf(this.document, exchange, outcome);
  }

  #post(message: Post): void {
    if (this.#isHydrated) this.#options.post(message);
  }
}

const saved = (path: string | null): Saved => ({ saved: path });

const done = (work: Promise<unknown> | void): Promise<null> =>
  Promise.resolve(work).then(() => null);
