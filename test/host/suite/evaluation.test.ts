import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { makeDemoProblems } from '../../../src/engine/data/demoProblems';
import type { Weightroom } from '../../../src/extension';
import type { KnownEvaluation } from '../../../src/host/evaluationStore';
import { RunTree } from '../../../src/host/runs/runTree';
import { activate, extension, inWorkspace, remove, until, writeText } from './scene';

const folder = inWorkspace('evaluation-suite');
const config = vscode.Uri.file(join(folder, 'sums.yaml'));
const SAMPLES = 12;
const MANY = 40;
let api: Weightroom;
let runId: string;
let checkpoint: string;

/** Learns nothing in so few steps: every answer is wrong, which is what a test of failures wants. */
const configText = (model: string, samples = SAMPLES, tokens = 24) => `weightroom: 1
model: { family: slm, block_size: 128, n_layer: 1, n_head: 2, n_embed: 16 }
data: { train: problems.jsonl, format: gsm8k, tokenizer: bytes }
train: { max_steps: 4, batch_size: 2, save_every: 4 }
evaluate:
  model: ${model}
  data: problems.jsonl
  samples: ${samples}
  batch_size: 2
  max_new_tokens: ${tokens}
  metrics: [exact_match, rouge]
`;

/** What the Test Explorer was told, in the place of VS Code, which tells nobody. */
interface Told {
  readonly outcome: 'passed' | 'failed' | 'errored' | 'enqueued';
  readonly id: string;
  readonly message: vscode.TestMessage | undefined;
}

async function watched(work: () => Promise<void>): Promise<Told[]> {
  const { controller } = api.evaluationTests;
  const told: Told[] = [];
  const original = controller.createTestRun.bind(controller);
  controller.createTestRun = (...args) => {
    const run = original(...args);
    for (const outcome of ['passed', 'failed', 'errored', 'enqueued'] as const) {
      const tell = run[outcome].bind(run) as (item: vscode.TestItem, ...rest: unknown[]) => void;
      Object.assign(run, {
        [outcome]: (item: vscode.TestItem, ...rest: unknown[]) => {
          const [message] = rest as [vscode.TestMessage | undefined];
          told.push({ outcome, id: item.id, message });
          tell(item, ...rest);
        },
      });
    }
    return run;
  };
  try {
    await work();
  } finally {
    controller.createTestRun = original;
  }
  return told;
}

const root = (): vscode.TestItem => {
  const item = api.evaluationTests.controller.items.get(`config:${config.fsPath}`);
  assert(item, 'the config is not in the Test Explorer');
  return item;
};

const newest = (): KnownEvaluation => {
  const [found] = api.evaluations.evaluations;
  assert(found, 'nothing was evaluated');
  return found;
};

const run = (include?: vscode.TestItem[], token?: vscode.CancellationToken) =>
  api.evaluationTests.run(
    new vscode.TestRunRequest(include),
    token ?? new vscode.CancellationTokenSource().token,
  );

async function lenses(): Promise<string[]> {
  await vscode.workspace.openTextDocument(config);
  const found = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    config,
  );
  return found.map(({ command }) => command?.title ?? '');
}

