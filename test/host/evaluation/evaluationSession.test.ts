import { appendFileSync, copyFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareFolders } from '../../../src/host/evaluation/compareFolders';
import { EvaluationReader } from '../../../src/host/evaluation/evaluationReader';
import { EvaluationSession } from '../../../src/host/evaluation/evaluationSession';
import { parseRequest } from '../../../src/host/evaluation/requests';
import { runningResults } from '../../../src/host/evaluation/runningResults';
import type { KnownEvaluation } from '../../../src/host/evaluationStore';
import { evaluationFiles } from '../../../src/protocol/evaluation';
import type { HostMessage, RequestName, Requests } from '../../../src/protocol/evaluationView';
import { scratchFolder } from '../../durability/scratchFolder';
import { line, sampleOf, type Written, writeEvaluation } from '../../webview/evaluationsOnDisk';

const folder = scratchFolder();
let made = 0;
const newId = () => `20261122-20000${made++}-gsm8k`;

/** A session whose answers can be awaited. */
function open(own: Written, others: readonly Written[] = []) {
  const posted: HostMessage[] = [];
  const waiting = new Map<number, (message: HostMessage) => void>();
  const refuse = () => Promise.reject(new Error('not here'));
  const evaluations = [own, ...others].map(({ dir, plan }): KnownEvaluation => ({
    id: plan.id,
    dir,
    runDir: undefined,
    plan,
    state: 'stopped',
    progress: null,
    problem: null,
    description: '',
    report: undefined,
  }));
  const session = new EvaluationSession({
    dir: own.dir,
    store: { evaluations, onDidChange: () => ({ dispose: () => undefined }) },
    ports: {
      isTrusted: true,
      labelOf: path => path,
      runAgain: refuse,
      resume: refuse,
      stop: refuse,
      openInSandbox: refuse,
      openText: refuse,
      openTrace: refuse,
      openConfig: refuse,
      save: refuse,
      copy: refuse,
      manageTrust: refuse,
    },
    compare: compareFolders,
    post: message => {
      posted.push(message);
      if (message.type === 'reply') waiting.get(message.id)?.(message);
    },
  });
  let id = 0;
  const ask = async <K extends RequestName>(request: K, params: Requests[K]['params']) => {
    const asked = id++;
    const reply = new Promise<HostMessage>(resolve => waiting.set(asked, resolve));
    void session.receive({ id: asked, request, params });
    return (await reply) as {
      value?: Requests[K]['result'];
      error?: { code: string; message: string };
    };
  };
  return { session, posted, ask };
}

describe('a folder as it grows', () => {
  it('is read from where the last look ended, whole lines alone', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 8, stoppedAt: 2 });
    const path = join(dir, evaluationFiles.samples);
    const reader = new EvaluationReader(dir);
    expect(await reader.update()).toBe(true);
    expect(reader.rows.map(({ index }) => index)).toEqual([0, 1]);
    const next = line(sampleOf(2, 0.4, 1));
    appendFileSync(path, next.slice(0, 50));
    expect(await reader.update()).toBe(false);
    appendFileSync(path, next.slice(50));
    expect(await reader.update()).toBe(true);
    expect(reader.rows).toHaveLength(3);
    expect(reader.sample(2)).toEqual(sampleOf(2, 0.4, 1));
    expect(await reader.update()).toBe(false);
  });

  it('begins anew when its file became shorter', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 4 });
    const path = join(dir, evaluationFiles.samples);
    const reader = new EvaluationReader(dir);
    await reader.update();
    truncateSync(path, 0);
    rmSync(join(dir, evaluationFiles.report));
    appendFileSync(path, line(sampleOf(0, 0.4, 1)));
    await reader.update();
    expect(reader.rows).toHaveLength(1);
    expect(reader.report).toBeUndefined();
  });

  it.each([
    ['no JSON', '{"index": 4,'],
    ['another thing', '[1, 2]'],
    ['a sample without its texts', '{"index": 4}'],
    ['a number where a text should be', JSON.stringify({ ...sampleOf(4, 1, 1), output: 7 })],
    ['a flag that nobody knows', JSON.stringify({ ...sampleOf(4, 1, 1), flags: ['odd'] })],
  ])('leaves out a line that is %s, and counts it', async (_, damaged) => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 3 });
    appendFileSync(join(dir, evaluationFiles.samples), `${damaged}\n${line(sampleOf(5, 1, 1))}`);
    const reader = new EvaluationReader(dir);
    await reader.update();
    expect(reader.damagedLines).toBe(1);
    expect(reader.rows.map(({ index }) => index)).toEqual([0, 1, 2, 5]);
  });

  it.each(['{}', 'no JSON', '{"version": 2}'])('with the plan %s is refused', plan => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 1 });
    writeFileSync(join(dir, evaluationFiles.plan), plan);
    expect(() => new EvaluationReader(dir)).toThrow(/does not say what was evaluated/);
  });

  it('gives the trace of one example alone', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 3, agent: true });
    const records = await new EvaluationReader(dir).trace(1);
    expect(records.map(({ type }) => type)).toEqual(['agent', 'step', 'step', 'end']);
    expect(await new EvaluationReader(dir).trace(9)).toEqual([]);
  });
});

