/**
 * YAML text → a small tree of maps, lists and scalars with their UTF-16 ranges, plus the problems of
 * its syntax. The gate for hostile text: limits size, values and depth before parsing, takes no tags beyond
 * YAML's core schema, bounds aliases. Knows nothing of what a config may contain.
 */
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { ErrorCode, Node, Pair } from 'yaml';
import { exceededLimit } from './yamlTokens';

export type Range = [start: number, end: number];

export interface YamlEntry {
  readonly key: string;
  readonly keyRange: Range;
  readonly value: YamlNode;
}

export type YamlNode =
  | { readonly kind: 'map'; readonly range: Range; readonly entries: readonly YamlEntry[] }
  | { readonly kind: 'list'; readonly range: Range; readonly items: readonly YamlNode[] }
  | { readonly kind: 'scalar'; readonly range: Range; readonly value: Scalar };

export type Scalar = string | number | boolean | null;

export interface SyntaxProblem {
  readonly code: 'too-large' | 'too-deep' | 'syntax' | 'tag' | 'alias' | 'key-not-text';
  readonly message: string;
  readonly range: Range;
}

export interface YamlTree {
  /** Undefined for an empty document and for text refused before parsing. */
  readonly root: YamlNode | undefined;
  readonly problems: readonly SyntaxProblem[];
  /** False when keys may stand in the wrong place because the text did not parse. */
  readonly isWellFormed: boolean;
}

const MAX_BYTES = 2 ** 20;
const LIMITS = { depth: 100, tokens: 10_000 };
const MAX_PROBLEMS = 100;
/** Nodes that all aliases of one file together may stand for. */
const MAX_ALIASED_NODES = 10_000;

const SYNTAX_MESSAGES: Record<ErrorCode, string> = {
  ALIAS_PROPS: 'An alias (`*name`) takes no anchor and no tag. Remove what stands before it.',
  BAD_ALIAS: 'This alias or anchor has no valid name. Write the value out instead.',
  BAD_COLLECTION_TYPE: 'The tag does not suit this kind of value. Remove the tag.',
  BAD_DIRECTIVE: 'Only `%YAML 1.2` may stand here. Remove the `%` line.',
  BAD_DQ_ESCAPE: 'Unknown escape in a double-quoted text. Use single quotes or double the `\\`.',
  BAD_INDENT:
    'The indentation does not fit the lines around it, or a bracket before is not closed.',
  BAD_PROP_ORDER: 'Anchors and tags must stand directly before their value.',
  BAD_SCALAR_START: 'A plain text cannot start with this character. Put the text in quotes.',
  BLOCK_AS_IMPLICIT_KEY:
    'A nested map cannot start on this line. Put it on its own, indented line.',
  BLOCK_IN_FLOW: 'Inside `{ }` and `[ ]`, separate entries with commas, not with lines.',
  DUPLICATE_KEY: 'This key is given twice. Keep one of them.',
  IMPOSSIBLE: 'This cannot be read as YAML. Rewrite the line.',
  KEY_OVER_1024_CHARS: 'This key is longer than 1024 characters. Is a quote missing?',
  MISSING_CHAR:
    'A character is missing here: a `:` after a key, a comma, a closing bracket or quote.',
  MULTILINE_IMPLICIT_KEY: 'A key must stand on one line and be followed by `:`.',
  MULTIPLE_ANCHORS: 'A value can have only one anchor.',
  MULTIPLE_DOCS: 'A config is one document. Remove `---` and what follows.',
  MULTIPLE_TAGS: 'A value can have only one tag.',
  NON_STRING_KEY: 'A key must be plain text.',
  RESOURCE_EXHAUSTION: 'The values are nested too deeply.',
  TAB_AS_INDENT: 'YAML does not allow tabs as indentation. Use spaces.',
  TAG_RESOLVE_FAILED: 'Tags (`!name`) are not supported. Remove the tag.',
  UNEXPECTED_TOKEN: 'This is unexpected here. Check brackets, quotes and colons before it.',
};

export function parseYaml(text: string): YamlTree {
  const refusal = refuse(text);
  if (refusal) return { root: undefined, problems: [refusal], isWellFormed: false };
  const document = parseDocument<Node>(text, {
    schema: 'core',
    version: '1.2',
    resolveKnownTags: false, // no !!set, !!omap, !!binary of YAML 1.1
    merge: false,
    uniqueKeys: false, // ours reports every one of them, and does not take quadratic time
    prettyErrors: false,
    logLevel: 'error', // 'silent' would accept several documents
  });
  const complaints = [...document.errors, ...document.warnings];
  const problems = onePerPlace(complaints, ({ pos }) => pos[0]).map(
    ({ code, pos }): SyntaxProblem => ({
      code: code === 'TAG_RESOLVE_FAILED' ? 'tag' : 'syntax',
      message: SYNTAX_MESSAGES[code],
      range: visible(text, pos),
    }),
  );
  const isWellFormed = problems.every(({ code }) => code === 'tag');
  const root = document.contents ? new TreeBuilder(problems).build(document.contents) : undefined;
  return { root, problems: problems.slice(0, MAX_PROBLEMS), isWellFormed };
}

