/**
 * Loops over float32 arrays, four elements at a time, compiled to WebAssembly SIMD when they are
 * made. JavaScript computes each element in double precision and alone, which takes several times
 * as long; the results here are those of float32 arithmetic, the same on every machine. Knows
 * nothing of what is computed.
 */

/** Four elements of a loop's round: an array's, a scalar four times, or what was made of others. */
export type Vector =
  | { readonly kind: 'array'; readonly name: string }
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'made'; readonly op: VectorOp; readonly from: readonly Vector[] };

type VectorOp = 'add' | 'sub' | 'mul' | 'div' | 'sqrt';

export const array = (name: string): Vector => ({ kind: 'array', name });
export const scalar = (name: string): Vector => ({ kind: 'scalar', name });
const made =
  (op: VectorOp) =>
  (...from: Vector[]): Vector => ({ kind: 'made', op, from });
export const add: (a: Vector, b: Vector) => Vector = made('add');
export const sub: (a: Vector, b: Vector) => Vector = made('sub');
export const mul: (a: Vector, b: Vector) => Vector = made('mul');
export const div: (a: Vector, b: Vector) => Vector = made('div');
export const sqrt: (a: Vector) => Vector = made('sqrt');

export interface LoopDefinition<A extends string, S extends string> {
  readonly arrays: readonly A[];
  readonly scalars: readonly S[];
  /** What becomes of each element of these arrays; all are computed before any is stored. */
  readonly stores?: Readonly<Partial<Record<A, Vector>>>;
  /** Summed over all elements, in double precision. */
  readonly sum?: Vector;
}

/**
 * Runs over arrays of equal length; stored ones are changed in place.
 * @returns the sum, 0 without one
 */
export type VectorLoop<A extends string, S extends string> = (
  arrays: Readonly<Record<A, Float32Array>>,
  scalars: Readonly<Record<S, number>>,
) => number;

/** Elements that pass through the loop's own memory at a time: all arrays fit in a core's cache. */
const BLOCK = 4096;
const BLOCK_BYTES = BLOCK * 4;

export function vectorLoop<A extends string, S extends string>(
  definition: LoopDefinition<A, S>,
): VectorLoop<A, S> {
  let compiled: ReturnType<typeof instantiate> | undefined;
  const { arrays: names, scalars: scalarNames, stores = {} } = definition;
  const stored = new Set(Object.keys(stores));
  return (arrays, scalars) => {
    compiled ??= instantiate(encodeLoop(definition), names.length);
    const { loop, blocks } = compiled;
    const given = names.map(name => arrays[name]);
    const values = scalarNames.map(name => scalars[name]);
    const length = given[0]?.length ?? 0;
    if (given.some(a => a.length !== length))
      throw new Error(`the arrays of a loop differ in length: ${given.map(a => a.length).join()}`);
    let sum = 0;
    for (let start = 0; start < length; start += BLOCK) {
      const end = Math.min(start + BLOCK, length);
      for (const [k, block] of blocks.entries()) block.set(given[k]!.subarray(start, end));
      const whole = Math.ceil((end - start) / 4) * 4;
      for (const block of blocks) block.fill(0, end - start, whole);
      sum += loop(whole * 4, ...values);
      for (const [k, block] of blocks.entries())
        if (stored.has(names[k]!)) given[k]!.set(block.subarray(0, end - start), start);
    }
    return sum;
  };
}

