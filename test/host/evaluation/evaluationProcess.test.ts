/** The real command line over a small model that was trained, started and stopped as a window does. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeDemoProblems } from '../../../src/engine/data/demoProblems';
import { problemIn } from '../../../src/host/evaluation/commandProblem';
import { EvaluationReader } from '../../../src/host/evaluation/evaluationReader';
import {
  again,
  argumentsOf,
  EvaluationRunner,
  type Order,
} from '../../../src/host/evaluation/evaluationRunner';
import type { EvaluationProgress } from '../../../src/protocol/evaluationView';
import { bundle } from '../../durability/bundle';
import { scratchFolder } from '../../durability/scratchFolder';
import { trainedModels } from '../../webview/trainedModels';

const folder = scratchFolder();
const config = join(folder, 'held-out.yaml');
let cli: string;

beforeAll(() => {
  cli = bundle('src/cli/main.ts');
  const model = join(folder, 'model');
  cpSync(trainedModels().late, model, { recursive: true });
  const problems = makeDemoProblems(99, 24).map(problem => `${JSON.stringify(problem)}\n`);
  writeFileSync(join(folder, 'problems.jsonl'), problems.join(''));
  writeFileSync(
    config,
    'weightroom: 1\nevaluate:\n  model: model\n  data: problems.jsonl\n  batch_size: 2\n  max_new_tokens: 64\n',
  );
}, 300_000);

function runner() {
  const changed: string[] = [];
  const made = new EvaluationRunner(
    {
      startCommand: (args, cwd) =>
        spawn(process.execPath, [cli, ...args], {
          cwd,
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
    },
    dir => changed.push(dir),
  );
  return { runner: made, changed };
}

/** Runs an order to its end. */
async function run(order: Order) {
  const { runner: own, changed } = runner();
  const started = await own.start(order);
  const samples: number[] = [];
  const progress: EvaluationProgress[] = [];
  started.onSample(({ index }) => samples.push(index));
  started.onProgress(now => progress.push(now));
  const how = await started.end;
  const dir = await started.dir.catch(() => undefined);
  return { how, dir, samples, progress, problem: started.problem, own, changed };
}

describe('a process that evaluates', () => {
  it('tells each sample and how far it is, and leaves a report', async () => {
    const { how, dir, samples, progress, own, changed } = await run({
      kind: 'config',
      path: config,
    });
    expect(how).toBe('done');
    expect(samples).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(progress.at(-1)).toMatchObject({ done: 24, total: 24 });
    const reader = new EvaluationReader(dir!);
    await reader.update();
    expect(reader.rows).toHaveLength(24);
    expect(reader.damagedLines).toBe(0);
    expect(reader.report?.samples).toBe(24);
    expect(reader.tokens(0)?.tokens.length).toBeGreaterThan(5);
    expect(reader.plan.configPath).toBe(config);
    expect(own.at(dir!)).toBeUndefined();
    expect(changed).toContain(dir);
  }, 120_000);

  it('answers some examples again, and no other', async () => {
    const { how, samples, dir } = await run({ kind: 'config', path: config, indices: [3, 17] });
    expect(how).toBe('done');
    expect(samples).toEqual([3, 17]);
    const { plan } = new EvaluationReader(dir!);
    expect(argumentsOf(again(dir!, plan, [3]))).toEqual([
      'evaluate',
      config,
      '--only',
      '3',
      '--events',
    ]);
  }, 120_000);

  it('is stopped within a batch, and goes on where it was', async () => {
    const { runner: own } = runner();
    const started = await own.start({ kind: 'config', path: config });
    const dir = await started.dir;
    await new Promise<void>(resolve => started.onSample(() => resolve()));
    expect(own.at(dir)).toBe(started);
    started.stop();
    expect(await started.end).toBe('stopped');
    const stopped = new EvaluationReader(dir);
    await stopped.update();
    expect(stopped.report).toBeUndefined();
    const done = stopped.rows.length;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(24);
    const { how, dir: same } = await run({ kind: 'resume', dir });
    expect(how).toBe('done');
    expect(basename(same!)).toBe(basename(dir));
    await stopped.update();
    expect(stopped.rows.map(({ index }) => index)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(stopped.report?.samples).toBe(24);
  }, 180_000);

  it('that cannot begin says why', async () => {
    const broken = join(folder, 'broken.yaml');
    writeFileSync(broken, 'weightroom: 1\nevaluate:\n  model: nothing-here\n  data: no.jsonl\n');
    const { how, dir, problem } = await run({ kind: 'config', path: broken });
    expect(how).toBe('failed');
    expect(dir).toBeUndefined();
    expect(problem?.code).toMatch(/^[a-z]+\.[a-z-]+$/);
    expect(problem?.message).toMatch(/nothing-here|no\.jsonl/);
    expect(existsSync(join(folder, 'broken'))).toBe(false);
  }, 60_000);
});

describe('last words', () => {
  it.each([
    ['error disk.full: The disk is full.\n  at /a/b\n', 'disk.full', 'The disk is full.'],
    ['warning x.y: Odd.\nerror model.damaged: No.\n', 'model.damaged', 'No.'],
    ['Trace\nSegmentation fault\n', 'evaluation.ended', 'Segmentation fault'],
    ['', 'evaluation.ended', 'The process ended without a word.'],
  ])('%j are a problem', (words, code, message) => {
    expect(problemIn(words)).toMatchObject({ code, message });
  });
});
