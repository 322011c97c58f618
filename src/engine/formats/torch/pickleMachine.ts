/**
 * The stack machine that a pickle is a program for. It only builds plain data: classes are names,
 * and the one thing that would run code, calling what the pickle names, is looked up in a fixed
 * table of calls whose result is known without running them. Everything else is refused by its name.
 */
import type { ByteWindow } from '../byteSource';
import { limits } from './pickleLimits';
import { opcodes, STOP } from './pickleOpcodes';
import type { RefusePickle } from './pickleReader';
import { PickleReader } from './pickleReader';
import type { PyGlobal, PyList, PyObject, PyRecord, PyValue } from './pyValue';
import { isObject, isTuple } from './pyValue';

/** What a call that is known gives for its arguments. */
export type PyCall = (args: readonly PyValue[], at: KnownCall) => PyValue;

export interface KnownCall {
  readonly name: string;
  readonly refuse: (what: string, kind?: string) => never;
  readonly call: (callable: PyValue | undefined, args: PyValue | undefined) => PyValue;
  readonly newRecord: (className: string, args: readonly PyValue[]) => PyRecord;
}

export interface PickleLanguage {
  /** By full name. */
  readonly calls: ReadonlyMap<string, PyCall>;
  /** What an object that stands outside of the pickle is. */
  readonly persistent: (id: PyValue, at: KnownCall) => PyValue;
  /** Gives an object its state; false when it can have none. */
  readonly build: (target: PyObject, state: PyValue, at: KnownCall) => boolean;
}

export interface PickleResult {
  readonly value: PyValue;
  /** Byte after the pickle. */
  readonly end: number;
}

/** @throws `torch.…` at the byte where reading stopped */
export function readPickle(
  window: ByteWindow,
  start: number,
  language: PickleLanguage,
  refuse: RefusePickle,
): PickleResult {
  return new PickleMachine(new PickleReader(window, start, refuse), language).run();
}

/** Modules of Python itself that reach the machine: no class of theirs is data. */
const REACHING_OUT =
  /^(_?posix|nt|os|sys|subprocess|_posixsubprocess|builtins|runpy|pty|code|codeop|pdb|bdb|timeit|trace|cProfile|profile|importlib|_imp|imp|ctypes|_ctypes|socket|_socket|shutil|tempfile|webbrowser|multiprocessing|threading|_thread|asyncio|signal|operator|_operator|functools|types|marshal|pickle|_pickle|dill|cloudpickle|inspect|platform|pip|ensurepip|venv|smtplib|ftplib|http|urllib|xmlrpc|ssl|sqlite3|doctest|pydoc|idlelib|commands|popen2|atexit|gc|weakref|linecache|zipimport|pkgutil|site|logging)(\.|$)/;

const aliases: readonly (readonly [old: RegExp, now: string])[] = [
  [/^__builtin__\./, 'builtins.'],
  [/^copy_reg\./, 'copyreg.'],
  [/^numpy\._core\./, 'numpy.core.'],
];

/** A tensor of a class of its own in a parameter: no more than that. */
const MAX_CALL_DEPTH = 8;

export class PickleMachine {
  private readonly stack: PyValue[] = [];
  private readonly marks: number[] = [];
  /** Numbered from 0 on, as every pickler does, and those that are numbered otherwise. */
  private readonly memo: PyValue[] = [];
  private readonly scattered = new Map<number, PyValue>();
  private objects = 0;
  private callDepth = 0;
  /** Where the opcode in hand stands. */
  private opcodeAt = 0;

  constructor(
    readonly reader: PickleReader,
    private readonly language: PickleLanguage,
  ) {}

  run(): PickleResult {
    const start = this.reader.at;
    for (let count = 0; ; count++) {
      this.opcodeAt = this.reader.at;
      if (count > limits.opcodes || this.opcodeAt - start > limits.bytes)
        this.refuse(`it takes more than ${count} steps`, 'too-complex');
      const code = this.reader.u8();
      if (code === STOP) break;
      const operate = opcodes.get(code);
      if (operate === undefined) this.refuse(`it has an unknown opcode ${code}`);
      else operate(this);
    }
    const value = this.pop();
    if (this.stack.length > 0 || this.marks.length > 0) this.refuse('it leaves something undone');
    return { value, end: this.reader.at };
  }

  /** @param kind of the problem, `torch.<kind>` */
  refuse(what: string, kind = 'bad-pickle'): never {
    return this.reader.refuse(kind, what, this.opcodeAt);
  }

  push(value: PyValue): void {
    if (this.stack.length >= limits.stack) this.refuse('it piles up too much', 'too-complex');
    this.stack.push(value);
  }

  /** Pushes what did not exist before. */
  pushNew(value: PyValue): void {
    if (++this.objects > limits.objects) this.refuse('it holds too many objects', 'too-complex');
    this.push(value);
  }

  pop(): PyValue {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.refuse('it takes what is not there');
    return this.stack.pop()!;
  }

