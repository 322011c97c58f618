/**
 * What a pickle holds as two flat tables, by dotted path: its tensors, and its texts, numbers and
 * class names. Knows nothing of where the bytes of a tensor lie.
 */
import { limits } from './pickleLimits';
import { floatText } from './pythonText';
import type { PyArray, PyRecord, PyStorage, PyTensor, PyValue } from './pyValue';
import { isObject } from './pyValue';

export interface Structure {
  readonly tensors: ReadonlyMap<string, PyTensor | PyStorage | PyArray>;
  readonly texts: ReadonlyMap<string, string>;
}

/** What a tensor is called that is not in anything. */
const ALONE = 'tensor';
const ROOT = 'object';

/** @param refuse ends with `torch.too-complex` */
export function structureOf(value: PyValue, refuse: (what: string) => never): Structure {
  const walk = new Walk(refuse);
  walk.visit(value, '', 0);
  return walk;
}

type Container = Extract<PyValue, { kind: 'list' | 'tuple' | 'set' | 'dict' | 'record' }>;

class Walk implements Structure {
  readonly tensors = new Map<string, PyTensor | PyStorage | PyArray>();
  readonly texts = new Map<string, string>();
  private readonly open = new Set<Container>();
  private readonly met = new Set<Container>();
  private visits = 0;
  private revisits = 0;
  /** How many containers, met before, lie around the place in hand. */
  private shared = 0;

  constructor(private readonly refuse: (what: string) => never) {}

  visit(value: PyValue, path: string, depth: number): void {
    this.visits++;
    if (this.shared > 0) this.revisits++;
    if (this.visits > limits.visits || this.revisits > limits.revisits)
      this.refuse('what it holds has no end');
    if (depth > limits.depth)
      this.refuse(`it holds containers in containers, more than ${limits.depth} deep`);
    if (!isObject(value)) return this.text(path, leafText(value));
    switch (value.kind) {
      case 'tensor':
      case 'storage':
      case 'array':
        this.tensors.set(unused(this.tensors, path || ALONE), value);
        return;
      case 'list':
      case 'tuple':
      case 'set':
      case 'dict':
      case 'record':
        this.enter(value, path, depth);
        return;
      case 'float':
      case 'bytes':
      case 'global':
      case 'numpy-dtype':
        this.text(path, leafText(value));
    }
  }

  /** What contains itself is told of once. */
  private enter(value: Container, path: string, depth: number): void {
    if (this.open.has(value)) return this.text(path, '…');
    const isShared = this.met.has(value);
    this.open.add(value);
    this.met.add(value);
    if (isShared) this.shared++;
    this.inside(value, path, depth + 1);
    if (isShared) this.shared--;
    this.open.delete(value);
  }

  private inside(value: Container, path: string, depth: number): void {
    if (value.kind === 'record') this.record(value, path, depth);
    else if (value.kind === 'dict') this.entries(value.entries, path, depth);
    else this.list(value, path, depth);
  }

  private list({ kind, items }: { kind: string; items: PyValue[] }, path: string, depth: number) {
    if (items.every(isLeaf)) this.text(path, listText(kind, items));
    else this.items(items, path, depth);
  }

  private items(items: readonly PyValue[], path: string, depth: number): void {
    items.forEach((item, i) => this.visit(item, join(path, String(i)), depth));
  }

  private entries(entries: ReadonlyMap<PyValue, PyValue>, path: string, depth: number): void {
    if (entries.size === 0) this.text(path, '{}');
    for (const [key, item] of entries) this.visit(item, join(path, keyText(key)), depth);
  }

  private record(record: PyRecord, path: string, depth: number): void {
    const { className, args, state, items, entries } = record;
    const isPlain = args.every(isLeaf);
    const shown = args.length > 0 && isPlain ? `${className}(${itemsText(args)})` : className;
    this.text(path || ROOT, shown);
    if (!isPlain) this.items(args, path, depth);
    if (items) this.items(items, path, depth);
    if (entries) this.entries(entries, path, depth);
    if (state !== undefined && state !== null) this.state(state, path, depth);
  }

