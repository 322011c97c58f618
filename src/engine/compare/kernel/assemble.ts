/**
 * WebAssembly from its text form, as far as the kernels here use it: functions with folded
 * instructions over one memory. Knows nothing of what they compute.
 */

type Expression = string | Expression[];

/** @throws Error for text that is not of this part of the language: the mistake is ours */
export function assemble(source: string): Uint8Array {
  const functions = parse(source).map(form => functionOf(list(form)));
  const numbers = new Map(functions.map(({ name }, i) => [name, i]));
  const types = functions.map(({ params, results }) => [
    0x60,
    ...vector(params.map(([, type]) => [VALUE_TYPES[type]!])),
    ...vector(results.map(type => [VALUE_TYPES[type]!])),
  ]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...text('env'), ...text('memory'), 2, 0, 1]])),
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(functions.map(({ name }, i) => [...text(name), 0, ...unsigned(i)]))),
    ...section(10, vector(functions.map(f => sized(bodyOf(f, numbers))))),
  ]);
}

interface Function {
  readonly name: string;
  readonly params: readonly [name: string, type: string][];
  readonly results: readonly string[];
  readonly locals: readonly [name: string, type: string][];
  readonly body: readonly Expression[];
}

function functionOf([head, name, ...rest]: Expression[]): Function {
  if (head !== 'func') throw new Error(`not a function: ${String(head)}`);
  const of = (kind: string) => rest.filter(part => Array.isArray(part) && part[0] === kind);
  const named = (kind: string) =>
    of(kind).map(part => [word(list(part)[1]), word(list(part)[2])] as [string, string]);
  const isHead = (part: Expression) =>
    Array.isArray(part) && ['param', 'result', 'local'].includes(word(part[0]));
  return {
    name: word(name),
    params: named('param'),
    results: of('result').map(part => word(list(part)[1])),
    locals: named('local'),
    body: rest.filter(part => !isHead(part)),
  };
}

function bodyOf({ params, locals, body }: Function, functions: Map<string, number>): number[] {
  const slots = new Map([...params, ...locals].map(([name], i) => [name, i]));
  const groups = locals.map(([, type]) => [1, VALUE_TYPES[type]!]);
  const code = body.flatMap(one => encode(one, { slots, functions, labels: [] }));
  return [...vector(groups), ...code, 0x0b];
}

interface Scope {
  readonly slots: Map<string, number>;
  readonly functions: Map<string, number>;
  /** Of the blocks around, innermost first. */
  readonly labels: readonly string[];
}

function encode(expression: Expression, scope: Scope): number[] {
  const [head, ...rest] = list(expression);
  const op = word(head);
  const { slots, functions, labels } = scope;
  const all = (parts: readonly Expression[]) => parts.flatMap(part => encode(part, scope));
  const inside = (label: string) => ({ ...scope, labels: [label, ...labels] });
  const numberOf = (names: Map<string, number>, name: Expression | undefined) => {
    const found = names.get(word(name));
    if (found === undefined) throw new Error(`nothing is called ${word(name)}`);
    return unsigned(found);
  };
  switch (op) {
    case 'local.get':
      return [0x20, ...numberOf(slots, rest[0])];
    case 'local.set':
      return [...all(rest.slice(1)), 0x21, ...numberOf(slots, rest[0])];
    case 'local.tee':
      return [...all(rest.slice(1)), 0x22, ...numberOf(slots, rest[0])];
    case 'call':
      return [...all(rest.slice(1)), 0x10, ...numberOf(functions, rest[0])];
    case 'block':
    case 'loop': {
      const body = rest.slice(1).flatMap(part => encode(part, inside(word(rest[0]))));
      return [op === 'loop' ? 0x03 : 0x02, 0x40, ...body, 0x0b];
    }
    case 'if': {
      const arm = (part: Expression | undefined) =>
        part
          ? list(part)
              .slice(1)
              .flatMap(one => encode(one, inside('')))
          : [];
      const otherwise = rest[2] ? [0x05, ...arm(rest[2])] : [];
      return [...all(rest.slice(0, 1)), 0x04, 0x40, ...arm(rest[1]), ...otherwise, 0x0b];
    }
    case 'br':
    case 'br_if': {
      const depth = labels.indexOf(word(rest[0]));
      if (depth < 0) throw new Error(`no block is called ${word(rest[0])}`);
      return [...all(rest.slice(1)), op === 'br' ? 0x0c : 0x0d, ...unsigned(depth)];
    }
    case 'i32.const':
      return [0x41, ...signed(Number(rest[0]))];
    case 'f32.const':
      return [0x43, ...new Uint8Array(Float32Array.of(Number(rest[0])).buffer)];
    default:
      return plain(op, rest, all);
  }
}

