/**
 * The view's one mutable thing: its state, and everything that changes it. Types into the document
 * before the host knows, takes what the host says, and has the picture drawn anew, at most once a
 * frame.
 */
import type { Terminal } from '../../src/protocol/commandLine';
import {
  type Column,
  type Edits,
  type Exchange,
  type Outcome,
  type OutcomePost,
  type Post,
  type Requests,
  type RequestName,
  type SandboxDocument,
  type Sampling,
  type Snapshot,
} from '../../src/protocol/sandboxView';
import { HostConnection } from '../controls/hostConnection';
import { onceAFrame } from '../controls/onceAFrame';
import { applyTheme, onThemeChange } from '../theme/roles';
import { type Comparison, compare, isOver } from './comparison';
import { EditPosts } from './editPosts';
import { type Taste, tasteFrom } from './taste';
import type { Room, Spot, ViewState } from './viewState';
import { shortNames, spokenText } from './words';

/** As in the style sheet. */
const TIGHT_WIDTH = 840;
/** Pixels in which a column has room for every word. */
const ROOMY_COLUMN = 380;
const NOTICE_MS = 6000;

/** Two columns that are compared, with what they wrote. */
export interface Pair extends Comparison {
  readonly columns: readonly [Column, Column];
  readonly outcomes: readonly [Outcome, Outcome];
  readonly names: readonly [string, string];
}

export class SandboxApp {
  readonly #host = new HostConnection<Requests, Post>();
  readonly #draw: () => void;
  readonly #edits: EditPosts;
  #state: ViewState;
  #noticeTimer: ReturnType<typeof setTimeout> | undefined;
  /** The token that is to have the focus once it is drawn. */
  #focus: Spot | null = null;

