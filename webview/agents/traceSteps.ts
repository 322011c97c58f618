/** A trace as its view shows it: steps with what was new in each prompt, voters, and the end. Pure. */
import type { AgentEnd, AgentRecord, AgentStart, AgentStep } from '../../src/protocol/evaluation';

export interface ShownStep {
  readonly step: AgentStep;
  /** What of the prompt the step before of the same voter did not have. */
  readonly added: string;
  /** Characters of the prompt that are as before. */
  readonly same: number;
}

export interface ShownTrace {
  readonly start: AgentStart | null;
  readonly steps: readonly ShownStep[];
  readonly end: AgentEnd | null;
  /** Seconds of all steps; what the widths of their bars are of. */
  readonly seconds: number;
  readonly newTokens: number;
}

export function shownTrace(records: readonly AgentRecord[]): ShownTrace {
  let start: AgentStart | null = null;
  let end: AgentEnd | null = null;
  const steps: ShownStep[] = [];
  const before = new Map<number, string>();
  for (const record of records)
    switch (record.type) {
      case 'agent':
        start = record;
        break;
      case 'end':
        end = record;
        break;
      case 'step': {
        const former = before.get(record.vote) ?? '';
        const same = record.prompt.startsWith(former) ? former.length : 0;
        steps.push({ step: record, added: record.prompt.slice(same), same });
        before.set(record.vote, record.prompt);
      }
    }
  return {
    start,
    steps,
    end,
    seconds: steps.reduce((sum, { step }) => sum + step.seconds, 0),
    newTokens: steps.reduce((sum, { step }) => sum + step.newTokens, 0),
  };
}
