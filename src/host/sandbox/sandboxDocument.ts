/** The sandbox's document and what can be made of it: pure. Knows nothing of engines or views. */
import { randomUUID } from 'node:crypto';
import type { ModelSpec } from '../../protocol/engineProcess';
import { activeAdapters } from '../../protocol/pickedModel';
import type { PromptInput, SamplingSettings } from '../../protocol/sandbox';
import type {
  AdapterUse,
  Column,
  ColumnRun,
  Exchange,
  Outcome,
  PickedModel,
  SandboxDocument,
  Sampling,
} from '../../protocol/sandboxView';

/** So many of the likeliest tokens are told with each one. */
export const ALTERNATIVES = 10;

const plainRun: ColumnRun = { backend: 'kv', device: 'cpu', bits: null };

export const newDocument = (): SandboxDocument => ({
  mode: 'completion',
  prompt: '',
  system: '',
  message: '',
  sampling: {
    temperature: 0.8,
    topK: 40,
    topP: 0.9,
    minP: 0,
    repetitionPenalty: 1,
    maxTokens: 256,
    seed: 1337,
    greedy: false,
    stop: [],
  },
  sameSeed: true,
  columns: [newColumn(null)],
  exchanges: [],
});

export const newColumn = (
  model: PickedModel | null,
  { backend, device, bits }: ColumnRun = plainRun,
): Column => ({ id: randomUUID(), model, backend, device, bits });

export const withColumn = (
  document: SandboxDocument,
  id: string,
  patch: Partial<Omit<Column, 'id'>>,
): SandboxDocument => ({
  ...document,
  columns: document.columns.map(column => (column.id === id ? { ...column, ...patch } : column)),
});

/** @param adapter its folder @param to null takes it from the model */
export function withAdapter(
  model: PickedModel,
  adapter: string,
  to: AdapterUse | null,
): PickedModel {
  const adapters = model.adapters.flatMap(each => {
    if (each.dir !== adapter) return [each];
    return to === null ? [] : [{ ...each, ...to }];
  });
  return { ...model, adapters };
}

export function specOf(model: PickedModel, { backend, device, bits }: ColumnRun): ModelSpec {
  const adapters = activeAdapters(model).map(({ dir, weight }) => ({ dir, weight }));
  return {
    dir: model.dir,
    ...(adapters.length > 0 && { adapters }),
    backend,
    device,
    ...(bits && { bits }),
  };
}

export function settingsOf({ greedy, temperature, ...sampling }: Sampling): SamplingSettings {
  return { ...sampling, temperature: greedy ? 0 : temperature, alternatives: ALTERNATIVES };
}

/** With the seed of the column at `index`. */
export const samplingOf = ({ sampling, sameSeed }: SandboxDocument, index: number): Sampling =>
  sameSeed ? sampling : { ...sampling, seed: sampling.seed + index };

export const exchangesOf = ({ exchanges, mode }: SandboxDocument): Exchange[] =>
  exchanges.filter(exchange => exchange.mode === mode);

export const writtenBy = ({ text, tokens }: Outcome): string =>
  text ?? tokens.map(token => token.shown).join('');

/** What a column's model is to continue; undefined when nothing was said yet. */
export function inputOf(
  document: SandboxDocument,
  column: string,
  said: string,
  before: readonly Exchange[],
): PromptInput | undefined {
  if (document.mode === 'completion') return said === '' ? undefined : { kind: 'text', text: said };
  const spoken = before.flatMap(exchange => {
    const own = exchange.outcomes.find(outcome => outcome.column === column);
    const reply = own ?? exchange.outcomes[0];
    const user = { role: 'user', content: exchange.user };
    return reply ? [user, { role: 'assistant', content: writtenBy(reply) }] : [user];
  });
  if (said === '' && spoken.length === 0) return undefined;
  const system = document.system === '' ? [] : [{ role: 'system', content: document.system }];
  const user = said === '' ? [] : [{ role: 'user', content: said }];
  return { kind: 'chat', messages: [...system, ...spoken, ...user] };
}

export const newExchange = (document: SandboxDocument, user: string): Exchange => ({
  id: randomUUID(),
  mode: document.mode,
  user,
  outcomes: [],
});

export const newOutcome = (column: Column, model: PickedModel, sampling: Sampling): Outcome => ({
  column: column.id,
  model,
  run: { backend: column.backend, device: column.device, bits: column.bits },
  sampling,
  promptIds: [],
  rendered: null,
  status: { kind: 'waiting' },
  tokens: [],
  continued: 0,
  text: null,
  stats: null,
});

/** Puts outcomes in the place of those of the same columns, in the order of the columns. */
export function withOutcomes(
  exchange: Exchange,
  outcomes: readonly Outcome[],
  columns: readonly Column[],
): Exchange {
  const all = new Map([...exchange.outcomes, ...outcomes].map(each => [each.column, each]));
  const ordered = columns.flatMap(({ id }) => all.get(id) ?? []);
  return { ...exchange, outcomes: ordered };
}

/**
 * The outcome that goes on from another token than the one at `at`: what stood before it stays.
 * @throws when there is no such token
 */
export function branchOf(outcome: Outcome, at: number, token: number): Outcome {
  const former = outcome.tokens[at];
  const chosen = former?.alternatives.find(({ id }) => id === token);
  if (!former || !chosen) throw new Error('This token is not there any more.');
  const { id, text: piece, probability } = chosen;
  const forced = { ...former, id, piece, shown: piece, probability, isForced: true as const };
  return {
    ...outcome,
    status: { kind: 'waiting' },
    tokens: [...outcome.tokens.slice(0, at), forced],
    continued: at + 1,
    text: null,
    stats: null,
  };
}

const isOver = ({ status }: Outcome): boolean =>
  status.kind === 'ended' || status.kind === 'failed';

/** As after a crash: what was under way is not any more. */
export const endAll = (document: SandboxDocument): SandboxDocument => ({
  ...document,
  exchanges: document.exchanges.map(exchange => ({
    ...exchange,
    outcomes: exchange.outcomes.map(outcome =>
      isOver(outcome)
        ? outcome
        : {
            ...outcome,
            status: { kind: 'ended', reason: 'cancelled' },
            text: writtenBy(outcome),
          },
    ),
  })),
});
