import { describe, expect, it } from 'vitest';
import { csvOf } from '../../src/curves/csv';
import { type RunSeries, emptyRunSeries, foldIntoSeries } from '../../src/curves/runSeries';
import { secondsLeft } from '../../src/protocol/runState';
import type { RunEvent, RunEventBody, StartEvent } from '../../src/protocol/runEvent';
import { type SyntheticRun, syntheticEvents } from './syntheticRun';

function folded(events: Iterable<RunEvent>): RunSeries {
  const series = emptyRunSeries();
  for (const event of events) foldIntoSeries(series, event);
  return series;
}

const base: SyntheticRun = { name: 'base', steps: 1000, maxSteps: 2000, seed: 7 };

const startAt = (step: number, time: number, seq: number): RunEvent => {
  const [start] = [...syntheticEvents({ ...base, steps: 0 })] as [StartEvent & RunEvent];
  return { ...start, step, time, seq };
};

/** A run interrupted at `at` that resumes from `from`, after a pause of an hour. */
function interrupted(at: number, from: number): RunEvent[] {
  const whole = [...syntheticEvents(base)];
  const cut = whole.findIndex(e => e.type === 'step' && e.step === at);
  const again = whole.findIndex(e => e.type === 'step' && e.step === from);
  const before = whole.slice(0, cut);
  const offset = before.at(-1)!.time + 3_600_000 - whole[again]!.time;
  const rest = whole.slice(again).map(e => ({ ...e, time: e.time + offset }));
  return [...before, startAt(from, rest[0]!.time - 500, cut), ...rest].map((e, seq) => ({
    ...e,
    seq,
  }));
}

describe('the series of a run', () => {
  it('has one row per step and per evaluation', () => {
    const { steps, evaluations } = folded(syntheticEvents(base));
    expect(steps.length).toBe(1000);
    expect([...evaluations.get('step')]).toEqual([250, 500, 750, 1000]);
    expect(steps.at('tokens', 0)).toBe(0);
    expect(steps.at('tokens', 999)).toBe(999 * 8192);
    expect(evaluations.at('tokens', 3)).toBe(1000 * 8192);
  });

  it('of a resumed run equals that of one never interrupted', () => {
    const whole = folded(syntheticEvents(base));
    const resumed = folded(interrupted(700, 500));
    for (const field of ['step', 'tokens', 'loss', 'learningRate'] as const)
      expect(resumed.steps.get(field)).toEqual(whole.steps.get(field));
    expect(resumed.evaluations.get('loss')).toEqual(whole.evaluations.get('loss'));
    expect(resumed.state.tokens).toBe(whole.state.tokens);
    expect(resumed.state.best).toEqual(whole.state.best);
    expect(resumed.state.history.means.length).toBe(whole.state.history.means.length);
    expect(resumed.revision).toBe(1);
  });

  it('leaves the pause between two processes out of the time', () => {
    const whole = folded(syntheticEvents(base)).state.seconds;
    const { state, steps } = folded(interrupted(700, 500));
    expect(state.seconds).toBeLessThan(whole + 400);
    const seconds = [...steps.get('seconds')];
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  });

  it('reads null, which JSON has for not a number, as a missing point', () => {
    const events = JSON.parse(
      JSON.stringify([...syntheticEvents({ ...base, endsNotFinite: true })]),
    ) as RunEvent[];
    const { steps, state } = folded(events);
    expect(steps.at('loss', 999)).toBeNaN();
    expect(state.train?.step).toBe(998);
  });
});

describe('the state of a run', () => {
  const withEnd = { ...base, steps: 2000, outcome: 'done' as const };

  it('moves from preparing over training to its outcome', () => {
    const series = emptyRunSeries();
    const seen = new Set<string>();
    for (const event of syntheticEvents(withEnd)) {
      foldIntoSeries(series, event);
      seen.add(series.state.status);
    }
    expect([...seen]).toEqual(['preparing', 'training', 'done']);
    expect(series.state.step).toBe(2000);
  });

  it('names the phases with their durations, and the wait for the first step', () => {
    const { state } = folded(syntheticEvents({ ...base, steps: 1 }));
    expect(state.phases.map(p => [p.phase, p.state, p.seconds])).toEqual([
      ['config', 'end', 0],
      ['data', 'end', 2.1],
      ['weights', 'end', 0.6],
      ['graph', 'end', 4],
    ]);
    expect(state.firstStepSeconds).toBeGreaterThan(0);
  });

  it('keeps the checkpoints, and which of them are deleted', () => {
    const { checkpoints } = folded(syntheticEvents(withEnd)).state;
    const deleted = checkpoints.filter(c => c.deleted).map(c => c.step);
    expect(checkpoints.length).toBe(8);
    expect(deleted).toEqual([250, 500, 750, 1250]);
  });

  it('estimates the time left from the pace, evaluations included', () => {
    const { state } = folded(syntheticEvents(base));
    expect(secondsLeft(state)! / state.seconds).toBeCloseTo(1, 1);
  });

  it('lists what is worth a look, the newest best only', () => {
    const run = { ...withEnd, steps: 1500, maxSteps: 2000, spike: { step: 600, loss: 6 } };
    const failed = { ...run, outcome: 'failed' as const, endsNotFinite: true };
    const { notables, problem } = folded(syntheticEvents(failed)).state;
    const counts = (kind: string) => notables.filter(n => n.kind === kind).length;
    expect(['spike', 'best', 'non_finite', 'failed'].map(counts)).toEqual([1, 1, 1, 1]);
    expect(problem?.code).toBe('train.non-finite');
  });

  it('remembers the whole loss in at most 32 means', () => {
    const { means, stride } = folded(syntheticEvents(withEnd)).state.history;
    expect(means.length).toBe(Math.ceil(2000 / stride));
    expect(means.length).toBeLessThanOrEqual(32);
    expect(means.at(-1)).toBeLessThan(means[0]!);
  });

  it('counts a checkpoint written twice once', () => {
    const body: RunEventBody = {
      type: 'checkpoint',
      step: 5,
      path: 'checkpoints/step-000005',
      bytes: 1,
      seconds: 0,
    };
    const { state } = folded([
      startAt(0, 1, 0),
      { ...body, seq: 1, time: 2 },
      { ...body, seq: 2, time: 3 },
    ]);
    expect(state.checkpoints.length).toBe(1);
  });
});

describe('the CSV', () => {
  const lines = [...csvOf([{ name: 'a,"b"', series: folded(syntheticEvents(base)) }], 0.8)]
    .join('')
    .split('\n');

  it('has a header, a line per step and one per evaluation beyond the last', () => {
    expect(lines[0]).toBe(
      'run,step,tokens,seconds,train_loss,train_loss_ema,validation_loss,learning_rate,grad_norm,tokens_per_second',
    );
    expect(lines.length).toBe(1 + 1000 + 1 + 1);
    expect(lines.at(-1)).toBe('');
  });

  it('puts an evaluation into the line of its step', () => {
    const line = lines.find(l => l.includes(',250,'))!;
    expect(line.startsWith('"a,""b""",250,')).toBe(true);
    expect(Number(line.split(',').at(-4))).toBeGreaterThan(2);
  });

  it('makes a name that looks like a formula text', () => {
    const [, row] = [
      ...csvOf([{ name: '=1+1', series: folded(syntheticEvents({ ...base, steps: 1 })) }], 0),
    ];
    expect(row!.startsWith("'=1+1,")).toBe(true);
  });
});
