/** Calls of Python's own library that pickles of data make, and what each gives. */
import type { KnownCall, PyCall } from './pickleMachine';
import { globalOf } from './pickleMachine';
import type { PyDict, PyValue } from './pyValue';
import { isObject } from './pyValue';

/** Items of a list, tuple or set, or the keys of a dict. */
function itemsOf(value: PyValue | undefined, at: KnownCall): PyValue[] {
  if (value === undefined) return [];
  if (isObject(value)) {
    if (value.kind === 'list' || value.kind === 'tuple' || value.kind === 'set')
      return [...value.items];
    if (value.kind === 'dict') return [...value.entries.keys()];
  }
  return at.refuse(`${at.name} is called with what has no items`);
}

/** From nothing, another dict, or pairs. */
function dictOf(value: PyValue | undefined, at: KnownCall): PyDict {
  if (value !== undefined && isObject(value) && value.kind === 'dict')
    return { kind: 'dict', entries: new Map(value.entries) };
  const entries = new Map<PyValue, PyValue>();
  for (const pair of itemsOf(value, at)) {
    const [key, item, ...more] = itemsOf(pair, at);
    if (key === undefined || item === undefined || more.length > 0)
      return at.refuse(`${at.name} is called with what are no pairs`);
    entries.set(key, item);
  }
  return { kind: 'dict', entries };
}

/** Text as the bytes it stands for; pickles of protocol 2 know no bytes. */
function encodedText([text, encoding = 'latin1']: readonly PyValue[], at: KnownCall): PyValue {
  if (typeof text !== 'string') return at.refuse(`${at.name} is called with what is no text`);
  if (encoding !== 'latin1' && encoding !== 'utf-8' && encoding !== 'utf8')
    return at.refuse(`${at.name} is called for an encoding that is not known`);
  return { kind: 'bytes', content: Buffer.from(text, encoding === 'latin1' ? 'latin1' : 'utf8') };
}

/** `bytes` and `bytearray`: nothing, other bytes, text with its encoding, or a list of bytes. */
function bytesFrom(args: readonly PyValue[], at: KnownCall): PyValue {
  const [value] = args;
  if (value === undefined) return { kind: 'bytes', content: new Uint8Array() };
  if (typeof value === 'string') return encodedText(args, at);
  if (isObject(value) && value.kind === 'bytes') return value;
  const items = itemsOf(value, at);
  if (!items.every(item => typeof item === 'number' && item >= 0 && item < 256))
    return at.refuse(`${at.name} is called with what are no bytes`);
  return { kind: 'bytes', content: Uint8Array.from(items as number[]) };
}

/** `copyreg._reconstructor(class, base, state of the base)`. */
function reconstruct([cls, base, state]: readonly PyValue[], at: KnownCall): PyValue {
  const name = globalOf(cls)?.name;
  if (name === undefined) return at.refuse('it builds an object of what is no class');
  const record = at.newRecord(name, []);
  const kind = globalOf(base)?.name;
  if (kind === 'builtins.dict') record.entries = dictOf(state, at).entries;
  else if (kind === 'builtins.list') record.items = itemsOf(state, at);
  else if (kind !== 'builtins.object') return at.refuse(`it builds a ${name} on what is not known`);
  return record;
}

const asRecord: PyCall = (args, at) => ({ kind: 'record', className: at.name, args });

const make =
  (kind: 'list' | 'tuple' | 'set'): PyCall =>
  ([value], at) => ({ kind, items: itemsOf(value, at) });

export const pythonCalls: Readonly<Record<string, PyCall>> = {
  'collections.OrderedDict': ([value], at) => dictOf(value, at),
  'collections.Counter': ([value], at) => dictOf(value, at),
  'collections.defaultdict': ([, value], at) => dictOf(value, at),
  'collections.deque': make('list'),
  'builtins.dict': ([value], at) => dictOf(value, at),
  'builtins.list': make('list'),
  'builtins.tuple': make('tuple'),
  'builtins.set': make('set'),
  'builtins.frozenset': make('set'),
  'builtins.bytes': bytesFrom,
  'builtins.bytearray': bytesFrom,
  'builtins.complex': asRecord,
  'builtins.slice': asRecord,
  'builtins.range': asRecord,
  'builtins.object': asRecord,
  '_codecs.encode': encodedText,
  'copyreg._reconstructor': reconstruct,
  'copyreg.__newobj__': ([cls, ...items], at) => {
    const name = globalOf(cls)?.name;
    return name === undefined
      ? at.refuse('it builds an object of what is no class')
      : at.newRecord(name, items);
  },
  'datetime.datetime': asRecord,
  'datetime.date': asRecord,
  'datetime.time': asRecord,
  'datetime.timedelta': asRecord,
  'datetime.timezone': asRecord,
  'decimal.Decimal': asRecord,
  'fractions.Fraction': asRecord,
  'uuid.UUID': asRecord,
  'pathlib.Path': asRecord,
  'pathlib.PosixPath': asRecord,
  'pathlib.WindowsPath': asRecord,
  'pathlib.PurePath': asRecord,
  'pathlib.PurePosixPath': asRecord,
  'pathlib.PureWindowsPath': asRecord,
};

/** The numbers of a tuple or list of whole ones of which none is negative, as shapes are. */
export function wholeNumbers(value: PyValue | undefined): number[] | undefined {
  if (value === undefined || !isObject(value)) return undefined;
  if (value.kind !== 'tuple' && value.kind !== 'list') return undefined;
  const isWhole = (item: PyValue): item is number => typeof item === 'number' && item >= 0;
  return value.items.every(isWhole) ? value.items : undefined;
}