/** Operands, the code, then what is immediate: an offset, a lane. */
function plain(
  op: string,
  rest: readonly Expression[],
  all: (parts: readonly Expression[]) => number[],
): number[] {
  const code = CODES[op];
  if (!code) throw new Error(`${op} is not known here`);
  const immediate = rest.filter(part => typeof part === 'string');
  const operands = all(rest.filter(part => typeof part !== 'string'));
  if (/(load|store)/.test(op)) {
    const offset = immediate[0]?.startsWith('offset=') ? Number(immediate[0].slice(7)) : 0;
    return [...operands, ...code, 0, ...unsigned(offset)];
  }
  return [...operands, ...code, ...immediate.map(Number)];
}

const VALUE_TYPES: Readonly<Record<string, number>> = {
  i32: 0x7f,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

const simd = (code: number): number[] => [0xfd, ...unsigned(code)];

/** Source: WebAssembly Core Specification 2.0, appendix "Index of Instructions". */
const CODES: Readonly<Record<string, readonly number[]>> = {
  'i32.load': [0x28],
  'i32.store': [0x36],
  'i32.ge_u': [0x4f],
  'i32.gt_u': [0x4b],
  'i32.lt_u': [0x49],
  'i32.eqz': [0x45],
  'i32.clz': [0x67],
  'i32.add': [0x6a],
  'i32.sub': [0x6b],
  'i32.and': [0x71],
  'i32.shl': [0x74],
  'i32.shr_u': [0x76],
  'v128.load': simd(0x00),
  'v128.load16x4_u': simd(0x04),
  'v128.load32_splat': simd(0x09),
  'v128.load64_splat': simd(0x0a),
  'v128.store': simd(0x0b),
  'i8x16.shuffle': simd(0x0d),
  'i32x4.splat': simd(0x11),
  'f32x4.splat': simd(0x13),
  'i32x4.extract_lane': simd(0x1b),
  'i32x4.eq': simd(0x37),
  'i32x4.gt_s': simd(0x3b),
  'i32x4.gt_u': simd(0x3c),
  'i32x4.ge_u': simd(0x40),
  'f32x4.gt': simd(0x44),
  'f32x4.ge': simd(0x46),
  'v128.not': simd(0x4d),
  'v128.and': simd(0x4e),
  'v128.andnot': simd(0x4f),
  'v128.or': simd(0x50),
  'v128.xor': simd(0x51),
  'v128.bitselect': simd(0x52),
  'v128.any_true': simd(0x53),
  'f64x2.gt': simd(0x4a),
  'f64x2.promote_low_f32x4': simd(0x5f),
  'f32x4.nearest': simd(0x6a),
  'i32x4.bitmask': simd(0xa4),
  'i32x4.shl': simd(0xab),
  'i32x4.shr_s': simd(0xac),
  'i32x4.shr_u': simd(0xad),
  'i32x4.add': simd(0xae),
  'i32x4.sub': simd(0xb1),
  'i32x4.min_s': simd(0xb6),
  'i32x4.max_s': simd(0xb8),
  'i32x4.max_u': simd(0xb9),
  'f32x4.abs': simd(0xe0),
  'f32x4.sub': simd(0xe5),
  'f32x4.mul': simd(0xe6),
  'f32x4.div': simd(0xe7),
  'f32x4.pmax': simd(0xeb),
  'f64x2.abs': simd(0xec),
  'f64x2.add': simd(0xf0),
  'f64x2.sub': simd(0xf1),
  'f64x2.mul': simd(0xf2),
  'f64x2.div': simd(0xf3),
  'i32x4.trunc_sat_f32x4_s': simd(0xf8),
  'f32x4.convert_i32x4_s': simd(0xfa),
  'f32x4.convert_i32x4_u': simd(0xfb),
};

const vector = (items: readonly (readonly number[])[]): number[] => [
  ...unsigned(items.length),
  ...items.flat(),
];
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];
const text = (s: string): number[] => sized([...Buffer.from(s)]);

/** LEB128. */
function unsigned(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)];
}

function signed(n: number): number[] {
  const isLast = n >= -64 && n < 64;
  return isLast ? [n & 0x7f] : [(n & 0x7f) | 0x80, ...signed(n >> 7)];
}

const list = (expression: Expression | undefined): Expression[] => {
  if (Array.isArray(expression)) return expression;
  throw new Error(`expected a list, not ${expression ?? 'the end'}`);
};

const word = (expression: Expression | undefined): string => {
  if (typeof expression === 'string') return expression;
  throw new Error('expected a word');
};

function parse(source: string): Expression[] {
  const stack: Expression[][] = [[]];
  for (const [token] of source.replace(/;;.*$/gm, '').matchAll(/[()]|[^\s()]+/g)) {
    if (token === '(') stack.push([]);
    else if (token === ')') {
      const done = stack.pop()!;
      if (stack.length === 0) throw new Error('a bracket too many');
      stack.at(-1)!.push(done);
    } else stack.at(-1)!.push(token);
  }
  if (stack.length !== 1) throw new Error('a bracket is not closed');
  return stack[0]!;
}
