/**
 * The one mutable thing of a sandbox: its document. Whatever changes it is told to the view and
 * written to the disk soon after. Knows nothing of why it changes.
 */
import type {
  Edits,
  Outcome,
  OutcomePost,
  Post,
  SandboxDocument,
} from '../../protocol/sandboxView';
import { endAll, newDocument } from './sandboxDocument';
import type { SandboxFiles } from './sandboxFiles';

/** Between a change and the disk. */
const SAVE_MS = 1000;

export interface HolderOptions {
  files: SandboxFiles;
  tell(post: Extract<Post, { type: 'document' }> | OutcomePost): void;
  /** What could not be written. */
  log(error: unknown): void;
}

export class DocumentHolder {
  #document: SandboxDocument;
  #saving: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: HolderOptions) {
    this.#document = options.files.current() ?? newDocument();
  }

  get document(): SandboxDocument {
    return this.#document;
  }

  /** Writes what is there; nothing is under way any more. */
  close(): void {
    this.#document = endAll(this.#document);
    this.#save();
  }

  /** What the view has typed it knows already. */
  edit(edits: Edits): void {
    this.#document = { ...this.#document, ...edits };
    this.#saveSoon();
  }

  become(document: SandboxDocument): void {
    this.#document = document;
    this.options.tell({ type: 'document', document });
    this.#saveSoon();
  }

  /**
   * Changes what a column wrote in an exchange, if that is still there.
   * @param change gives the outcome and how many of its tokens are as before
   */
  changeOutcome(
    exchangeId: string,
    column: string,
    change: (former: Outcome) => { outcome: Outcome; same: number },
  ): void {
    const exchange = this.#document.exchanges.find(each => each.id === exchangeId);
    const former = exchange?.outcomes.find(each => each.column === column);
    if (!exchange || !former) return;
    const { outcome, same } = change(former);
    const outcomes = exchange.outcomes.map(each => (each === former ? outcome : each));
    const changed = { ...exchange, outcomes };
    this.#document = {
      ...this.#document,
      exchanges: this.#document.exchanges.map(each => (each === exchange ? changed : each)),
    };
    const { tokens, ...facts } = outcome;
    const news = { from: same, tokens: tokens.slice(same) };
    this.options.tell({ type: 'outcome', exchange: exchangeId, outcome: facts, ...news });
  }

  /** Keeps the document of a text under its name in the history. */
  remember(id: string): void {
    this.#saveSoon();
    this.#write(() => this.options.files.add(id, this.#document));
  }

  #saveSoon(): void {
    this.#saving ??= setTimeout(() => this.#save(), SAVE_MS);
  }

  #save(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.#write(() => this.options.files.saveCurrent(this.#document));
  }

  #write(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.options.log(error);
    }
  }
}
