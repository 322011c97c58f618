/** The rules of agents, to the letter of the notebook's, and traces that become examples. */
import { describe, expect, it } from 'vitest';
import { agents, answerIn } from '../../../src/engine/agents/agent';
import { exampleOfTrace, readTraces, traceLine } from '../../../src/engine/agents/agentTrace';
import type { AgentName, AgentRecord } from '../../../src/protocol/evaluation';

describe('critiques', () => {
  it.each<[AgentName, string, string | null]>([
    ['slm', 'Therefore it is 5.', null],
    ['slm', 'THEREFORE 5', null],
    ['slm', 'It is five.', 'No final numeric answer was provided.'],
    ['slm', 'Is it 5?', 'The answer appears uncertain.'],
    ['slm', 'It is 5.', 'The reasoning may contain arithmetic or logical errors.'],
    ['math', '2 + 3 = 5', null],
    ['math', '2 + 3 = -5  \n', null],
    ['math', 'five', 'No numerical reasoning found.'],
    ['math', 'it is 5', 'The solution does not show explicit calculations.'],
    ['math', '2 + 3 = 5.', 'Check the arithmetic carefully and recompute.'],
    ['calculator', '<<2+3=5>>5\n#### 5', null],
    ['calculator', '2 + 3 = 5', 'There is no line `#### <answer>`.'],
  ])('%s of %j', (name, text, critique) => {
    expect(agents[name].critique(text)).toBe(critique);
  });
});

describe('prompts', () => {
  it("begin and grow as the notebook's", () => {
    const { ask, askAgain } = agents.slm;
    const first = ask('How many?');
    expect(first).toBe(
      'Solve the following problem step by step.\nExplain your reasoning clearly.\n\nQuestion: How many?\nAnswer:',
    );
    expect(askAgain(first, ' 5', 'Why?')).toBe(
      `${first}\n\nPrevious attempt:\n 5\n\nCritique:\nWhy?\n\nFix the mistakes and answer again carefully.`,
    );
  });
});

describe('an answer', () => {
  it.each([
    ['a\n#### 1,200', '1200'],
    ['so 3 and then $4.50.', '4.50'],
    ['nothing', null],
  ])('in %j is %s', (text, answer) => expect(answerIn(text)).toBe(answer));
});

const records: AgentRecord[] = [
  {
    type: 'agent',
    version: 1,
    agent: 'math',
    judges: 'answer',
    question: 'How many?',
    model: 'm',
    started: '2026-11-22T00:00:00.000Z',
    budget: { steps: 3, tokens: null, seconds: null },
    votes: 1,
    sampling: { temperature: 0.8, seed: 0 },
  },
  {
    type: 'step',
    step: 1,
    vote: 0,
    prompt: 'How many?',
    promptTokens: 3,
    croppedTokens: 0,
    output: ' 2 + 3 = 5',
    newTokens: 5,
    ended: 'end-token',
    calls: [],
    isGood: true,
    critique: null,
    answer: '5',
    seconds: 0.1,
  },
  {
    type: 'end',
    final: ' 2 + 3 = 5',
    answer: '5',
    isGood: true,
    reason: 'good',
    tally: [{ answer: '5', votes: 1 }],
    steps: 1,
    newTokens: 5,
    seconds: 0.1,
  },
];

describe('a trace', () => {
  const text = records.map(traceLine).join('');

  it('is read back as it was, several in one file', () => {
    const [trace, second] = readTraces(text + text, 'trace.jsonl');
    expect([trace!.start, ...trace!.steps, trace!.end]).toEqual(records);
    expect(second).toEqual(trace);
  });

  it('that was torn is read up to there', () => {
    const [trace] = readTraces(text.slice(0, -20), 'trace.jsonl');
    expect(trace!.steps.length).toBe(1);
    expect(trace!.end).toBeUndefined();
  });

  it.each(['{"type":"step"}\n', 'x\n{"type":"agent"}\n', '[]\n{}\n'])('of %j is refused', bad => {
    expect(() => readTraces(bad, 'trace.jsonl')).toThrow(/trace\.jsonl, line 1 is no record/);
  });

  it('becomes an example with its answer marked', () => {
    expect(exampleOfTrace(readTraces(text, '')[0]!)).toEqual({
      question: 'How many?',
      answer: '2 + 3 = 5\n#### 5',
    });
  });

  it('that came to nothing becomes none', () => {
    const [start] = records;
    expect(() => exampleOfTrace(readTraces(traceLine(start!), '')[0]!)).toThrow(/no number/);
  });
});
