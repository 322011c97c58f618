/** The vocabulary of an untrusted `tokenizer.json`: tokens by id and ids by token, each only once. */
import type { JsonFields } from './jsonFields';

export interface Vocabulary {
  readonly idOf: ReadonlyMap<string, number>;
  /** Holes are possible. */
  readonly tokens: readonly (string | undefined)[];
}

/** Ids are below it. */
export const MOST_TOKENS = 2 ** 20;

/** From an object of token → id. */
export function readVocabulary(model: JsonFields, name: string): Vocabulary {
  const member = model.optional(name) ?? model.refuse(name, 'is missing');
  const entries = member.entries();
  if (entries.length > MOST_TOKENS) model.refuse(name, `has more than ${MOST_TOKENS} tokens`);
  const tokens: (string | undefined)[] = [];
  for (const [token, id] of entries) {
    if (!isId(id)) model.refuse(name, 'has an id that is no whole number in range');
    if (tokens[id] !== undefined) model.refuse(name, `has the id ${id} twice`);
    while (tokens.length < id) tokens.push(undefined);
    tokens[id] = token;
  }
  return { idOf: new Map(entries as [string, number][]), tokens };
}

export const isId = (id: unknown): id is number =>
  Number.isInteger(id) && (id as number) >= 0 && (id as number) < MOST_TOKENS;
