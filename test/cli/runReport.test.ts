import { describe, expect, it } from 'vitest';
import { progressLine } from '../../src/cli/progressLine';
import { createRunReport } from '../../src/cli/runReport';
import type { RunEvent, RunEventBody } from '../../src/protocol/runEvent';
import { emptyRunState, foldRunEvent } from '../../src/protocol/runState';

const start: RunEventBody = {
  ...{ type: 'start', run: '20260101-000000-demo', name: 'demo', pid: 1, device: 'cpu', step: 0 },
  ...{ max_steps: 100, parameters: 26_380_000, trainable: 135_168, tokens_per_step: 1024 },
  vocab_size: 512,
};
const step = (n: number): RunEventBody => ({
  ...{
    type: 'step',
    step: n,
    loss: 3 - n / 100,
    lr: 1e-3,
    grad_norm: 1,
    tokens: 1024,
    seconds: 0.1,
  },
});

/** Events half a second apart. */
const timed = (bodies: RunEventBody[]): RunEvent[] =>
  bodies.map((body, seq) => ({ ...body, seq, time: 1e12 + seq * 500 }));
const stateAfter = (...bodies: RunEventBody[]) =>
  timed(bodies).reduce(foldRunEvent, emptyRunState());
const plain = (text: string) => text.replaceAll('\u2009', ' ');

describe('the progress line', () => {
  const state = stateAfter(start, ...Array.from({ length: 40 }, (_, i) => step(i)));

  it('tells step, share, loss, speed and time left', () => {
    expect(plain(progressLine(state, 100))).toBe(
      `step 40/100 ${'━'.repeat(12)}${'─'.repeat(18)} 40 %  loss 2.610  10.2 k tokens/s  30 s left`,
    );
  });

  it.each([100, 80, 70, 60, 40, 20, 1])('fits in %i columns', columns => {
    expect(progressLine(state, columns).length).toBeLessThan(columns);
  });

  it('tells what is being prepared', () => {
    const phase = {
      type: 'phase',
      phase: 'data',
      state: 'begin',
      detail: 'a.jsonl',
      seconds: 0,
    } as const;
    expect(progressLine(stateAfter(start, phase), 80)).toBe('a.jsonl');
  });
});

function told(...bodies: RunEventBody[]): string[] {
  const lines: string[] = [];
  const terminal = {
    columns: 0,
    print: (line: string) => lines.push(plain(line)),
    status: () => undefined,
  };
  const report = createRunReport(terminal);
  timed(bodies).forEach(report.tell);
  return lines;
}

describe('the report of a run', () => {
  it.each<[string, RunEventBody, string]>([
    [
      'an evaluation',
      { type: 'eval', step: 7, loss: 2.5, batches: 2, seconds: 1, best: true },
      'step 7: validation loss 2.500, the best so far',
    ],
    [
      'a checkpoint',
      {
        type: 'checkpoint',
        step: 7,
        path: 'checkpoints/step-000007',
        bytes: 2_500_000,
        seconds: 1,
      },
      'step 7: saved checkpoints/step-000007, 2.50 MB',
    ],
    [
      'an anomaly',
      { type: 'anomaly', step: 7, kind: 'spike', message: 'Gradient norm 14', batch: [] },
      'step 7: Gradient norm 14',
    ],
    [
      'a notice',
      { type: 'notice', step: 7, code: 'a.b', message: 'Mind this.' },
      'step 7: Mind this. (a.b)',
    ],
    [
      'a sample',
      { type: 'sample', step: 7, prompt: 'Q\n\n', text: 'A\x1b[2J' },
      'step 7: sample\n  │ Q\n  │ A\ufffd[2J',
    ],
    [
      'its end',
      { type: 'end', step: 7, outcome: 'stopped', seconds: 90 },
      'Stopped at step 7 of 100 after 2 min.',
    ],
  ])('says of %s what matters', (_, body, words) => expect(told(start, body).at(-1)).toBe(words));

  it('begins with what is trained', () => {
    expect(told(start)).toEqual([
      '20260101-000000-demo\n  26.4 M parameters, 135 k trained, 1 024 tokens a step, cpu',
    ]);
  });

  it('without a screen tells the progress every ten seconds', () => {
    const steps = told(start, ...Array.from({ length: 60 }, (_, i) => step(i))).slice(1);
    expect(steps.map(line => line.split(' ', 2).join(' '))).toEqual([
      'step 0',
      'step 20',
      'step 40',
    ]);
  });
});
