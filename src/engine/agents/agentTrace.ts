/**
 * Traces of agents: JSON lines that can be read back, and the evaluation example that one becomes.
 * Knows nothing of models.
 */
import type {
  AgentEnd,
  AgentEvent,
  AgentRecord,
  AgentStart,
  AgentStep,
} from '../../protocol/evaluation';
import { strictAnswer } from '../metrics/extractAnswer';
import { fail } from '../problem';

export interface AgentTrace {
  readonly start: AgentStart;
  readonly steps: readonly AgentStep[];
  /** Undefined when it was cut off. */
  readonly end: AgentEnd | undefined;
}

export const isRecord = (event: AgentEvent): event is AgentRecord => event.type !== 'writing';

export const traceLine = (record: AgentRecord): string => `${JSON.stringify(record)}\n`;

/** Every trace in a text of JSON lines; a torn last line is left out. @throws `agent.bad-trace` */
export function readTraces(text: string, file: string): AgentTrace[] {
  const traces: { start: AgentStart; steps: AgentStep[]; end: AgentEnd | undefined }[] = [];
  const lines = text.split('\n');
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const record = recordIn(line);
    if (!record && i === lines.length - 1) continue;
    const current = traces.at(-1);
    if (record?.type === 'agent') traces.push({ start: record, steps: [], end: undefined });
    else if (record?.type === 'step' && current) current.steps.push(record);
    else if (record?.type === 'end' && current) current.end = record;
    else
      fail('agent.bad-trace', `${file}, line ${i + 1} is no record of an agent's trace.`, {
        file,
        line: i + 1,
      });
  }
  return traces;
}

function recordIn(line: string): AgentRecord | undefined {
  try {
    const value = JSON.parse(line) as { type?: unknown } | null;
    const isKnown = ['agent', 'step', 'end'].includes(String(value?.type));
    return isKnown ? (value as AgentRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** A record of a data file in GSM8K's form, to be evaluated on, or corrected first. */
export interface TraceExample {
  readonly question: string;
  readonly answer: string;
}

/** @throws `agent.no-answer` when the trace came to no number */
export function exampleOfTrace({ start, steps, end }: AgentTrace): TraceExample {
  const answer = end?.answer ?? steps.findLast(step => step.answer !== null)?.answer;
  if (answer === undefined || answer === null)
    return fail(
      'agent.no-answer',
      'The agent came to no number, so there is no answer to evaluate by.',
    );
  const text = (steps.findLast(step => step.answer === answer)?.output ?? '').trim();
  const isMarked = strictAnswer(text) !== null;
  return { question: start.question, answer: isMarked ? text : `${text}\n#### ${answer}` };
}
