/**
 * What can be taken out of the sandbox: everything as JSON, one answer as an example for an
 * evaluation. Pure. Knows nothing of files or dialogs.
 */
import { activeAdapters } from '../../protocol/pickedModel';
import type { Exchange, Outcome, PickedModel, SandboxDocument } from '../../protocol/sandboxView';
import { writtenBy } from './sandboxDocument';

/** The exchanges of the mode with all that was said of each token. */
export function jsonOf({ mode, system, exchanges }: SandboxDocument): string {
  const own = exchanges.filter(exchange => exchange.mode === mode);
  const json = own.map(({ user, outcomes }) => ({
    ...(mode === 'completion' ? { prompt: user } : { system, user }),
    columns: outcomes.map(outcome => ({
      model: outcome.model.path,
      ...adaptersOf(outcome.model),
      ...outcome.run,
      sampling: outcome.sampling,
      prompt_ids: outcome.promptIds,
      ...(outcome.rendered !== null && { rendered: outcome.rendered }),
      text: writtenBy(outcome),
      ids: outcome.tokens.map(token => token.id),
      ...endOf(outcome),
      ...(outcome.continued > 0 && { branched_at: outcome.continued - 1 }),
      ...(outcome.stats && { speed: outcome.stats }),
      tokens: outcome.tokens,
    })),
  }));
  return `${JSON.stringify({ format: 'weightroom-sandbox', version: 1, mode, exchanges: json }, null, 1)}\n`;
}

function adaptersOf(model: PickedModel): object {
  const adapters = activeAdapters(model).map(({ path, weight }) => ({ path, weight }));
  return adapters.length === 0 ? {} : { adapters };
}

function endOf({ status }: Outcome): object {
  if (status.kind === 'ended') return { end: status.reason };
  return status.kind === 'failed' ? { end: 'failed', problem: status.problem } : { end: null };
}

/** One line of an evaluation's JSONL, in the form that the prompt has. */
export function exampleOf(document: SandboxDocument, exchange: Exchange, outcome: Outcome): string {
  return `${JSON.stringify(recordOf(document, exchange, outcome))}\n`;
}

function recordOf(document: SandboxDocument, exchange: Exchange, outcome: Outcome): object {
  const answer = writtenBy(outcome);
  if (exchange.mode === 'completion') {
    const question = questionIn(exchange.user);
    return question === undefined
      ? { prompt: exchange.user, completion: answer }
      : { question, answer: answer.trim() };
  }
  const chat = document.exchanges.filter(each => each.mode === 'chat');
  const before = chat.slice(0, chat.indexOf(exchange));
  if (before.length === 0 && document.system === '')
    return { question: exchange.user, answer: answer.trim() };
  const spoken = before.flatMap(({ user, outcomes }) => {
    const reply = outcomes.find(each => each.column === outcome.column) ?? outcomes[0];
    return [
      { role: 'user', content: user },
      ...(reply ? [{ role: 'assistant', content: writtenBy(reply) }] : []),
    ];
  });
  const system = document.system === '' ? [] : [{ role: 'system', content: document.system }];
  const last = [
    { role: 'user', content: exchange.user },
    { role: 'assistant', content: answer },
  ];
  return { messages: [...system, ...spoken, ...last] };
}

/** What `gsm8kPrompt` was made of. */
const questionIn = (prompt: string): string | undefined =>
  /^### Question:\n([^]+?)\n\n### Answer:\n$/.exec(prompt)?.[1];

/** The lines of a file with one more. */
export const appended = (text: string, line: string): string =>
  text === '' || text.endsWith('\n') ? text + line : `${text}\n${line}`;
