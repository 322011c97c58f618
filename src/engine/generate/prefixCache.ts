/**
 * Keys and values of prompts that were read, to be found again by prompts that begin alike. What was
 * read with other weights is never found: a scope is the identity of weights, adapter and device, and
 * the only way to its entries. Within a budget of bytes; what was not used for longest goes first.
 * Knows nothing of models or sessions.
 */
import type { KeyValueCache } from './keyValueCache';

/** Tokens of an entry. A prefix is found up to the last whole one. */
export const PREFIX_BLOCK = 32;

/** All that keys and values depend on beside the tokens themselves. */
export interface PrefixIdentity {
  /** The base model, with the version of its files. */
  readonly base: string;
  /** The adapter by its content; null without one. */
  readonly adapter: string | null;
  readonly device: string;
  /** Of quantised weights; null when they are whole. */
  readonly bits: number | null;
}

export interface PrefixOwner extends PrefixIdentity {
  /** The files still are what the identity was taken from. Asked before each use. */
  isCurrent(): boolean;
}

/** The entries that belong to one identity. */
export interface PrefixScope {
  /** Fills an empty row with the longest known beginning of `ids`. @returns its tokens */
  restore(cache: KeyValueCache, row: number, ids: readonly number[]): number;
  /** Remembers a row's first tokens, which are `ids`. */
  keep(cache: KeyValueCache, row: number, ids: readonly number[]): void;
}

/** Why tokens that are known under another identity are of no use. */
export interface RefusedPrefix {
  readonly identity: PrefixIdentity;
  readonly tokens: number;
  readonly differs: readonly (keyof PrefixIdentity)[];
}

export interface PrefixStatistics {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly reusedTokens: number;
  readonly evicted: number;
}

interface Entry {
  /** What `KeyValueCache.take` gave of its tokens. */
  readonly piece: Float32Array;
  readonly siblings: Map<string, Entry>;
  readonly name: string;
  readonly next: Map<string, Entry>;
}

interface Root {
  readonly identity: PrefixIdentity;
  readonly first: Map<string, Entry>;
}

export class PrefixCache {
  readonly #roots = new Map<string, Root>();
  /** Least recently used first. A parent is used after its children, so the first has none. */
  readonly #order = new Set<Entry>();
  #bytes = 0;
  readonly #counts = { hits: 0, misses: 0, reusedTokens: 0, evicted: 0 };

  /** @param budget bytes of keys and values at most */
  constructor(readonly budget: number) {}

  get statistics(): PrefixStatistics {
    return { entries: this.#order.size, bytes: this.#bytes, ...this.#counts };
  }

  /** Nothing is found or kept any more once the owner is not current. */
  scope(owner: PrefixOwner): PrefixScope {
    return {
      restore: (cache, row, ids) => (owner.isCurrent() ? this.#restore(owner, cache, row, ids) : 0),
      keep: (cache, row, ids) => {
        if (owner.isCurrent()) this.#keep(owner, cache, row, ids);
      },
    };
  }

  /** Whether a hit is valid: tokens known under this identity, and those that may not be used. */
  explain(
    wanted: PrefixIdentity,
    ids: readonly number[],
  ): { tokens: number; refused: RefusedPrefix[] } {
    const refused = [...this.#roots.values()].flatMap(({ identity, first }) => {
      const differs = identityKeys.filter(key => identity[key] !== wanted[key]);
      const tokens = this.#path(first, ids).length * PREFIX_BLOCK;
      return differs.length > 0 && tokens > 0 ? [{ identity, tokens, differs }] : [];
    });
    const own = this.#roots.get(keyOf(wanted));
    return { tokens: own ? this.#path(own.first, ids).length * PREFIX_BLOCK : 0, refused };
  }

  clear(): void {
    this.#roots.clear();
    this.#order.clear();
    this.#bytes = 0;
  }

  #restore(
    identity: PrefixIdentity,
    cache: KeyValueCache,
    row: number,
    ids: readonly number[],
  ): number {
    const root = this.#roots.get(keyOf(identity));
    const path = root ? this.#path(root.first, ids) : [];
    for (const { piece } of path) cache.put(row, piece, PREFIX_BLOCK);
    this.#use(path);
    const tokens = path.length * PREFIX_BLOCK;
    this.#counts[tokens > 0 ? 'hits' : 'misses']++;
    this.#counts.reusedTokens += tokens;
    return tokens;
  }

  #keep(identity: PrefixIdentity, cache: KeyValueCache, row: number, ids: readonly number[]): void {
    const key = keyOf(identity);
    const { base, adapter, device, bits } = identity;
    const root = this.#roots.get(key) ?? {
      identity: { base, adapter, device, bits },
      first: new Map<string, Entry>(),
    };
    this.#roots.set(key, root);
    const path: Entry[] = [];
    let siblings = root.first;
    for (let at = 0; at + PREFIX_BLOCK <= ids.length; at += PREFIX_BLOCK) {
      const name = blockName(ids, at);
      let entry = siblings.get(name);
      if (!entry) {
        const piece = cache.take(row, at, PREFIX_BLOCK);
        entry = { piece, siblings, name, next: new Map() };
        if (this.#bytes + piece.byteLength > this.budget) this.#use(path);
        this.#makeRoom(piece.byteLength, new Set(path));
        if (this.#bytes + piece.byteLength > this.budget) break;
        siblings.set(name, entry);
        this.#order.add(entry);
        this.#bytes += piece.byteLength;
      }
      path.push(entry);
      siblings = entry.next;
    }
    this.#use(path);
  }

  #path(first: Map<string, Entry>, ids: readonly number[]): Entry[] {
    const path: Entry[] = [];
    let siblings = first;
    for (let at = 0; at + PREFIX_BLOCK <= ids.length; at += PREFIX_BLOCK) {
      const entry = siblings.get(blockName(ids, at));
      if (!entry) break;
      path.push(entry);
      siblings = entry.next;
    }
    return path;
  }

  #use(path: readonly Entry[]): void {
    for (const entry of path.toReversed()) {
      this.#order.delete(entry);
      this.#order.add(entry);
    }
  }

  /** Never takes what is being lengthened. */
  #makeRoom(bytes: number, kept: ReadonlySet<Entry>): void {
    for (const entry of this.#order) {
      if (this.#bytes + bytes <= this.budget || kept.has(entry)) return;
      this.#order.delete(entry);
      entry.siblings.delete(entry.name);
      this.#bytes -= entry.piece.byteLength;
      this.#counts.evicted++;
    }
  }
}

const identityKeys = ['base', 'adapter', 'device', 'bits'] as const;

const keyOf = (identity: PrefixIdentity): string =>
  JSON.stringify(identityKeys.map(key => identity[key]));

/** The tokens themselves: two different blocks never have one name. */
const blockName = (ids: readonly number[], at: number): string =>
  ids.slice(at, at + PREFIX_BLOCK).join();
