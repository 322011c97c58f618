/** A trace as an example that agents and models can be evaluated by: question and answer. Pure. */
import { exampleOfTrace } from '../../../engine/agents/agentTrace';
import type { AgentEnd, AgentRecord, AgentStart, AgentStep } from '../../../protocol/evaluation';

const MARK = '####';

/**
 * A line of GSM8K's form. When the answer is the one that the agent came to, its solution is the
 * reference; else what its user says is right: a solution, or a number.
 */
export function exampleOf(records: readonly AgentRecord[], answer: string): string {
  const start = records.find((record): record is AgentStart => record.type === 'agent');
  if (!start) throw new Error('Nothing was asked yet.');
  const text = answer.trim();
  if (text === '') throw new Error('Say which answer is right.');
  const end = records.find((record): record is AgentEnd => record.type === 'end');
  const steps = records.filter((record): record is AgentStep => record.type === 'step');
  const example =
    text === end?.answer
      ? exampleOfTrace({ start, steps, end })
      : { question: start.question, answer: text.includes(MARK) ? text : `${MARK} ${text}` };
  return JSON.stringify(example);
}