  /** The last `count` values, in the order in which they were pushed. */
  popSeveral(count: number): PyValue[] {
    const from = this.stack.length - count;
    if (from < (this.marks.at(-1) ?? 0)) this.refuse('it takes what is not there');
    return this.stack.splice(from);
  }

  get top(): PyValue {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) this.refuse('it takes what is not there');
    return this.stack.at(-1)!;
  }

  mark(): void {
    if (this.marks.length >= limits.stack) this.refuse('it piles up too much', 'too-complex');
    this.marks.push(this.stack.length);
  }

  popToMark(): PyValue[] {
    const from = this.marks.pop();
    return from === undefined ? this.refuse('it takes what is not there') : this.stack.splice(from);
  }

  remember(key: number, value: PyValue): void {
    if (this.remembered >= limits.memo) this.refuse('it remembers too much', 'too-complex');
    if (key <= this.memo.length && !this.scattered.has(key)) this.memo[key] = value;
    else this.scattered.set(key, value);
  }

  memoize(): void {
    this.remember(this.remembered, this.top);
  }

  recall(key: number): PyValue {
    const value = key < this.memo.length ? this.memo[key] : this.scattered.get(key);
    return value === undefined ? this.refuse(`it recalls ${key}, which is not there`) : value;
  }

  private get remembered(): number {
    return this.memo.length + this.scattered.size;
  }

  append(items: readonly PyValue[]): void {
    const { top } = this;
    if (isObject(top)) {
      if (top.kind === 'list' || top.kind === 'set') return pushAll(top.items, items);
      if (top.kind === 'record') return pushAll((top.items ??= []), items);
    }
    this.refuse('it adds items to what is no list');
  }

  setItems(pairs: readonly PyValue[]): void {
    const { top } = this;
    const isRecord = isObject(top) && top.kind === 'record';
    const isDict = isObject(top) && top.kind === 'dict';
    if (!isRecord && !isDict) return this.refuse('it sets items of what is no dict');
    if (pairs.length % 2 !== 0) this.refuse('it sets a key without a value');
    const entries = isDict ? top.entries : (top.entries ??= new Map<PyValue, PyValue>());
    for (let i = 0; i < pairs.length; i += 2) entries.set(pairs[i]!, pairs[i + 1]!);
  }

  pushGlobal(module: string, name: string): void {
    const [old, now] = aliases.find(([pattern]) => pattern.test(`${module}.`)) ?? [];
    const full = `${module}.${name}`;
    this.pushNew({ kind: 'global', name: old ? full.replace(old, now!) : full });
  }

  /** Calls `callable`, if what it gives is known without running it. */
  call(callable: PyValue | undefined, args: PyValue | undefined): PyValue {
    const name = this.nameOf(callable);
    if (!isTuple(args)) return this.refuse(`it calls ${name} with what are no arguments`);
    const call = this.language.calls.get(name);
    if (call === undefined)
      return this.refuse(
        `Python would call ${name} to load it, which is not known to be harmless; nothing was run. If you trust where it comes from, save only its weights with torch.save(model.state_dict(), …)`,
        'unsafe-global',
      );
    if (++this.callDepth > MAX_CALL_DEPTH) this.refuse('it calls calls of calls', 'too-complex');
    const value = call(args.items, this.knownCall(name));
    this.callDepth--;
    return value;
  }

  /** A new object of a class: one that is known, or a record of what it was made from. */
  construct(cls: PyValue, args: PyValue): PyValue {
    const name = this.nameOf(cls);
    if (this.language.calls.has(name)) return this.call(cls, args);
    if (!isTuple(args)) return this.refuse(`it makes a ${name} from what are no arguments`);
    return this.newRecord(name, args.items);
  }

  persistent(id: PyValue): PyValue {
    return this.language.persistent(id, this.knownCall('persistent_load'));
  }

  build(state: PyValue): void {
    const target = this.top;
    const isBuilt =
      isObject(target) && this.language.build(target, state, this.knownCall('__setstate__'));
    if (!isBuilt) this.refuse('it gives a state to what has none');
  }

  private newRecord(className: string, args: readonly PyValue[]): PyRecord {
    if (REACHING_OUT.test(className))
      this.refuse(`Python would make a ${className} to load it; nothing was run`, 'unsafe-global');
    return { kind: 'record', className, args };
  }

  private nameOf(callable: PyValue | undefined): string {
    if (callable !== undefined && isObject(callable) && callable.kind === 'global')
      return callable.name;
    return this.refuse('it calls what is no class or function');
  }

  private knownCall(name: string): KnownCall {
    return {
      name,
      refuse: (what, kind) => this.refuse(what, kind),
      call: (callable, args) => this.call(callable, args),
      newRecord: (className, args) => this.newRecord(className, args),
    };
  }
}

const pushAll = (list: PyValue[], items: readonly PyValue[]): void => {
  for (const item of items) list.push(item);
};

export const globalOf = (value: PyValue | undefined): PyGlobal | undefined =>
  value !== undefined && isObject(value) && value.kind === 'global' ? value : undefined;

export const listOf = (kind: PyList['kind'], items: PyValue[]): PyList => ({ kind, items });