function refuse(text: string): SyntaxProblem | undefined {
  const range: Range = [0, Math.min(text.length, 80)];
  if (text.length > MAX_BYTES || new TextEncoder().encode(text).length > MAX_BYTES) {
    const message = 'A config may be at most 1 MB. Keep data in files of its own.';
    return { code: 'too-large', message, range };
  }
  switch (exceededLimit(text, LIMITS)) {
    case 'tokens': {
      const message = 'This file has too many values for a config. Keep data in files of its own.';
      return { code: 'too-large', message, range };
    }
    case 'depth': {
      const message = `Values nest more than ${LIMITS.depth} levels deep. A config needs three.`;
      return { code: 'too-deep', message, range };
    }
    case undefined:
      return undefined;
  }
}

/** An error at the end of a line or file marks what stands before it. */
function visible(text: string, [from, to]: Range): Range {
  const end = Math.min(Math.max(from, to), text.length);
  if (from < end) return [from, Math.max(from + 1, from + text.slice(from, end).trimEnd().length)];
  const before = text.slice(0, end).trimEnd().length;
  return [Math.max(0, before - 1), before];
}

/** One mistake often makes the parser complain several times at the same place. */
function onePerPlace<T>(problems: readonly T[], startOf: (problem: T) => number): T[] {
  const first = new Map<number, T>();
  for (const problem of problems) {
    if (!first.has(startOf(problem))) first.set(startOf(problem), problem);
    if (first.size === MAX_PROBLEMS) break;
  }
  return [...first.values()];
}

/** Copies the parser's nodes. Anchors count in order of the text, so no alias can reach itself. */
class TreeBuilder {
  private readonly anchors = new Map<string, { node: YamlNode; size: number }>();
  private aliased = 0;
  private built = 0;

  constructor(private readonly problems: SyntaxProblem[]) {}

  build(source: Node): YamlNode {
    const before = this.built++;
    const node = this.copy(source, rangeOf(source));
    if ('anchor' in source && source.anchor) {
      this.anchors.set(source.anchor, { node, size: this.built - before });
    }
    return node;
  }

  private copy(source: Node, range: Range): YamlNode {
    if (isAlias(source)) return this.resolve(source.source, range);
    if (isMap<Node, Node | null>(source)) {
      return { kind: 'map', range, entries: source.items.flatMap(pair => this.entry(pair, range)) };
    }
    if (isSeq<Node>(source)) {
      return { kind: 'list', range, items: source.items.map(item => this.build(item)) };
    }
    return { kind: 'scalar', range, value: isScalar<Scalar>(source) ? source.value : null };
  }

  private entry({ key, value }: Pair<Node, Node | null>, map: Range): YamlEntry[] {
    const keyRange: Range = key?.range ? rangeOf(key) : [map[0], map[0]];
    if (!isScalar<Scalar>(key) || key.value === null) {
      const message = 'A key must be plain text, such as `train`.';
      this.problems.push({ code: 'key-not-text', message, range: keyRange });
      return [];
    }
    const nothing: YamlNode = { kind: 'scalar', range: [keyRange[1], keyRange[1]], value: null };
    return [{ key: String(key.value), keyRange, value: value ? this.build(value) : nothing }];
  }

  private resolve(name: string, range: Range): YamlNode {
    const target = this.anchors.get(name);
    this.aliased += target?.size ?? 0;
    this.built += target?.size ?? 0;
    if (target && this.aliased <= MAX_ALIASED_NODES) return { ...target.node, range };
    const message = target
      ? 'The aliases of this file stand for too many values. Write the values out.'
      : `No anchor \`&${name}\` is complete before this alias. Write the value out.`;
    this.problems.push({ code: 'alias', message, range });
    return { kind: 'scalar', range, value: null };
  }
}

function rangeOf(node: Node): Range {
  const [start, end] = node.range ?? [0, 0];
  return [start, end];
}

/** The entry or list item at a path of keys and indices; the first of those given twice. */
export function entryAt(
  root: YamlNode | undefined,
  path: readonly string[],
): YamlEntry | undefined {
  let node = root;
  let entry: YamlEntry | undefined;
  for (const key of path) {
    entry = childrenOf(node).find(child => child.key === key);
    if (!entry) return undefined;
    node = entry.value;
  }
  return entry;
}

/** A list reads as a map from indices; an index stands where its item stands. */
export function childrenOf(node: YamlNode | undefined): readonly YamlEntry[] {
  if (node?.kind === 'map') return node.entries;
  if (node?.kind !== 'list') return [];
  return node.items.map((value, index) => ({ key: `${index}`, keyRange: value.range, value }));
}

/** Plain data. Maps have no prototype, so that no key can reach one. */
export function valueOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(valueOf);
    case 'map': {
      const map = Object.create(null) as Record<string, unknown>;
      for (const { key, value } of node.entries) if (!(key in map)) map[key] = valueOf(value);
      return map;
    }
  }
}

/** The entries around an offset, from the top level inwards. */
export function entriesAt(root: YamlNode | undefined, offset: number): YamlEntry[] {
  const entry = childrenOf(root).find(
    ({ keyRange, value }) =>
      keyRange[0] <= offset && offset <= Math.max(keyRange[1], value.range[1]),
  );
  return entry ? [entry, ...entriesAt(entry.value, offset)] : [];
}
