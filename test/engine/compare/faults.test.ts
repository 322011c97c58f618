import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Comparison } from '../../../src/engine/compare/comparison';
import type { Fault, FaultKind } from '../../../src/engine/compare/faults/fault';
import { findFault } from '../../../src/engine/compare/faults/findFault';
import { pairedRow } from '../../../src/engine/devices/transform';
import { breaches, profiles } from '../../../src/protocol/diffMetrics';
import { scratchFolder } from '../../durability/scratchFolder';
import { asType, type Floats, HEAD, LLAMA, llamaFloats, writeModel } from './models';

const scratch = scratchFolder();
const K = 'model.layers.1.self_attn.k_proj.weight';
const V = 'model.layers.1.self_attn.v_proj.weight';
const Q = 'model.layers.0.self_attn.q_proj.weight';
const O = 'model.layers.0.self_attn.o_proj.weight';
const UP = 'model.layers.1.mlp.up_proj.weight';
const HEAD_NAME = 'lm_head.weight';
const C = LLAMA.hidden_size;

let made = 0;
/** Faults by name of a parameter that breaks `bit-exact`, or `tt-model` against bfloat16. */
function faultsOf(
  damage: (floats: Floats) => void,
  { dtype = 'float32', tied = false }: { dtype?: 'float32' | 'bfloat16'; tied?: boolean } = {},
): Map<string, Fault | undefined> {
  const left = writeModel(join(scratch, `left${++made}`), asType(llamaFloats({ tied }), 'float32'));
  const floats = llamaFloats({ tied });
  damage(floats);
  const right = writeModel(join(scratch, `right${made}`), asType(floats, dtype));
  const comparison = new Comparison({ left, right });
  const profile = profiles[dtype === 'float32' ? 'bit-exact' : 'tt-model'];
  const faults = new Map<string, Fault | undefined>();
  comparison.pairs.forEach(({ name }, i) => {
    if (breaches(profile, comparison.metrics(i)).length > 0)
      faults.set(name, findFault(comparison, i));
  });
  comparison.close();
  return faults;
}

const data = (floats: Floats, name: string): Float32Array => floats.get(name)!.data;

function moveRows(x: Float32Array, columns: number, from: (row: number) => number): void {
  const old = x.slice();
  for (let row = 0; row < x.length / columns; row++)
    x.set(old.subarray(from(row) * columns, (from(row) + 1) * columns), row * columns);
}

function swapHeads(x: Float32Array, columns: number, a: number, b: number): void {
  moveRows(x, columns, row => {
    const head = Math.floor(row / HEAD);
    const other = head === a ? b : head === b ? a : head;
    return other * HEAD + (row % HEAD);
  });
}

function exchange(floats: Floats, a: string, b: string): void {
  const old = data(floats, a).slice();
  data(floats, a).set(data(floats, b));
  data(floats, b).set(old);
}

function transpose(x: Float32Array, size: number): void {
  const old = x.slice();
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      x[row * size + column] = old[column * size + row]!;
}

const flipBit = (x: Float32Array, element: number, bit: number): void => {
  new Uint32Array(x.buffer)[element]! ^= (1 << bit) >>> 0;
};

/** Rows of pairs go back to halves: what a loader that forgets the permutation leaves. */
const toPairs = (x: Float32Array): void => {
  const inverse = Array.from({ length: HEAD }, (_, row) => row);
  inverse.forEach(row => (inverse[pairedRow(row, HEAD)] = row));
  const rows = inverse.slice();
  for (let row = 0; row < HEAD; row++) rows[pairedRow(row, HEAD)] = row;
  moveRows(x, C, row => row - (row % HEAD) + rows[row % HEAD]!);
};

interface Planted {
  what: string;
  damage: (floats: Floats) => void;
  at: string;
  kind: FaultKind;
  says: RegExp;
  tied?: boolean;
  /** Also seen through the rounding of bfloat16. */
  rounded?: false;
}

