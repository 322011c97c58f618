/**
 * Which parameter of the left is which of the right: by canonical names after each side's layout, by
 * names that mean the same, by ties and fused matrices, then by likeness of name and shape. Reads
 * only names, types and shapes.
 */
import { sizeOf } from '../tensor/tensor';
import { isBuffer, isEmbedding, isHead, likeness, nameKey, numbersIn } from './names';
import type { Operand } from './operand';
import { type Operands, operandsOf, rowsOperand } from './operands';
import type { Side } from './side';

/** `unlike`: there are both, and their shapes cannot be compared. */
export type PairState = 'pair' | 'unlike' | 'missing' | 'unused' | 'ignored';
export type PairedBy = 'name' | 'layout' | 'renamed' | 'tied' | 'split' | 'likeness';

export interface Pair {
  /** The left's name, or the right's where the left has none. */
  readonly name: string;
  readonly state: PairState;
  readonly by?: PairedBy;
  readonly left?: Operand;
  readonly right?: Operand;
  /** Name on the right, where it is another. */
  readonly rightName?: string;
  readonly note?: string;
}

export interface Alignment {
  /** In the order of the left, then what only the right has. */
  readonly pairs: readonly Pair[];
}

export function align(left: Side, right: Side): Alignment {
  const shape = left.shape ?? right.shape;
  const first = operandsOf(left, left.shape ?? shape);
  const second = operandsOf(right, right.shape ?? shape);
  const matches = new Matching(first, second, Boolean(left.naming) !== Boolean(right.naming));
  matches.byName();
  matches.byKey();
  matches.byTie();
  matches.bySplit();
  matches.byLikeness();
  return { pairs: matches.pairs() };
}

interface Match {
  left: string;
  right: string;
  by: PairedBy;
  /** In place of what the sides have under these names. */
  operands?: readonly [Operand, Operand];
}

class Matching {
  readonly #left: Set<string>;
  readonly #right: Set<string>;
  readonly #matches: Match[] = [];

  constructor(
    private readonly first: Operands,
    private readonly second: Operands,
    private readonly crossesLayouts: boolean,
  ) {
    this.#left = new Set(first.keys());
    this.#right = new Set(second.keys());
  }

