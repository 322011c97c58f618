/**
 * The header of a `.npy` array: a Python literal with three keys, read by a grammar of its own and
 * never evaluated. Source: numpy.lib.format, versions 1.0 to 3.0.
 */
import { sizeOf } from '../../tensor/tensor';
import type { ByteSource } from '../byteSource';
import type { StoredTensor } from '../storedTensors';
import { rowMajorStrides } from '../stridedBytes';
import type { NumpyType } from './numpyType';
import { numpyType } from './numpyType';

/** @throws `<format>.<kind>` at a byte of the array */
export type RefuseNpy = (kind: string, what: string, at: number) => never;

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** Magic and version; the length of the header follows. */
const VERSION_END = MAGIC.length + 2;
/** As numpy itself allows: longer ones are not worth trusting. */
const MAX_HEADER_BYTES = 10_000;
/** So many bytes from the start hold nearly every header, and so many every one that is read. */
const USUAL_START_BYTES = 512;
const LONGEST_START_BYTES = VERSION_END + 4 + MAX_HEADER_BYTES;

export const isNpy = (start: Buffer): boolean => start.subarray(0, MAGIC.length).equals(MAGIC);

/**
 * @param readStart gives at most so many bytes from the start
 * @param source all of the array
 */
export function parseNpy(
  source: ByteSource,
  readStart: (most: number) => Buffer,
  refuse: RefuseNpy,
): StoredTensor {
  const usual = readStart(USUAL_START_BYTES);
  const isLong = usual.byteLength >= VERSION_END + 4 && headerEnd(usual) > usual.byteLength;
  const start = isLong ? readStart(LONGEST_START_BYTES) : usual;
  if (!isNpy(start)) return refuse('bad-magic', 'it is no NumPy array', 0);
  const { text, at, end } = headerText(start, refuse);
  const { descr, isFortran, shape } = new Literal(text, at, refuse).fields();
  const { elementBytes, ...type } = typeOf(descr, at, refuse);
  const bytes = sizeOf(shape) * elementBytes;
  if (bytes !== source.bytes - end)
    refuse(
      'data-size',
      `[${shape.join(', ')}] of ${descr} takes ${bytes} bytes and ${source.bytes - end} are there`,
      end,
    );
  const isScattered = isFortran && shape.length > 1 && bytes > 0;
  const strides = rowMajorStrides([...shape].reverse()).reverse();
  return { ...type, shape, bytes, source, start: end, ...(isScattered && { strides }) };
}

/** Version 1 has two bytes for the length of the header, later ones four. */
const lengthBytes = (start: Buffer): 2 | 4 => (start[MAGIC.length] === 1 ? 2 : 4);

const headerEnd = (start: Buffer): number =>
  VERSION_END + lengthBytes(start) + start.readUIntLE(VERSION_END, lengthBytes(start));

function headerText(start: Buffer, refuse: RefuseNpy) {
  const [major, minor] = [start[MAGIC.length], start[MAGIC.length + 1]];
  if (!(major === 1 || major === 2 || major === 3) || minor !== 0)
    refuse('bad-version', `version ${major}.${minor} is not known`, MAGIC.length);
  const at = VERSION_END + lengthBytes(start);
  if (start.byteLength < at) return refuse('truncated', 'its header is cut off', start.byteLength);
  const end = headerEnd(start);
  if (end - at > MAX_HEADER_BYTES)
    refuse('header-too-large', `its header of ${end - at} bytes is too large`, VERSION_END);
  if (start.byteLength < end) refuse('truncated', 'its header is cut off', start.byteLength);
  return { text: start.toString(major === 3 ? 'utf8' : 'latin1', at, end), at, end };
}

function typeOf(descr: string, at: number, refuse: RefuseNpy): NumpyType {
  const type = numpyType(descr);
  if (type === 'object')
    return refuse(
      'object-array',
      'it holds Python objects, which only a pickle can hold and which are not read; save it with an ordinary dtype',
      at,
    );
  return type ?? refuse('unsupported-dtype', `its type ${descr} is not known`, at);
}

interface Fields {
  descr: string;
  isFortran: boolean;
  shape: number[];
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` in any order. */
class Literal {
  private next = 0;

  constructor(
    private readonly text: string,
    private readonly at: number,
    private readonly refuse: RefuseNpy,
  ) {}

  fields(): Fields {
    const fields: Partial<Fields> = {};
    this.expect(/\{/y);
    while (!this.has(/\}/y)) {
      const key = this.expect(/'(descr|fortran_order|shape)'|"(descr|fortran_order|shape)"/y);
      this.expect(/:/y);
      this.field(key.slice(1, -1), fields);
      if (!this.has(/,|(?=\})/y)) this.fail('a comma is missing');
    }
    if (this.next !== this.text.length) this.fail('something follows it');
    const { descr, isFortran, shape } = fields;
    return descr === undefined || isFortran === undefined || shape === undefined
      ? this.fail('a key is missing')
      : { descr, isFortran, shape };
  }

  private field(key: string, fields: Partial<Fields>): void {
    if (key === 'descr') this.once(fields.descr, () => (fields.descr = this.descr()));
    else if (key === 'shape') this.once(fields.shape, () => (fields.shape = this.shape()));
    else
      this.once(fields.isFortran, () => {
        fields.isFortran = this.expect(/True|False/y) === 'True';
      });
  }

  private once(known: unknown, read: () => void): void {
    if (known !== undefined) this.fail('a key is there twice');
    read();
  }

  private descr(): string {
    if (this.has(/(?=\[)/y))
      this.refuse(
        'structured-dtype',
        'its elements are records of several fields, which are not read; save each field by itself',
        this.at + this.next,
      );
    return this.expect(/'[^'\\\n]{1,64}'|"[^"\\\n]{1,64}"/y).slice(1, -1);
  }

  private shape(): number[] {
    const shape: number[] = [];
    this.expect(/\(/y);
    while (!this.has(/\)/y)) {
      shape.push(Number(this.expect(/(0|[1-9][0-9]{0,15})L?/y).replace('L', '')));
      if (!this.has(/,|(?=\))/y)) this.fail('a comma is missing');
    }
    if (shape.length > 64 || !Number.isSafeInteger(sizeOf(shape) * 64))
      this.fail('its shape is too large to exist');
    return shape;
  }

  /** What fits after spaces, and past it and more spaces; undefined when nothing does. */
  private accept(pattern: RegExp): string | undefined {
    this.skipSpace();
    pattern.lastIndex = this.next;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined) return undefined;
    this.next += found.length;
    this.skipSpace();
    return found;
  }

  private has = (pattern: RegExp): boolean => this.accept(pattern) !== undefined;

  private skipSpace(): void {
    while (/[ \t\n\r]/.test(this.text.charAt(this.next))) this.next++;
  }

  private expect(pattern: RegExp): string {
    return this.accept(pattern) ?? this.fail(`its header is no description of an array`);
  }

  private fail(what: string): never {
    return this.refuse('bad-header', what, this.at + this.next);
  }
}
