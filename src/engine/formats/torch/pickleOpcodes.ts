/** The opcodes of pickle protocols 0 to 5, each as what it does to the machine. Source: pickletools. */
import type { PickleMachine } from './pickleMachine';
import type { PyFloat, PyValue } from './pyValue';
import { narrow } from './pickleReader';
import { unescapePython, unescapeUnicode } from './pythonText';

type Operate = (machine: PickleMachine) => void;

export const STOP = '.'.charCodeAt(0);

const float = (value: number): PyFloat => ({ kind: 'float', value });
const pushTuple = (m: PickleMachine, items: PyValue[]) => m.pushNew({ kind: 'tuple', items });

const MAX_PROTOCOL = 5;
const WHOLE = /^[+-]?[0-9]{1,600}L?$/;
const NUMBER = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$|^[+-]?(inf|nan)$/;

function wholeNumber(m: PickleMachine, line: string): number | bigint {
  if (!WHOLE.test(line)) m.refuse('a whole number of it is none');
  return narrow(BigInt(line.replace(/^\+|L$/g, '')));
}

function floatText(m: PickleMachine): number {
  const line = m.reader.line();
  if (!NUMBER.test(line)) m.refuse('a number of it is none');
  return Number(line.replace('inf', 'Infinity'));
}

function keyText(m: PickleMachine): number {
  const key = Number(m.reader.line());
  return Number.isSafeInteger(key) && key >= 0 ? key : m.refuse('it remembers under no number');
}

/** Text of Python 2, where text and bytes were one. */
function quotedText(m: PickleMachine): string {
  const [, , text] = /^(['"])(.*)\1$/.exec(m.reader.line()) ?? [];
  return text === undefined ? m.refuse('a text of it has no quotes') : unescapePython(text);
}

const table: Readonly<Record<string, Operate>> = {
  // the program itself
  '\x80': m => {
    const protocol = m.reader.u8();
    if (protocol > MAX_PROTOCOL) m.refuse(`it is of protocol ${protocol}, which is not known`);
  },
  '\x95': m => void m.reader.u64(), // a frame: what is in it follows anyway
  // the stack
  '(': m => m.mark(),
  '0': m => void m.pop(),
  '1': m => void m.popToMark(),
  '2': m => m.push(m.top),
  // the memo
  p: m => m.remember(keyText(m), m.top),
  q: m => m.remember(m.reader.u8(), m.top),
  r: m => m.remember(m.reader.u32(), m.top),
  '\x94': m => m.memoize(),
  g: m => m.push(m.recall(keyText(m))),
  h: m => m.push(m.recall(m.reader.u8())),
  j: m => m.push(m.recall(m.reader.u32())),
  // single values
  N: m => m.push(null),
  '\x88': m => m.push(true),
  '\x89': m => m.push(false),
  I: m => {
    const line = m.reader.line();
    m.push(line === '00' ? false : line === '01' ? true : wholeNumber(m, line));
  },
  L: m => m.push(wholeNumber(m, m.reader.line())),
  J: m => m.push(m.reader.i32()),
  K: m => m.push(m.reader.u8()),
  M: m => m.push(m.reader.u16()),
  '\x8a': m => m.push(m.reader.integer(m.reader.u8())),
  '\x8b': m => m.push(m.reader.integer(m.reader.u32())),
  F: m => m.pushNew(float(floatText(m))),
  G: m => m.pushNew(float(m.reader.float())),
  // text
  S: m => m.push(quotedText(m)),
  T: m => m.push(m.reader.text(m.reader.u32(), 'utf8')),
  U: m => m.push(m.reader.text(m.reader.u8(), 'utf8')),
  V: m => m.push(unescapeUnicode(m.reader.line())),
  X: m => m.push(m.reader.text(m.reader.u32())),
  '\x8c': m => m.push(m.reader.text(m.reader.u8())),
  '\x8d': m => m.push(m.reader.text(m.reader.u64())),
  // bytes
  B: m => m.pushNew(m.reader.bytes(m.reader.u32())),
  C: m => m.pushNew(m.reader.bytes(m.reader.u8())),
  '\x8e': m => m.pushNew(m.reader.bytes(m.reader.u64())),
  '\x96': m => m.pushNew(m.reader.bytes(m.reader.u64())),
  // containers
  ')': m => pushTuple(m, []),
  t: m => pushTuple(m, m.popToMark()),
  '\x85': m => pushTuple(m, m.popSeveral(1)),
  '\x86': m => pushTuple(m, m.popSeveral(2)),
  '\x87': m => pushTuple(m, m.popSeveral(3)),
  ']': m => m.pushNew({ kind: 'list', items: [] }),
  l: m => m.pushNew({ kind: 'list', items: m.popToMark() }),
  a: m => m.append(m.popSeveral(1)),
  e: m => m.append(m.popToMark()),
  '}': m => m.pushNew({ kind: 'dict', entries: new Map() }),
  d: m => {
    const pairs = m.popToMark();
    m.pushNew({ kind: 'dict', entries: new Map() });
    m.setItems(pairs);
  },
  s: m => m.setItems(m.popSeveral(2)),
  u: m => m.setItems(m.popToMark()),
  '\x8f': m => m.pushNew({ kind: 'set', items: [] }),
  '\x90': m => m.append(m.popToMark()),
  '\x91': m => m.pushNew({ kind: 'set', items: m.popToMark() }),
  // classes and objects
  c: m => {
    const module = m.reader.line();
    m.pushGlobal(module, m.reader.line());
  },
  '\x93': m => {
    const [module, name] = m.popSeveral(2);
    if (typeof module !== 'string' || typeof name !== 'string')
      return m.refuse('a name of a class is no text');
    m.pushGlobal(module, name);
  },
  R: m => {
    const [callable, args] = m.popSeveral(2);
    m.pushNew(m.call(callable, args));
  },
  i: m => {
    const [module, name] = [m.reader.line(), m.reader.line()];
    const items = m.popToMark();
    m.pushGlobal(module, name);
    m.pushNew(m.call(m.pop(), { kind: 'tuple', items }));
  },
  o: m => {
    const [callable, ...items] = m.popToMark();
    m.pushNew(m.call(callable, { kind: 'tuple', items }));
  },
  '\x81': m => {
    const [cls, args] = m.popSeveral(2);
    m.pushNew(m.construct(cls!, args!));
  },
  '\x92': m => {
    const [cls, args, named] = m.popSeveral(3);
    m.pushNew(m.construct(cls!, args!));
    const isEmpty = typeof named === 'object' && named?.kind === 'dict' && named.entries.size === 0;
    if (!isEmpty) m.build(named!);
  },
  b: m => m.build(m.pop()),
  P: m => m.pushNew(m.persistent(m.reader.line())),
  Q: m => m.pushNew(m.persistent(m.pop())),
  // what stands in the Python that reads, not in the file
  '\x82': m => m.refuse('it uses an extension registry'),
  '\x83': m => m.refuse('it uses an extension registry'),
  '\x84': m => m.refuse('it uses an extension registry'),
  '\x97': m => m.refuse('a part of it lies elsewhere'),
  '\x98': m => m.refuse('a part of it lies elsewhere'),
};

export const opcodes: ReadonlyMap<number, Operate> = new Map(
  Object.entries(table).map(([sign, operate]) => [sign.charCodeAt(0), operate]),
);