  byName(): void {
    const by = this.crossesLayouts ? 'layout' : 'name';
    for (const name of this.#left) if (this.#right.has(name)) this.#take(name, name, by);
  }

  byKey(): void {
    const keys = keyed(this.#right);
    for (const [key, names] of keyed(this.#left)) {
      const others = keys.get(key);
      if (names.length !== 1 || others?.length !== 1) continue;
      this.#take(names[0]!, others[0]!, this.crossesLayouts ? 'layout' : 'renamed');
    }
  }

  /** A head on one side only is the other side's embedding, if anything. */
  byTie(): void {
    const embeddingOf = (operands: Operands) => [...operands.keys()].find(isEmbedding);
    for (const name of [...this.#left].filter(isHead)) {
      const other = embeddingOf(this.second);
      if (other !== undefined && sameSize(this.first.get(name), this.second.get(other)))
        this.#take(name, other, 'tied');
    }
    for (const name of [...this.#right].filter(isHead)) {
      const other = embeddingOf(this.first);
      if (other !== undefined && sameSize(this.first.get(other), this.second.get(name)))
        this.#take(other, name, 'tied');
    }
  }

  /** Queries, keys and values of one side against one matrix of the other. */
  bySplit(): void {
    for (const [fusedSide, partSide] of [
      ['right', 'left'],
      ['left', 'right'],
    ] as const)
      for (const fused of [...this.#open(fusedSide)]) this.#split(fused, fusedSide, partSide);
  }

  #split(fused: string, fusedSide: 'left' | 'right', partSide: 'left' | 'right'): void {
    const found = /^(.*?)(kv_linear|qkv_linear|qkv_proj|query_key_value|qkv|Wqkv)(\W.*)?$/.exec(
      fused,
    );
    if (!found) return;
    const whole = (fusedSide === 'left' ? this.first : this.second).get(fused)!;
    const [, before = '', kind = '', after = ''] = found;
    const parts = this.#open(partSide);
    const letters = kind === 'kv_linear' ? ['k', 'v'] : ['q', 'k', 'v'];
    const wanted = letters.map(letter => nameKey(`${before}${letter}_proj${after}`));
    const names = wanted.map(key => [...parts].find(name => nameKey(name) === key));
    if (!names.every(name => name !== undefined)) return;
    const operands = partSide === 'left' ? this.first : this.second;
    const rows = names.map(name => operands.get(name)!.shape[0] ?? 0);
    const total = rows.reduce((a, b) => a + b, 0);
    const stored = whole.shape.filter((d, i) => d !== 1 || i === whole.shape.length - 1);
    if (whole.rows || total !== stored[0]) return;
    let from = 0;
    this.#open(fusedSide).delete(fused);
    for (const [i, name] of names.entries()) {
      const part = operands.get(name)!;
      const text = `split off rows ${from}–${from + rows[i]! - 1} of ${total}`;
      const entry = { dtype: whole.dtype, shape: whole.storedShape };
      const piece = rowsOperand({ tensor: fused, entry, shape: part.shape, from, text });
      const both = partSide === 'left' ? ([part, piece] as const) : ([piece, part] as const);
      const [left, right] = partSide === 'left' ? [name, fused] : [fused, name];
      this.#matches.push({
        left: partSide === 'left' ? left : name,
        right,
        by: 'split',
        operands: both,
      });
      parts.delete(name);
      from += rows[i]!;
    }
  }

  /** What is most alike on both sides, of the same numbers and size. */
  byLikeness(): void {
    const group = (name: string, operand: Operand) =>
      `${numbersIn(name)} ${[...squeezed(operand.shape)].sort((a, b) => a - b).join()}`;
    const groups = new Map<string, string[]>();
    for (const name of this.#right) {
      const key = group(name, this.second.get(name)!);
      groups.set(key, [...(groups.get(key) ?? []), name]);
    }
    for (const name of [...this.#left]) {
      const others = groups.get(group(name, this.first.get(name)!)) ?? [];
      if (others.length > MOST_ALIKE) continue;
      const best = bestOf(
        name,
        others.filter(other => this.#right.has(other)),
      );
      if (best === undefined) continue;
      const back = bestOf(
        best,
        [...this.#left].filter(
          mine => group(mine, this.first.get(mine)!) === group(best, this.second.get(best)!),
        ),
      );
      if (back === name) this.#take(name, best, 'likeness');
    }
  }

  pairs(): Pair[] {
    const byLeft = new Map<string, Match[]>();
    for (const match of this.#matches)
      byLeft.set(match.left, [...(byLeft.get(match.left) ?? []), match]);
    const names = new Set([...this.first.keys(), ...byLeft.keys()]);
    const pairs: Pair[] = [];
    for (const name of names) {
      const matches = byLeft.get(name) ?? [];
      for (const match of matches) pairs.push(this.#pairOf(match, matches));
      const left = this.first.get(name);
      if (this.#left.has(name) && left) pairs.push(alone('missing', name, left));
    }
    for (const name of this.#right) pairs.push(alone('unused', name, this.second.get(name)!));
    return pairs;
  }

  #pairOf(match: Match, all: readonly Match[]): Pair {
    const [left, right] = match.operands ?? [
      this.first.get(match.left)!,
      this.second.get(match.right)!,
    ];
    // an embedding that is also the other side's head stands twice
    const name = match.by === 'tied' && all.length > 1 ? match.right : match.left;
    const about = { name, by: match.by, left, right };
    const renamed = { ...about, ...(match.right !== name && { rightName: match.right }) };
    return { ...renamed, ...fitted(left, right, match) };
  }

  #open = (side: 'left' | 'right') => (side === 'left' ? this.#left : this.#right);

  #take(left: string, right: string, by: PairedBy): void {
    this.#matches.push({ left, right, by });
    this.#left.delete(left);
    this.#right.delete(right);
  }
}

const MOST_ALIKE = 2000;
const LEAST_LIKENESS = 0.45;

function bestOf(name: string, others: readonly string[]): string | undefined {
  const scored = others.map(other => ({ other, score: likeness(name, other) }));
  const best = scored.reduce<{ other: string; score: number } | undefined>(
    (a, b) => (a && a.score >= b.score ? a : b),
    undefined,
  );
  return best && best.score >= LEAST_LIKENESS ? best.other : undefined;
}

function keyed(names: Iterable<string>): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const name of names) {
    const key = nameKey(name);
    const found = keys.get(key);
    if (found) found.push(name);
    else keys.set(key, [name]);
  }
  return keys;
}

const squeezed = (shape: readonly number[]): number[] => shape.filter(d => d !== 1);

const sameSize = (a: Operand | undefined, b: Operand | undefined): boolean =>
  a !== undefined &&
  b !== undefined &&
  a.shape.at(-1) === b.shape.at(-1) &&
  Math.abs((a.shape.at(-2) ?? 1) - (b.shape.at(-2) ?? 1)) < MOST_PADDING;

function alone(state: 'missing' | 'unused', name: string, operand: Operand): Pair {
  const side = state === 'missing' ? { left: operand } : { right: operand };
  return isBuffer(name)
    ? { name, state: 'ignored', ...side, note: 'a buffer that is computed' }
    : { name, state, ...side };
}

/** A vocabulary is filled up to whole tiles, or to a multiple of devices. */
const MOST_PADDING = 4096;

type Fit = Pick<Pair, 'state' | 'note'> & Partial<Pick<Pair, 'left' | 'right'>>;

/** Brings both sides to one shape, where that can be done. */
function fitted(left: Operand, right: Operand, { by }: Match): Fit {
  const [a, b] = [squeezed(left.shape), squeezed(right.shape)];
  if (a.join() === b.join()) return { state: 'pair' };
  const shapes = `[${left.shape.join(', ')}] against [${right.shape.join(', ')}]`;
  if (a.length === 2 && b.length === 2) {
    const [rows, columns] = [a[0]!, a[1]!];
    if (rows === b[1] && columns === b[0] && !right.rows)
      return {
        state: 'pair',
        right: transposedOperand(right, left.shape),
        note: `transposed: ${shapes}`,
      };
    const isVocabulary = by === 'tied' || columns === b[1];
    const extra = Math.abs(rows - b[0]!);
    if (isVocabulary && columns === b[1] && extra < MOST_PADDING && extra < Math.min(rows, b[0]!)) {
      const kept = Math.min(rows, b[0]!);
      const note = `${extra} rows more on the ${rows < b[0]! ? 'right' : 'left'}: the first ${kept} are compared`;
      return isPaddingName(left.tensor) || isPaddingName(right.tensor)
        ? { state: 'pair', left: cropped(left, kept), right: cropped(right, kept), note }
        : { state: 'unlike', note: shapes };
    }
  }
  if (sizeOf(left.shape) === sizeOf(right.shape))
    return { state: 'pair', note: `the same elements under another shape: ${shapes}` };
  return { state: 'unlike', note: shapes };
}

const isPaddingName = (name: string): boolean => isEmbedding(name) || isHead(name);

function cropped(operand: Operand, rows: number): Operand {
  if (operand.shape[0] === rows) return operand;
  const columns = operand.shape.at(-1)!;
  const shape = [rows, columns];
  const from = sizeOf(operand.shape) / columns;
  const crop = {
    kind: 'crop',
    text: `crop ${from - rows} rows of padding`,
    shape,
    acts: true,
  } as const;
  return { ...operand, shape, steps: [...stepsOf(operand), crop] };
}

function transposedOperand(operand: Operand, shape: readonly number[]): Operand {
  const [storedRows, storedColumns] = squeezed(operand.shape) as [number, number];
  return {
    ...operand,
    shape,
    rows: { columns: storedRows, storedColumns, transposed: true, rowAt: row => row },
    steps: [...stepsOf(operand), { kind: 'transpose', text: 'transpose', shape, acts: true }],
  };
}

const stepsOf = ({ steps, tensor, storedShape }: Operand): Operand['steps'] =>
  steps.length > 0 ? steps : [{ kind: 'stored', text: tensor, shape: storedShape, acts: true }];