  /** `__dict__`, or with it what stands in slots, or anything that a class of its own wants. */
  private state(state: PyValue, path: string, depth: number): void {
    if (!isObject(state) || (state.kind !== 'dict' && state.kind !== 'tuple'))
      return this.visit(state, join(path, 'state'), depth);
    const parts = state.kind === 'dict' ? [state] : state.items;
    if (!parts.every(part => part === null || (isObject(part) && part.kind === 'dict')))
      return this.visit(state, join(path, 'state'), depth);
    for (const part of parts)
      if (isObject(part) && part.kind === 'dict' && !this.module(part.entries, path, depth))
        this.entries(part.entries, path, depth);
  }

  /** A `torch.nn.Module`: named as its `state_dict()` would name it, without its machinery. */
  private module(state: ReadonlyMap<PyValue, PyValue>, path: string, depth: number): boolean {
    const parts = ['_parameters', '_buffers', '_modules'].map(name => state.get(name));
    if (parts[0] === undefined || parts[2] === undefined) return false;
    for (const [name, item] of state)
      if (typeof name === 'string' && !name.startsWith('_') && name !== 'training')
        this.visit(item, join(path, name), depth);
    for (const part of parts)
      if (part !== undefined && isObject(part) && part.kind === 'dict')
        for (const [name, item] of part.entries)
          if (item !== null) this.visit(item, join(path, keyText(name)), depth);
    return true;
  }

  private text(path: string, text: string): void {
    this.texts.set(unused(this.texts, path || ROOT), text);
  }
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/** Two paths can look alike: `{'a': {'b': 1}, 'a.b': 2}`. */
function unused(taken: ReadonlyMap<string, unknown>, name: string): string {
  if (!taken.has(name)) return name;
  for (let i = 2; ; i++) if (!taken.has(`${name}#${i}`)) return `${name}#${i}`;
}

const isLeaf = (value: PyValue): boolean =>
  !isObject(value) || ['float', 'bytes', 'global', 'numpy-dtype'].includes(value.kind);

const keyText = (key: PyValue): string =>
  isObject(key) && key.kind === 'tuple' && key.items.every(isLeaf)
    ? listText('tuple', key.items)
    : leafText(key);

/** Longer texts and lists are cut, and say so. */
const MAX_TEXT = 20_000;
const MAX_LIST_TEXT = 1_000;

const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most)}… (${text.length} characters)` : text;

/** As Python prints it; text without quotes. */
function leafText(value: PyValue): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') return cut(value, MAX_TEXT);
  if (!isObject(value)) return String(value);
  switch (value.kind) {
    case 'float':
      return floatText(value.value);
    case 'bytes':
      return `${value.content instanceof Uint8Array ? value.content.byteLength : value.content.bytes} bytes`;
    case 'global':
      return value.name;
    case 'numpy-dtype':
      return `dtype('${value.descr}')`;
    default:
      return value.kind;
  }
}

const brackets: Readonly<Record<string, [string, string]>> = {
  list: ['[', ']'],
  tuple: ['(', ')'],
  set: ['{', '}'],
};

function listText(kind: string, items: readonly PyValue[]): string {
  const [open, close] = brackets[kind] ?? ['', ''];
  return `${open}${itemsText(items)}${kind === 'tuple' && items.length === 1 ? ',' : ''}${close}`;
}

function itemsText(items: readonly PyValue[]): string {
  let text = '';
  for (const [i, item] of items.entries()) {
    if (text.length > MAX_LIST_TEXT) return `${text}, … ${items.length} in all`;
    text += (i === 0 ? '' : ', ') + (typeof item === 'string' ? `'${item}'` : leafText(item));
  }
  return text;
}
