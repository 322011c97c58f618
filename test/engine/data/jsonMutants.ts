/** JSON that somebody damaged, or made to do harm: changes of its values and of its bytes. */

type Random = () => number;

const pick = <T>(random: Random, from: readonly T[]): T =>
  from[Math.floor(random() * from.length)]!;

const strange: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  1e300,
  '',
  'x',
  '\ud800',
  '__proto__',
  'constructor',
  '^(a+)+$',
  '(?=(.*)*x)',
  '[',
  '\\p{Nothing}',
  [],
  {},
  [[]],
  ['a', 'b'],
  { type: 'Sequence' },
  { String: ' ' },
  { Regex: '(.|a)*$' },
  'a'.repeat(2000),
];

interface Spot {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

/** Every value in it with the place it stands at; large tables by a few of their members. */
function spotsIn(value: unknown, found: Spot[] = []): Spot[] {
  if (typeof value !== 'object' || value === null) return found;
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder).slice(0, 40)) {
    found.push({ holder, key });
    spotsIn(holder[key], found);
  }
  return found;
}

/** One to three changes of values: another kind, another's value, nothing, a name of its own. */
function changeValues(json: unknown, random: Random): string {
  const copy = structuredClone(json);
  for (let left = 1 + Math.floor(random() * 3); left > 0; left--) {
    const spots = spotsIn(copy);
    const { holder, key } = pick(random, spots);
    const other = pick(random, spots);
    const at = holder as Record<string | number, unknown>;
    const chance = random();
    if (chance < 0.5) at[key] = structuredClone(pick(random, strange));
    else if (chance < 0.7)
      at[key] = structuredClone((other.holder as Record<string | number, unknown>)[other.key]);
    else if (chance < 0.85) delete at[key];
    else at[`${pick(random, ['type', 'content', 'vocab', 'id', '__proto__'])}`] = at[key];
  }
  return JSON.stringify(copy);
}

/** Bytes changed, cut off, doubled. */
function changeBytes(text: string, random: Random): Buffer {
  const bytes = Buffer.from(text);
  const at = () => Math.floor(random() * bytes.length);
  const chance = random();
  if (chance < 0.2) return bytes.subarray(0, at());
  if (chance < 0.4) {
    const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  }
  for (let left = 1 + Math.floor(random() * 8); left > 0; left--)
    bytes[at()] = Math.floor(random() * 256);
  return bytes;
}

export function mutant(json: unknown, random: Random): Buffer {
  const text = random() < 0.85 ? changeValues(json, random) : JSON.stringify(json);
  return random() < 0.75 ? Buffer.from(text) : changeBytes(text, random);
}
