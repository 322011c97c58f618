/**
 * Has columns write: all of a prompt, one of them again, a branch from another token. Knows how what
 * they write becomes part of the document; nothing of views.
 */
import type { Column, Exchange } from '../../protocol/sandboxView';
import type { Engine } from '../engine';
import type { DocumentHolder } from './documentHolder';
import {
  branchOf,
  exchangesOf,
  inputOf,
  newExchange,
  newOutcome,
  samplingOf,
  withOutcomes,
} from './sandboxDocument';
import { type Turn, type TurnNews, Turns } from './turns';

export interface WritingOptions {
  engine: Engine;
  holder: DocumentHolder;
  /** @throws `host.untrusted` */
  requireTrust(): void;
  /** Everything that was asked for is written. */
  written(): void;
}

export class Writing {
  readonly #turns: Turns;
  /** What was written last is in the history. */
  #remembered: Promise<void> = Promise.resolve();
  /** How often somebody has asked for an end. */
  #stops = 0;

  constructor(private readonly options: WritingOptions) {
    const { engine } = options;
    this.#turns = new Turns({ engine, tell: (turn, news) => this.#take(turn, news) });
  }

  dispose(): void {
    this.#turns.dispose();
  }

  /** Settles when those of a column, or all, have ended; what is about to begin does not. */
  async stop(column: string | null): Promise<void> {
    this.#stops++;
    await this.#end(column);
  }

  async #end(column: string | null): Promise<void> {
    await this.#turns.stop(column);
    if (this.#turns.isIdle) await this.#remembered;
  }

  /** @throws `host.untrusted`, and when there is no model or nothing to continue */
  async generate(column: string | null): Promise<void> {
    const columns = this.#ready(column);
    const { mode, message, prompt } = this.#document;
    const isChat = mode === 'chat';
    const said = isChat ? message : prompt;
    if (said === '' && isChat && exchangesOf(this.#document).length > 0)
      return this.regenerate(column);
    if (said === '') throw new Error(isChat ? 'Write a message first.' : 'Write a prompt first.');
    // One column alone joins the text that the others write.
    const joins = !isChat && column !== null && exchangesOf(this.#document).at(-1)?.user === said;
    if (!(await this.#makesRoom(joins ? column : null))) return;
    const former = exchangesOf(this.#document).at(-1);
    const exchange = joins && former ? former : newExchange(this.#document, said);
    if (isChat) this.options.holder.edit({ message: '' });
    const kept = this.#document.exchanges.filter(each => isChat || each.mode !== mode);
    this.#play([...kept, exchange], exchange, columns);
  }

  /** The last exchange once more. @throws as `generate` */
  async regenerate(column: string | null): Promise<void> {
    const columns = this.#ready(column);
    if (!(await this.#makesRoom(column))) return;
    const exchange = exchangesOf(this.#document).at(-1);
    if (!exchange) return this.generate(column);
    this.#play(this.#document.exchanges, exchange, columns);
  }

  /** Goes on from another token than the one at `at`. @throws as `generate` */
  async branch(column: string, at: number, token: number): Promise<void> {
    this.#ready(column);
    if (!(await this.#makesRoom(column))) return;
    const own = exchangesOf(this.#document);
    const exchange = own.at(-1);
    const outcome = exchange?.outcomes.find(each => each.column === column);
    if (!exchange || !outcome) throw new Error('This text is not there any more.');
    const input = inputOf(this.#document, column, exchange.user, own.slice(0, -1))!;
    const turn = { exchange: exchange.id, outcome: branchOf(outcome, at, token), input };
    // The text that is left stays in the history, under another name.
    this.options.holder.remember(newExchange(this.#document, '').id);
    this.#start(this.#document.exchanges, exchange, [turn]);
  }

  /** Ends what is being written. @returns whether nobody has stopped meanwhile what was to come */
  async #makesRoom(column: string | null): Promise<boolean> {
    const stops = this.#stops;
    await this.#end(column);
    return this.#stops === stops;
  }

  get #document() {
    return this.options.holder.document;
  }

  #ready(column: string | null): Column[] {
    this.options.requireTrust();
    const wanted = this.#document.columns.filter(({ id }) => column === null || id === column);
    const ready = wanted.filter(({ model }) => model !== null);
    if (ready.length === 0) throw new Error('Choose a model first.');
    return ready;
  }

  #play(exchanges: readonly Exchange[], exchange: Exchange, columns: readonly Column[]): void {
    const document = { ...this.#document, exchanges };
    const own = exchangesOf(document);
    const before = own.slice(0, own.indexOf(exchange));
    const turns = columns.map((column): Turn => {
      const index = document.columns.findIndex(({ id }) => id === column.id);
      const outcome = newOutcome(column, column.model!, samplingOf(document, index));
      const input = inputOf(document, column.id, exchange.user, before)!;
      return { exchange: exchange.id, outcome, input };
    });
    this.#start(exchanges, exchange, turns);
  }

  /** Their outcomes take the place of what the same columns wrote in the exchange before. */
  #start(exchanges: readonly Exchange[], exchange: Exchange, turns: readonly Turn[]): void {
    const { holder } = this.options;
    const outcomes = turns.map(({ outcome }) => outcome);
    const begun = withOutcomes(exchange, outcomes, holder.document.columns);
    holder.become({
      ...holder.document,
      exchanges: exchanges.map(each => (each === exchange ? begun : each)),
    });
    this.#remembered = this.#turns.play(turns).then(() => this.#written());
  }

  #take({ exchange, outcome: { column } }: Turn, { patch, tokens, shown }: TurnNews): void {
    this.options.holder.changeOutcome(exchange, column, former => {
      const kept = shown
        ? former.tokens.map((token, i) => ({ ...token, shown: shown[i] ?? token.shown }))
        : former.tokens;
      const outcome = { ...former, ...patch, tokens: [...kept, ...tokens] };
      return { outcome, same: shown ? 0 : kept.length };
    });
  }

  /** A chat is one text in the history, as long as it goes on; each branch of a text is its own. */
  #written(): void {
    const own = exchangesOf(this.#document);
    const named = this.#document.mode === 'chat' ? own[0] : own.at(-1);
    const hasText = own.at(-1)?.outcomes.some(({ tokens }) => tokens.length > 0);
    if (!named || !hasText) return;
    this.options.holder.remember(named.id);
    this.options.written();
  }
}