const planted: Planted[] = [
  {
    what: 'one flipped bit',
    damage: f => flipBit(data(f, UP), 3 * C + 5, 30),
    at: UP,
    kind: 'flipped-bit',
    says: /bit 30 \(exponent\) of element \[3, 5\]/,
    rounded: false,
  },
  {
    what: 'one flipped bit of the last place',
    damage: f => flipBit(data(f, UP), 7, 0),
    at: UP,
    kind: 'flipped-bit',
    says: /bit 0 \(fraction\) of element \[0, 7\]/,
    rounded: false,
  },
  {
    what: 'swapped kv heads',
    damage: f => swapHeads(data(f, K), C, 1, 2),
    at: K,
    kind: 'heads-exchanged',
    says: /kv heads 1 and 2 are exchanged/,
  },
  {
    what: 'swapped query heads',
    damage: f => swapHeads(data(f, Q), C, 3, 6),
    at: Q,
    kind: 'heads-exchanged',
    says: /heads 3 and 6 are exchanged/,
  },
  {
    what: 'swapped heads of the output',
    damage: f => {
      transpose(data(f, O), C);
      swapHeads(data(f, O), C, 0, 7);
      transpose(data(f, O), C);
    },
    at: O,
    kind: 'heads-exchanged',
    says: /heads 0 and 7 are exchanged/,
  },
  {
    what: 'queries in the other rotary layout',
    damage: f => toPairs(data(f, Q)),
    at: Q,
    kind: 'rope-layout',
    says: /each head of 16 are in pairs/,
  },
  {
    what: 'exchanged K and V',
    damage: f => exchange(f, K, V),
    at: K,
    kind: 'exchanged',
    says: /^K .* and V .* are exchanged/,
  },
  {
    what: 'exchanged gate and up',
    damage: f => exchange(f, UP, UP.replace('up', 'gate')),
    at: UP,
    kind: 'exchanged',
    says: /gate_proj/,
  },
  {
    what: 'the weights of another layer',
    damage: f => data(f, UP).set(data(f, UP.replace('.1.', '.0.'))),
    at: UP,
    kind: 'copied',
    says: /layers\.0\.mlp\.up_proj/,
  },
  {
    what: 'a transposed square matrix',
    damage: f => transpose(data(f, O), C),
    at: O,
    kind: 'transposed',
    says: /transposed, 128 × 128/,
  },
  {
    what: 'an untied head',
    damage: f => data(f, HEAD_NAME).set(data(llamaFloats(), HEAD_NAME)),
    at: HEAD_NAME,
    kind: 'untied-head',
    says: /untied/,
    tied: true,
  },
  {
    what: 'a shard shifted by rows',
    damage: f =>
      moveRows(data(f, UP), C, row => (row >= 32 && row < 64 ? Math.max(32, row - 3) : row)),
    at: UP,
    kind: 'shifted',
    says: /rows 33 to 60 are shifted down by 3 rows/,
  },
  {
    what: 'elements shifted from some place on',
    damage: f => data(f, UP).copyWithin(2048 + 5, 2048),
    at: UP,
    kind: 'shifted',
    says: /from element \[16, 5\] on, all are shifted by 5 elements to the right/,
  },
  {
    what: 'a scale',
    damage: f => data(f, UP).forEach((x, i, all) => (all[i] = x * 0.5)),
    at: UP,
    kind: 'scaled',
    says: /times 0\.5/,
    rounded: false, // correlation is blind to it
  },
  {
    what: 'the other sign',
    damage: f => data(f, UP).forEach((x, i, all) => (all[i] = -x)),
    at: UP,
    kind: 'negated',
    says: /other sign/,
  },
  {
    what: 'nothing but zeros',
    damage: f => data(f, UP).fill(0),
    at: UP,
    kind: 'zeros',
    says: /all zeros/,
  },
  {
    what: 'many NaN',
    damage: f => data(f, UP).fill(NaN, 640, 700),
    at: UP,
    kind: 'not-finite',
    says: /60 NaN, first at \[5, 0\]/,
  },
  {
    what: 'a damaged tile',
    damage: f => {
      for (let row = 32; row < 64; row++)
        for (let column = 0; column < 32; column++)
          data(f, UP)[row * C + column]! += 0.03 + row * 1e-3;
    },
    at: UP,
    kind: 'region',
    says: /rows 32 to 63, columns 0 to 31/,
  },
  {
    what: 'two exchanged rows',
    damage: f => moveRows(data(f, UP), C, row => (row === 7 ? 70 : row === 70 ? 7 : row)),
    at: UP,
    kind: 'rows-permuted',
    says: /rows 7 and 70 are exchanged/,
  },
];

describe('planted faults are found and named', () => {
  it.each(planted.map(one => [one.what, one] as const))(
    '%s',
    (_, { damage, at, kind, says, tied }) => {
      const faults = faultsOf(damage, { tied: tied ?? false });
      expect(faults.get(at)).toMatchObject({
        kind,
        message: expect.stringMatching(says) as string,
      });
    },
  );

  it.each(planted.filter(one => one.rounded !== false).map(one => [one.what, one] as const))(
    '%s, against weights rounded to bfloat16',
    (_, { damage, at, kind, tied }) => {
      const faults = faultsOf(damage, { dtype: 'bfloat16', tied: tied ?? false });
      expect(faults.get(at)?.kind).toBe(kind);
    },
  );

  it('touches nothing that is in order', () => {
    const faults = faultsOf(f => swapHeads(data(f, K), C, 1, 2));
    expect([...faults.keys()]).toEqual([K]);
  });

  it('proves a swap by swapping back', () => {
    const fault = faultsOf(f => swapHeads(data(f, K), C, 1, 2), { dtype: 'bfloat16' }).get(K);
    expect(fault?.repaired?.pcc).toBeGreaterThan(0.99999);
    expect(fault?.repaired?.relL2).toBeLessThan(4e-3);
    expect(fault?.rows).toEqual([
      [16, 32],
      [32, 48],
    ]);
  });

  it('names nothing where noise is all there is', () => {
    const faults = faultsOf(f =>
      data(f, UP).forEach((x, i, all) => (all[i] = x + 1e-3 * Math.sin(i * i))),
    );
    expect([...faults]).toEqual([[UP, undefined]]);
  });
});
