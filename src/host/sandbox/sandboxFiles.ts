/**
 * The sandbox on the disk of the workspace's own storage: its document, and the documents of former
 * texts. What cannot be read is as if it were not there. Knows nothing of VS Code.
 */
import { join } from 'node:path';
import { disk, type FileSystem } from '../../engine/files/fileSystem';
import { exists, readText } from '../../engine/files/readFile';
import { ensureFolders, writeTextDurably } from '../../engine/files/writeDurably';
import { wholeName } from '../../protocol/pickedModel';
import type { HistoryItem, SandboxDocument } from '../../protocol/sandboxView';
import { endAll } from './sandboxDocument';
import { parseDocument, parseItems } from './schemas';

/** Older ones are forgotten. */
const MOST_ITEMS = 50;

const TITLE_LENGTH = 120;

export class SandboxFiles {
  #items: HistoryItem[] | undefined;

  /** @param folder made when something is first written */
  constructor(
    private readonly folder: string,
    private readonly fs: FileSystem = disk,
  ) {}

  /** Newest first. */
  get items(): readonly HistoryItem[] {
    this.#items ??= parseItems(this.#read('history.json'));
    return this.#items;
  }

  current(): SandboxDocument | undefined {
    const document = parseDocument(this.#read('current.json'));
    return document && endAll(document);
  }

  /** @throws `disk.…` */
  saveCurrent(document: SandboxDocument): void {
    this.#write('current.json', document);
  }

  former(id: string): SandboxDocument | undefined {
    const isKnown = this.items.some(item => item.id === id);
    const document = isKnown ? parseDocument(this.#read(`${id}.json`)) : undefined;
    return document && endAll(document);
  }

  /** In the place of the one with the same id. @throws `disk.…` */
  add(id: string, document: SandboxDocument, at = Date.now()): void {
    const own = document.exchanges.filter(({ mode }) => mode === document.mode);
    const [first] = own;
    if (!first) return;
    const models = own.at(-1)!.outcomes.map(({ model }) => wholeName(model));
    const title = first.user.replace(/\s+/g, ' ').trim().slice(0, TITLE_LENGTH);
    this.#write(`${id}.json`, { ...document, exchanges: own });
    const items = [{ id, at, title, models }, ...this.items.filter(item => item.id !== id)];
    this.#keep(items.slice(0, MOST_ITEMS), items.slice(MOST_ITEMS));
  }

  /** One, or all. @throws `disk.…` */
  forget(id: string | null): void {
    const doomed = this.items.filter(item => id === null || item.id === id);
    const kept = this.items.filter(item => !doomed.includes(item));
    this.#keep(kept, doomed);
  }

  #keep(items: HistoryItem[], doomed: readonly HistoryItem[]): void {
    this.#items = items;
    this.#write('history.json', items);
    for (const { id } of doomed) this.fs.rm(join(this.folder, `${id}.json`));
  }

  #read(name: string): unknown {
    const path = join(this.folder, name);
    try {
      return exists(this.fs, path) ? JSON.parse(readText(this.fs, path)) : undefined;
    } catch {
      return undefined;
    }
  }

  #write(name: string, value: unknown): void {
    ensureFolders(this.fs, this.folder);
    writeTextDurably(this.fs, join(this.folder, name), JSON.stringify(value));
  }
}