describe('scores before the end', () => {
  it('are shares and means of the samples so far, with their errors', async () => {
    const { dir, samples, report } = writeEvaluation({ folder, id: newId(), samples: 50 });
    const reader = new EvaluationReader(dir);
    await reader.update();
    const results = runningResults(reader.rows);
    const strict = results.find(({ metric }) => metric === 'exact_match_strict')!;
    const p = report.results.find(({ metric }) => metric === 'exact_match_strict')!.value;
    expect(strict.value).toBeCloseTo(p, 12);
    // s/√n of ones and zeros
    expect(strict.standardError).toBeCloseTo(Math.sqrt((p * (1 - p)) / (samples.length - 1)), 12);
    expect(runningResults([])).toEqual([]);
  });

  it('have no error where there is one sample', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 1 });
    const reader = new EvaluationReader(dir);
    await reader.update();
    expect(runningResults(reader.rows)[0]).toMatchObject({ standardError: null, interval: null });
  });

  it('leave room for what was not seen yet when none is right', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 16, skill: 0 });
    const reader = new EvaluationReader(dir);
    await reader.update();
    const { value, interval } = runningResults(reader.rows)[0]!;
    expect(value).toBe(0);
    expect(interval![0]).toBe(0);
    // Wilson's bound, z²/(n + z²)
    expect(interval![1]).toBeCloseTo(3.8415 / (16 + 3.8415), 3);
  });
});