describe('evaluations', function () {
  // A model is trained and asked, on a machine that may do much else.
  this.timeout(300_000);

  before(async () => {
    api = await activate();
    const problems = makeDemoProblems(5, 40).map(problem => `${JSON.stringify(problem)}\n`);
    writeText(join(folder, 'problems.jsonl'), problems.join(''));
    writeText(config.fsPath, configText('latest'));
    const cli = join(extension().extensionPath, 'dist', 'cli.cjs');
    const runs = inWorkspace('runs');
    await promisify(execFile)(process.execPath, [cli, 'train', 'sums.yaml', '--runs', runs], {
      cwd: folder,
    });
    [runId] = readdirSync(runs) as [string];
    checkpoint = join(runs, runId, 'checkpoints', 'step-000004');
    writeText(config.fsPath, configText(checkpoint));
    await api.runs.refresh();
  });
  after(() => {
    remove(folder);
    remove(inWorkspace('runs'));
  });

  it('can be started where a config has a section for them', async () => {
    assert((await lenses()).includes('▷ Evaluate'));
  });

  it('are tests before they have run', async () => {
    await api.evaluationTests.controller.resolveHandler?.(undefined);
    assert.equal(root().description, 'not evaluated yet');
    assert.equal(root().range?.start.line, 4);
  });

  it('run as tests: a wrong sample is a failing test with both texts', async () => {
    const told = await watched(() => run([root()]));
    const failed = told.filter(({ outcome }) => outcome === 'failed');
    const passed = told.filter(({ outcome }) => outcome === 'passed');
    assert.equal(failed.length + passed.length, SAMPLES);
    assert.equal(root().children.size, SAMPLES);
    const { id, message } = failed[0]!;
    const index = Number(id.split('#sample-')[1]);
    const expected = makeDemoProblems(5, 40)[index]!.answer;
    assert.equal(message?.expectedOutput?.trim(), expected.trim());
    assert.equal(typeof message?.actualOutput, 'string');
    assert.match(message?.message as string, /^Expected -?\d+, found /);
    assert.equal(message?.location?.uri.fsPath, join(folder, 'problems.jsonl'));
    assert.equal(message.location.range.start.line, index);
    assert.equal(newest().state, 'done');
    assert.match(String(root().description), /% · 12 samples$/);
  });

  it('run again only those that are asked for', async () => {
    const child = root().children.get(`${root().id}#sample-3`);
    assert(child);
    const told = await watched(() => run([child]));
    assert.deepEqual(
      told.map(({ outcome, id }) => [outcome === 'passed' ? 'failed' : outcome, id]),
      [
        ['enqueued', child.id],
        ['failed', child.id],
      ],
    );
    assert.deepEqual(newest().plan.indices, [3]);
    assert.equal(root().children.size, SAMPLES);
  });

  it('are cancelled, stay resumable, and are then finished', async () => {
    writeText(config.fsPath, configText(checkpoint, MANY, 100)); // not over before it is cancelled
    const source = new vscode.CancellationTokenSource();
    const told = await watched(async () => {
      const running = run([root()], source.token);
      await until(() => api.evaluations.evaluations.some(({ state }) => state === 'running'));
      assert((await lenses()).includes('Stop'));
      source.cancel();
      await running;
    });
    const judged = told.filter(({ outcome }) => outcome === 'failed' || outcome === 'passed');
    assert(judged.length < MANY, `${judged.length} were answered`);
    assert.equal(newest().state, 'stopped');
    const { id } = newest();
    await vscode.commands.executeCommand('weightroom.evaluation.resume', id);
    await until(async () => {
      await api.evaluations.refresh();
      return api.evaluations.get(id)?.state === 'done';
    });
    assert.equal(api.evaluations.get(id)?.report?.samples, MANY);
  });

  it('stand below the run whose model they are of', () => {
    const tree = new RunTree(api.runs, api.evaluations);
    const known = api.runs.get(runId);
    assert(known);
    const rows = tree
      .getChildren(tree.nodeOf(known.id))
      .filter(({ kind }) => kind === 'evaluation')
      .map(node => tree.getTreeItem(node));
    assert.equal(rows.length, 3);
    assert.equal(rows[0]?.contextValue, 'evaluation ended');
    assert.equal(rows[0]?.command?.command, 'weightroom.evaluation.open');
    tree.dispose();
  });

  it('have a report that the lens opens', async () => {
    assert((await lenses()).some(title => title.startsWith('Open report · ')));
    await vscode.commands.executeCommand('weightroom.evaluation.open', newest().id);
    await until(() =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .some(({ label }) => label.endsWith('(evaluation)')),
    );
  });
});