/** What Node has of WebAssembly and its types lack. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

function instantiate(bytes: Uint8Array, arrays: number) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const { memory, loop } = exports as {
    memory: { readonly buffer: ArrayBuffer };
    loop: (bytes: number, ...scalars: number[]) => number;
  };
  const blocks = Array.from(
    { length: arrays },
    (_, k) => new Float32Array(memory.buffer, k * BLOCK_BYTES, BLOCK),
  );
  return { loop, blocks };
}

// The encoding follows the WebAssembly Core Specification 2.0, chapter 5 (binary format).

const I32 = 0x7f;
const F32 = 0x7d;
const F64 = 0x7c;
const V128 = 0x7b;
const simd = (code: number): number[] => [0xfd, ...unsigned(code)];
const vectorOps: Record<VectorOp, number[]> = {
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  sqrt: simd(0xe3),
};
const SPLAT = simd(0x13);
const LOAD = simd(0x00);
const STORE = simd(0x0b);
const PROMOTE_LOW = simd(0x5f);
const ADD_F64 = simd(0xf0);
const HIGH_HALF = [...simd(0x0d), ...Array.from({ length: 16 }, (_, i) => 8 + (i % 8))];
const lane = (i: number): number[] => [...simd(0x21), i];
const get = (local: number): number[] => [0x20, ...unsigned(local)];
const set = (local: number): number[] => [0x21, ...unsigned(local)];
const tee = (local: number): number[] => [0x22, ...unsigned(local)];

/** One function: (bytes, …scalars) → sum, over arrays that lie behind each other in its memory. */
function encodeLoop(definition: LoopDefinition<string, string>): Uint8Array {
  const { arrays, scalars, stores = {}, sum } = definition;
  let locals = 1 + scalars.length; // the parameters
  const at = locals++; // i32: bytes done
  const total = locals++; // v128, two f64
  const splats = new Map(scalars.map(name => [name, locals++]));
  const results = new Map<Vector, number>();
  const evaluate = (v: Vector): number[] => {
    if (v.kind === 'scalar') return get(splats.get(v.name)!);
    const known = results.get(v);
    if (known !== undefined) return get(known);
    const fresh = locals++;
    const code =
      v.kind === 'array'
        ? [...get(at), ...LOAD, 4, ...unsigned(arrays.indexOf(v.name) * BLOCK_BYTES)]
        : [...v.from.flatMap(evaluate), ...vectorOps[v.op]];
    results.set(v, fresh);
    return [...code, ...tee(fresh)];
  };
  const outcomes = Object.entries<Vector>(stores as Record<string, Vector>).map(([name, v]) => {
    const code = [...evaluate(v), ...set(locals)];
    return { name, code, local: locals++ };
  });
  const addUp = sum ? [...evaluate(sum), ...set(locals)] : [];
  const summand = locals++;
  const body = [
    ...[...splats].flatMap(([name, local]) => [
      ...get(1 + scalars.indexOf(name)),
      ...SPLAT,
      ...set(local),
    ]),
    ...[0x02, 0x40, 0x03, 0x40], // block, loop
    ...[...get(at), ...get(0), 0x4f, 0x0d, 1], // at ≥ bytes: leave
    ...outcomes.flatMap(({ code }) => code),
    ...addUp,
    ...outcomes.flatMap(({ name, local }) => [
      ...[...get(at), ...get(local), ...STORE, 4],
      ...unsigned(arrays.indexOf(name) * BLOCK_BYTES),
    ]),
    ...(sum
      ? [
          ...[...get(total), ...get(summand), ...PROMOTE_LOW, ...ADD_F64],
          ...[...get(summand), ...get(summand), ...HIGH_HALF, ...PROMOTE_LOW, ...ADD_F64],
          ...set(total),
        ]
      : []),
    ...[...get(at), 0x41, 16, 0x6a, ...set(at)], // at += 16
    ...[0x0c, 0, 0x0b, 0x0b], // again; end of loop and block
    ...[...get(total), ...lane(0), ...get(total), ...lane(1), 0xa0, 0x0b],
  ];
  const parameters = [I32, ...scalars.map(() => F32)];
  const vectors = locals - at - 1;
  const code = [2, 1, I32, ...unsigned(vectors), V128, ...body];
  const pages = Math.ceil((arrays.length * BLOCK_BYTES) / 65536);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, ...sized(parameters), ...sized([F64])]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...unsigned(pages)]),
    ...section(7, [2, ...text('memory'), 2, 0, ...text('loop'), 0, 0]),
    ...section(10, [1, ...sized(code)]),
  ]);
}

const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];
const text = (s: string): number[] => sized([...Buffer.from(s)]);

/** LEB128. */
function unsigned(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...unsigned(n >>> 7)];
}