  constructor(render: (app: SandboxApp) => void) {
    this.#draw = onceAFrame(() => render(this));
    this.#state = {
      connection: 'connecting',
      document: null,
      promptState: null,
      isTrusted: true,
      terminal: { shell: 'posix', python: null },
      engine: { kind: 'off', cause: null },
      history: [],
      taste: tasteFrom(this.#host.memory),
      palette: applyTheme(),
      room: 'wide',
      isTight: false,
      ribbonWidth: 0,
      spot: null,
      alternative: null,
      menu: null,
      devices: { kind: 'unknown', why: null },
      isDrawerOpen: false,
      isPromptOpen: false,
      isHelpOpen: false,
      layerErrors: null,
      asked: 0,
      isAddingStop: false,
      spoken: '',
      notice: null,
    };
    this.#edits = new EditPosts({
      edit: edits => this.#request('edit', edits),
      count: () => this.#request('count', { column: this.column.id }),
    });
    this.#host.onPost = post => this.#take(post);
    this.#host.onLateAnswer = snapshot => this.#hydrate(snapshot);
  }

  get state(): ViewState {
    return this.#state;
  }

  /** @throws before there is one: nothing is drawn then */
  get document(): SandboxDocument {
    if (!this.#state.document) throw new Error('the host has not answered yet');
    return this.#state.document;
  }

  /** The column that is looked at. */
  get column(): Column {
    const { columns } = this.document;
    const { column } = this.#state.taste;
    return columns.find(({ id }) => id === column) ?? columns[0]!;
  }

  get exchanges(): Exchange[] {
    const { mode, exchanges } = this.document;
    return exchanges.filter(exchange => exchange.mode === mode);
  }

  /** What is shown and compared. */
  get exchange(): Exchange | undefined {
    return this.exchanges.at(-1);
  }

  outcomeOf(column: string): Outcome | undefined {
    return this.exchange?.outcomes.find(outcome => outcome.column === column);
  }

  get names(): string[] {
    return shortNames(this.document.columns);
  }

  /** The first column and the one that is looked at, or the second, once both have begun. */
  get pair(): Pair | undefined {
    const { columns } = this.document;
    const names = this.names;
    const second = Math.max(1, columns.indexOf(this.column));
    const [a, b] = [columns[0]!, columns[second]];
    const outcomes = [this.outcomeOf(a.id), b && this.outcomeOf(b.id)] as const;
    if (!b || !outcomes[0] || !outcomes[1]) return undefined;
    return {
      ...compare(outcomes[0], outcomes[1]),
      columns: [a, b],
      outcomes: [outcomes[0], outcomes[1]],
      names: [names[0]!, names[second]!],
    };
  }

  /** No model was chosen yet. */
  get isEmpty(): boolean {
    return this.document.columns.every(({ model }) => model === null);
  }

  /** A column has no room for every word. */
  get areColumnsTight(): boolean {
    const { columns } = this.document;
    return columns.length > 1 && this.#state.ribbonWidth / columns.length < ROOMY_COLUMN;
  }

  /** Columns whose text is not over yet. */
  get writing(): Outcome[] {
    return this.exchange?.outcomes.filter(outcome => !isOver(outcome)) ?? [];
  }

  /** From the moment that a text is asked for: it can be stopped before its first token. */
  get isBusy(): boolean {
    return this.#state.asked > 0 || this.writing.length > 0;
  }

  async start(): Promise<void> {
    onThemeChange(() => this.set({ palette: applyTheme() }));
    this.set({});
    await this.#connect();
  }

  async #connect(): Promise<void> {
    this.#hydrate(await this.#host.connect(null, () => this.set({ connection: 'silent' })));
  }

  /** Changes the state and has it drawn with the next frame. */
  set(patch: Partial<ViewState>): void {
    this.#state = { ...this.#state, ...patch };
    this.#draw();
  }

  /** Changes taste, which is remembered. */
  prefer(patch: Partial<Taste>): void {
    const taste = { ...this.#state.taste, ...patch };
    this.#host.memory = taste;
    this.set({ taste });
    if (patch.column !== undefined || patch.prompt !== undefined) this.#edits.countSoon();
  }

  /** The page has another width, in pixels. */
  setWidth(width: number): void {
    const room: Room = width < 600 ? 'narrow' : width < 900 ? 'medium' : 'wide';
    const isOther = room !== this.#state.room;
    this.set({
      room,
      isTight: width < TIGHT_WIDTH,
      ...(isOther ? { isDrawerOpen: false, menu: null, spot: null } : {}),
    });
  }

  // The document

  edit(edits: Edits): void {
    this.set({ document: { ...this.document, ...edits } });
    this.#edits.add(edits);
  }

  sample(patch: Partial<Sampling>): void {
    this.edit({ sampling: { ...this.document.sampling, ...patch } });
  }

  reseed(): void {
    this.sample({ seed: crypto.getRandomValues(new Uint16Array(1))[0]! });
  }

  // Asking the host

  /** Has the host do something, after it knows what was typed; its refusal is shown. */
  async ask<Name extends RequestName>(
    name: Name,
    params: Requests[Name]['params'],
  ): Promise<Requests[Name]['result'] | undefined> {
    this.set({ menu: null });
    this.#edits.flush();
    return this.#request(name, params);
  }

  async #request<Name extends RequestName>(
    name: Name,
    params: Requests[Name]['params'],
  ): Promise<Requests[Name]['result'] | undefined> {
    try {
      return await this.#host.request(name, params);
    } catch (error) {
      this.say('error', error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  /** Asks once: what was found stays as long as the page, or the interpreter that was chosen. */
  async findDevices(): Promise<void> {
    const { devices } = this.#state;
    if (devices.kind !== 'unknown') return;
    const looking = { kind: 'looking' } as const;
    this.set({ devices: looking });
    const found = await this.#lookForDevices();
    if (this.#state.devices === looking) this.set({ devices: found }); // not forgotten meanwhile
  }

  async #lookForDevices(): Promise<ViewState['devices']> {
    try {
      return { kind: 'known', found: await this.#host.request('devices', null) };
    } catch (error) {
      return { kind: 'unknown', why: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Opens the column's model, if it is not open. */
  async showLayerErrors({ id, bits }: Column): Promise<void> {
    const shown = { bits, found: null, at: null };
    this.set({ layerErrors: shown });
    const found = await this.ask('layerErrors', { column: id });
    if (this.#state.layerErrors !== shown) return; // it was closed meanwhile
    this.set({ layerErrors: found ? { ...shown, found } : null });
  }

  generate(column: string | null = null): void {
    this.set({ spot: null, isPromptOpen: false });
    void this.#askForText('generate', { column });
  }

  /** With other numbers: the same ones would give the same text. */
  regenerate(column: string | null = null): void {
    this.set({ spot: null });
    if (!this.document.sampling.greedy) this.reseed();
    void this.#askForText('regenerate', { column });
  }

  stop(column: string | null = null): void {
    void this.ask('stop', { column });
  }

  branch(spot: Spot, token: number): void {
    this.set({ spot: null });
    void this.#askForText('branch', { column: spot.column, at: spot.at, token });
  }

  async #askForText<Name extends 'generate' | 'regenerate' | 'branch'>(
    name: Name,
    params: Requests[Name]['params'],
  ): Promise<void> {
    this.set({ asked: this.#state.asked + 1 });
    await this.ask(name, params);
    this.set({ asked: this.#state.asked - 1 });
  }

  async copy(what: Requests['copy']['params']['what'], said: string): Promise<void> {
    const done = await this.ask('copy', { column: this.column.id, what });
    if (done !== undefined) this.say('info', said);
  }

  async save(name: 'saveJson' | 'saveExample'): Promise<void> {
    const answer =
      name === 'saveJson'
        ? await this.ask('saveJson', null)
        : await this.ask('saveExample', { column: this.column.id });
    if (answer && answer.saved !== null) this.say('info', `Saved in ${answer.saved}`);
  }

  // Tokens

  look(spot: Spot | null): void {
    const { spot: former } = this.#state;
    const isSame = former?.column === spot?.column && former?.at === spot?.at;
    const alternative = isSame ? this.#state.alternative : null;
    this.set({ spot, alternative });
    if (spot?.isPinned && spot.column !== this.column.id) this.prefer({ column: spot.column });
  }

  /** By key: the focus goes there, and the alternatives are shown. */
  focusToken(column: string, at: number): void {
    const count = this.outcomeOf(column)?.tokens.length ?? 0;
    if (count === 0) return;
    const spot = { column, at: Math.min(count - 1, Math.max(0, at)), isPinned: true };
    this.#focus = spot;
    this.look(spot);
  }

  /** Once: the token that was asked to have the focus. */
  takeFocus(): Spot | null {
    const focus = this.#focus;
    this.#focus = null;
    return focus;
  }

  choose(alternative: number): void {
    const { spot } = this.#state;
    const token = spot && this.outcomeOf(spot.column)?.tokens[spot.at];
    const chosen = token?.alternatives[alternative];
    if (!chosen) return;
    const rank = `${alternative + 1} of ${token.alternatives.length}`;
    const words = `${spokenText(chosen.text)}, probability ${chosen.probability.toFixed(3)}, ${rank}`;
    this.set({ alternative, spoken: chosen.cut ? `${words}, cut by ${chosen.cut}` : words });
  }

  say(kind: 'info' | 'error', text: string): void {
    clearTimeout(this.#noticeTimer);
    this.set({ notice: { kind, text } });
    if (kind === 'info')
      this.#noticeTimer = setTimeout(() => this.set({ notice: null }), NOTICE_MS);
  }

  // News from the host

  #hydrate({ document, ...around }: Snapshot): void {
    this.#forgetDevices(around.terminal);
    this.set({ connection: 'ready', ...around, document: this.#edits.over(document) });
  }

  /** Unless they were asked through the same interpreter. */
  #forgetDevices({ python }: Terminal): void {
    if (python !== this.#state.terminal.python)
      this.set({ devices: { kind: 'unknown', why: null } });
  }

  #take(post: Post): void {
    if (this.#state.connection !== 'ready') return;
    switch (post.type) {
      case 'document':
        this.set({ document: this.#edits.over(post.document), spot: null });
        break;
      case 'outcome':
        this.#takeOutcome(post);
        break;
      case 'prompt':
        this.set({ promptState: post.promptState });
        break;
      case 'circumstances': {
        const { isTrusted, terminal, engine, history } = post;
        this.#forgetDevices(terminal);
        this.set({ isTrusted, terminal, engine, history });
        break;
      }
      case 'shown':
        // Changes may have been missed. A view that was never answered is asking as it is.
        void this.#connect();
    }
  }

  #takeOutcome({ exchange: id, outcome, from, tokens }: OutcomePost): void {
    const { document } = this;
    const former = document.exchanges
      .find(exchange => exchange.id === id)
      ?.outcomes.find(({ column }) => column === outcome.column);
    if (!former) return;
    const told: Outcome = { ...outcome, tokens: [...former.tokens.slice(0, from), ...tokens] };
    const exchanges = document.exchanges.map(exchange =>
      exchange.id === id
        ? {
            ...exchange,
            outcomes: exchange.outcomes.map(each => (each === former ? told : each)),
          }
        : exchange,
    );
    this.set({ document: { ...document, exchanges } });
    if (!isOver(former) && isOver(told)) this.#speakEnd(told);
  }

  #speakEnd({ column, tokens, status }: Outcome): void {
    const name = this.names[this.document.columns.findIndex(({ id }) => id === column)] ?? '';
    const words =
      status.kind === 'failed'
        ? `failed: ${status.problem.message}`
        : `done, ${tokens.length} tokens`;
    this.set({ spoken: this.document.columns.length > 1 ? `${name} ${words}` : words });
  }
}