describe('a session', () => {
  it('answers each request exactly once, and says why it cannot', async () => {
    const { ask, posted } = open(writeEvaluation({ folder, id: newId(), samples: 3 }));
    expect((await ask('rows', { from: 0, count: 10 })).error?.message).toContain('not open');
    expect((await ask('ready', null)).value?.facts?.samples).toBe(3);
    expect((await ask('rows', { from: 1, count: 1 })).value?.map(({ index }) => index)).toEqual([
      1,
    ]);
    expect((await ask('sample', { index: 77 })).error?.code).toBe('evaluation.no-sample');
    expect((await ask('compare', { baseline: 'gone' })).error?.message).toContain('gone');
    expect((await ask('stop', null)).error?.message).toBe('not here');
    expect(posted.filter(({ type }) => type === 'reply')).toHaveLength(6);
  });

  it('offers those evaluations that answered the same examples', async () => {
    const own = writeEvaluation({ folder, id: newId(), samples: 10 });
    const few = writeEvaluation({ folder, id: newId(), samples: 4 });
    const all = writeEvaluation({ folder, id: newId(), samples: 20 });
    const other = writeEvaluation({ folder, id: newId(), samples: 10 });
    const elsewhere = {
      ...other,
      plan: { ...other.plan, data: { ...other.plan.data, sha256: 'x' } },
    };
    const { ask } = open(own, [few, all, elsewhere]);
    const offered = (await ask('ready', null)).value!.comparables.map(({ id }) => id);
    expect(offered).toEqual([all.plan.id, few.plan.id]);
  });

  it('compares two with the flips that there are', async () => {
    const own = writeEvaluation({ folder, id: newId(), samples: 60, skill: 0.7, seed: 1 });
    const base = writeEvaluation({ folder, id: newId(), samples: 40, skill: 0.2, seed: 2 });
    const { ask } = open(own, [base]);
    const facts = (await ask('compare', { baseline: base.plan.id })).value!;
    const isRight = ({ samples }: Written, index: number) => samples[index]!.exact!.isRight;
    const both = base.samples.map(({ index }) => index);
    expect(facts.paired).toBe(40);
    expect(facts.wrongToRight).toEqual(both.filter(i => isRight(own, i) && !isRight(base, i)));
    expect(facts.rightToWrong).toEqual(both.filter(i => !isRight(own, i) && isRight(base, i)));
    expect(facts.verdict).toBe('better');
    const detail = (await ask('sample', { index: 3 })).value!;
    expect(detail.baseline?.output).toBe(base.samples[3]!.output);
    expect((await ask('sample', { index: 50 })).value!.baseline).toBeNull();
  });

  it('compares once more when one that was running is over', async () => {
    const wanted = { folder, samples: 40, skill: 0.7, seed: 1 };
    const own = writeEvaluation({ ...wanted, id: newId(), stoppedAt: 5 });
    const whole = writeEvaluation({ ...wanted, id: newId() });
    const base = writeEvaluation({ folder, id: newId(), samples: 40, skill: 0.2, seed: 2 });
    const { session, ask, posted } = open(own, [base]);
    await ask('ready', null);
    expect((await ask('compare', { baseline: base.plan.id })).value!.paired).toBe(5);
    for (const name of [evaluationFiles.samples, evaluationFiles.report])
      copyFileSync(join(whole.dir, name), join(own.dir, name));
    await session.follow();
    expect(posted.filter(({ type }) => type === 'shown')).toHaveLength(1);
    expect((await ask('ready', null)).value!.baseline?.paired).toBe(40);
    await session.follow();
    expect(posted.filter(({ type }) => type === 'shown')).toHaveLength(1);
  });

  it('tells nothing to a view that is out of sight', async () => {
    const own = writeEvaluation({ folder, id: newId(), samples: 8, stoppedAt: 2 });
    const { session, ask, posted } = open(own);
    await ask('ready', null);
    session.pause();
    appendFileSync(join(own.dir, evaluationFiles.samples), line(sampleOf(2, 1, 1)));
    await session.follow();
    expect(posted.filter(({ type }) => type === 'facts')).toEqual([]);
    session.resume();
    expect(posted.at(-1)).toEqual({ type: 'shown' });
    await ask('ready', null);
    appendFileSync(join(own.dir, evaluationFiles.samples), line(sampleOf(3, 1, 1)));
    await session.follow();
    await session.follow();
    expect(posted.filter(({ type }) => type === 'facts')).toHaveLength(1);
  });
});

describe('what a view may ask for', () => {
  const ok = (request: string, params: unknown) => ({ id: 1, request, params });
  it.each([
    ok('ready', null),
    ok('rows', { from: 0, count: 2000 }),
    ok('search', { words: 'a b' }),
    ok('compare', { baseline: null }),
    ok('runAgain', { indices: [1, 2] }),
    ok('export', { kind: 'csv' }),
  ])('is %j', message => {
    expect(parseRequest(message)).toEqual(message);
  });

  it.each([
    null,
    'ready',
    ok('delete', null),
    ok('ready', {}),
    ok('rows', { from: -1, count: 1 }),
    ok('rows', { from: 0, count: 1_000_000 }),
    ok('sample', { index: 1.5 }),
    ok('runAgain', { indices: [] }),
    ok('export', { kind: 'exe' }),
    ok('openText', { index: 1, what: 'plan' }),
    ok('search', { words: 'x'.repeat(2_000_000) }),
  ])('is not %#', message => {
    expect(parseRequest(message)).toBeUndefined();
  });
});
