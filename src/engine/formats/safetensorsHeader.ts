/**
 * The header of a safetensors file: which tensors lie where. As strict as the reference crate
 * (huggingface/safetensors 0.8), with its error classes, and stricter where its README is: a name
 * given twice is refused, and so is a tensor written as an array. Knows nothing of files.
 */
import { fail } from '../problem';
import type { SizedDtype } from './foreignDtypes';
import { bitsOf } from './foreignDtypes';
import { dtypeNamed } from './safetensorsDtypes';
import { StrictJsonError, strictMembers } from './strictJson';
import type { StrictJson, StrictMember } from './strictJson';

export interface SafetensorsEntry {
  readonly dtype: SizedDtype;
  readonly shape: readonly number[];
  /** Absolute, from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order in which the data lies in the file. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
}

export const MAX_HEADER_BYTES = 100_000_000;
/** The little-endian length in front of the header. */
export const LENGTH_BYTES = 8;
const MAX_U64 = 2n ** 64n - 1n;

interface RawEntry {
  name: string;
  /** Byte of the file where the header speaks of it. */
  at: number;
  dtype: SizedDtype;
  shape: bigint[];
  begin: bigint;
  end: bigint;
}

/**
 * Reads and checks a header against the size of its file.
 * @param bytes the header alone, without the 8 bytes of its length
 * @throws `safetensors.*` with the byte in the file
 */
export function parseSafetensorsHeader(
  bytes: Uint8Array,
  fileBytes: number,
  file: string,
): SafetensorsHeader {
  const refuse: Refuse = (kind, what, at) =>
    fail(`safetensors.${kind}`, `${file} is not a valid safetensors file: ${what}.`, {
      file,
      byte: at + LENGTH_BYTES,
    });
  const { raw, metadata } = interpret(bytes, refuse);
  const dataStart = LENGTH_BYTES + bytes.byteLength;
  return { metadata, entries: placeEntries(raw, dataStart, fileBytes, refuse) };
}

type Refuse = (kind: string, what: string, at: number) => never;

function interpret(
  bytes: Uint8Array,
  refuse: Refuse,
): { raw: RawEntry[]; metadata: Map<string, string> } {
  const bad = (what: string, at: number): never => refuse('invalid-header-json', what, at);
  const raw: RawEntry[] = [];
  let metadata = new Map<string, string>();
  const names = new Set<string>();
  try {
    for (const member of strictMembers(bytes)) {
      if (names.has(member.name)) bad(`"${member.name}" stands in its header twice`, member.at);
      names.add(member.name);
      if (member.name === '__metadata__') metadata = readMetadata(member.value, bad);
      else raw.push(readEntry(member, bad));
    }
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    const kind = error.message.includes('UTF-8') ? 'invalid-header' : 'invalid-header-json';
    return refuse(kind, `its header ${error.message}`, error.at);
  }
  return { raw, metadata };
}

type Bad = (what: string, at: number) => never;

function readMetadata(json: StrictJson, bad: Bad): Map<string, string> {
  const metadata = new Map<string, string>();
  if (json.kind === 'null') return metadata;
  if (json.kind !== 'object') return bad('__metadata__ is not an object', json.at);
  for (const { name, at, value } of json.members) {
    if (value.kind !== 'string') return bad(`__metadata__ "${name}" is not text`, value.at);
    if (metadata.has(name)) bad(`__metadata__ holds "${name}" twice`, at);
    metadata.set(name, value.text);
  }
  return metadata;
}

function readEntry({ name, at, value }: StrictMember, bad: Bad): RawEntry {
  if (value.kind !== 'object') return bad(`tensor "${name}" is not described`, value.at);
  const field = (wanted: string): StrictJson => {
    const found = value.members.filter(m => m.name === wanted);
    const [first, second] = found;
    if (first === undefined) return bad(`tensor "${name}" has no ${wanted}`, value.at);
    if (second !== undefined) return bad(`tensor "${name}" has ${wanted} twice`, second.at);
    return first.value;
  };
  const integers = (wanted: string): bigint[] => {
    const list = field(wanted);
    if (list.kind !== 'array') return bad(`${wanted} of "${name}" is not a list`, list.at);
    return list.items.map(item => {
      const whole = item.kind === 'number' && /^[0-9]+$/.test(item.literal);
      const number = whole ? BigInt(item.literal) : -1n;
      if (number < 0n || number > MAX_U64)
        return bad(`${wanted} of "${name}" holds something else than a whole number`, item.at);
      return number;
    });
  };
  const offsets = integers('data_offsets');
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2)
    return bad(`data_offsets of "${name}" are not two numbers`, at);
  return {
    name,
    at,
    dtype: readDtype(name, field('dtype'), bad),
    shape: integers('shape'),
    begin,
    end,
  };
}

function readDtype(name: string, json: StrictJson, bad: Bad): SizedDtype {
  const text = json.kind === 'string' ? json.text : '';
  return dtypeNamed(text) ?? bad(`the type "${text}" of "${name}" is unknown`, json.at);
}

/** Every byte of the data belongs to exactly one tensor: no hole, no overlap, nothing after. */
function placeEntries(
  raw: RawEntry[],
  dataStart: number,
  fileBytes: number,
  refuse: Refuse,
): Map<string, SafetensorsEntry> {
  const entries = new Map<string, SafetensorsEntry>();
  const inOrder = [...raw].sort((a, b) => compare(a.begin, b.begin) || compare(a.end, b.end));
  let start = 0n;
  for (const { name, at, dtype, shape, begin, end } of inOrder) {
    if (begin !== start || end < begin)
      refuse('invalid-offset', `"${name}" begins at ${begin} of the data, not at ${start}`, at);
    const bytes = byteCount(name, dtype, shape, at, refuse);
    if (bytes !== end - begin)
      refuse('tensor-size', `"${name}" takes ${bytes} bytes but is given ${end - begin}`, at);
    entries.set(name, {
      dtype,
      shape: shape.map(Number),
      offset: dataStart + Number(begin),
      bytes: Number(bytes),
    });
    start = end;
  }
  if (start !== BigInt(fileBytes - dataStart))
    refuse(
      'incomplete-buffer',
      `its header speaks of ${start} bytes of data and ${fileBytes - dataStart} are there`,
      dataStart - LENGTH_BYTES,
    );
  return entries;
}

function byteCount(
  name: string,
  dtype: SizedDtype,
  shape: bigint[],
  at: number,
  refuse: Refuse,
): bigint {
  let bits = 1n;
  for (const factor of [...shape, BigInt(bitsOf(dtype))]) {
    bits *= factor;
    if (bits > MAX_U64) refuse('overflow', `"${name}" is too large to exist`, at);
  }
  if (bits % 8n !== 0n) refuse('misaligned', `"${name}" ends in the middle of a byte`, at);
  return bits / 8n;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
