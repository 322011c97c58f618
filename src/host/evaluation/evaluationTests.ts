/**
 * Evaluations in the Test Explorer: a config is a test with a sample below it for each example, and
 * a sample that is wrong is a failing test. Knows nothing of how samples are judged.
 */
import { dirname, isAbsolute, resolve } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { flagWords } from '../../curves/scoreText';
import { disk } from '../../engine/files/fileSystem';
import { exists } from '../../engine/files/readFile';
import type { EvaluationPlan, EvaluationSample } from '../../protocol/evaluation';
import type { ConfigFiles } from '../configFiles';
import { reportFailure } from '../failure';
import { requireTrust } from '../trust';
import { evaluateLineOf } from './evaluateLine';
import type { EvaluationProcess } from './evaluationProcess';
import type { KnownEvaluation } from '../evaluationStore';
import { again, type Order } from './evaluationRunner';
import type { KnownEvaluations } from './knownEvaluations';
import {
  configOfTest,
  configTestId,
  folderTestId,
  indexOfTest,
  parentTestId,
  sampleTestId,
} from './testIds';

export const CONTROLLER = 'weightroom.evaluations';

/** Of more samples only the wrong ones are listed. */
const MOST_TESTS = 3000;
/** Evaluations of one config that are looked at for its samples' last results. */
const MOST_LOOKED_AT = 8;
const LABEL_LENGTH = 100;

const loadReader = () => import('./evaluationReader');

/** What the last evaluations of a config found, sample by sample. */
interface Outcomes {
  readonly plan: EvaluationPlan;
  readonly samples: readonly EvaluationSample[];
}

export class EvaluationTests implements vscode.Disposable {
  readonly controller: vscode.TestController;
  readonly #subscriptions: vscode.Disposable;
  /** What was last told of each root, so that the same is not told again. */
  readonly #told = new Map<string, string>();
  readonly #running = new Set<string>();
  #isResolved = false;
  #updating: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: KnownEvaluations,
    private readonly configs: ConfigFiles,
  ) {
    this.controller = vscode.tests.createTestController(
      CONTROLLER,
      l10n.t('Weightroom evaluations'),
    );
    this.controller.resolveHandler = item => this.#resolve(item);
    this.controller.refreshHandler = async () => {
      await this.store.refresh();
      await this.#resolve(undefined);
    };
    const profile = this.controller.createRunProfile(
      l10n.t('Evaluate'),
      vscode.TestRunProfileKind.Run,
      (request, token) => this.run(request, token),
      true,
    );
    this.#subscriptions = vscode.Disposable.from(
      this.controller,
      profile,
      store.onDidChange(() => this.#updateSoon()),
      configs.onDidChange(() => this.#updateSoon()),
    );
  }

  dispose(): void {
    this.#subscriptions.dispose();
  }

  /** Evaluates what was asked for; settles when it is over. */
  async run(request: vscode.TestRunRequest, token: vscode.CancellationToken): Promise<void> {
    const run = this.controller.createTestRun(request);
    try {
      requireTrust();
      for (const [root, indices] of this.#wanted(request)) {
        if (token.isCancellationRequested) break;
        await this.#evaluate(run, root, indices, token);
      }
    } catch (error) {
      reportFailure(error);
      run.appendOutput(`${error instanceof Error ? error.message : String(error)}\r\n`);
    } finally {
      run.end();
    }
  }

  async #resolve(item: vscode.TestItem | undefined): Promise<void> {
    if (item) return this.#showOutcomes(item);
    if (!this.#isResolved) await this.store.refresh();
    this.#isResolved = true;
    await this.#findRoots();
  }

  #updateSoon(): void {
    if (!this.#isResolved) return;
    this.#updating = this.#updating
      .then(() => this.#findRoots())
      .catch((error: unknown) => reportFailure(error));
  }

  async #findRoots(): Promise<void> {
    const { items } = this.controller;
    const found = new Set<string>();
    for (const uri of await this.configs.list()) {
      const line = evaluateLineOf(await textOf(uri));
      if (!line) continue;
      const id = configTestId(uri.fsPath);
      found.add(id);
      const item = items.get(id) ?? this.controller.createTestItem(id, nameOf(uri), uri);
      item.range = new vscode.Range(line.line, 0, line.line, line.length);
      this.#describe(item);
      items.add(item);
    }
    for (const { dir, plan } of this.store.evaluations) {
      if (plan.configPath !== null && found.has(configTestId(plan.configPath))) continue;
      const id = folderTestId(dir);
      found.add(id);
      const label = `${plan.name}, ${plan.model.name}`;
      const item = items.get(id) ?? this.controller.createTestItem(id, label);
      this.#describe(item);
      items.add(item);
    }
    items.forEach(({ id }) => {
      if (!found.has(id)) items.delete(id);
    });
    for (const id of found) await this.#showOutcomes(items.get(id)!);
  }

  #describe(item: vscode.TestItem): void {
    const last = this.#evaluationsOf(item.id)[0];
    item.description = last?.description ?? l10n.t('not evaluated yet');
    item.canResolveChildren = last !== undefined;
  }

  /** Newest first. */
  #evaluationsOf(id: string): KnownEvaluation[] {
    const config = configOfTest(id);
    return this.store.evaluations.filter(({ dir, plan }) =>
      config === undefined ? folderTestId(dir) === parentTestId(id) : plan.configPath === config,
    );
  }

  /** What is on the disk, told once: how it got there does not matter. */
  async #showOutcomes(root: vscode.TestItem): Promise<void> {
    if (indexOfTest(root.id) !== undefined || this.#running.has(root.id)) return;
    const known = this.#evaluationsOf(root.id).filter(({ state }) => state !== 'running');
    const key = known.map(({ id, state }) => `${id} ${state}`).join('\n');
    if (known.length === 0 || this.#told.get(root.id) === key) return;
    this.#told.set(root.id, key);
    const outcomes = await outcomesOf(known);
    if (!outcomes || this.#running.has(root.id)) return;
    const isAll = outcomes.samples.length <= MOST_TESTS;
    const shown = isAll
      ? outcomes.samples
      : outcomes.samples.filter(({ exact }) => exact?.isRight === false).slice(0, MOST_TESTS);
    const children = shown.map(sample => this.#itemOf(root, outcomes.plan, sample));
    root.children.replace(children);
    const run = this.controller.createTestRun(
      new vscode.TestRunRequest(children),
      known[0]!.id,
      false,
    );
    for (const [i, sample] of shown.entries()) tell(run, children[i]!, sample);
    run.end();
  }

  #itemOf(root: vscode.TestItem, plan: EvaluationPlan, sample: EvaluationSample): vscode.TestItem {
    const id = sampleTestId(root.id, sample.index);
    const known = root.children.get(id);
    if (known) return known;
    const uri = dataUriOf(plan);
    const item = this.controller.createTestItem(id, labelOf(sample), uri);
    item.sortText = String(sample.index).padStart(9, '0');
    if (uri && sample.line !== null)
      item.range = new vscode.Range(sample.line - 1, 0, sample.line - 1, 0);
    root.children.add(item);
    return item;
  }

  /** Per root, the examples that were asked for; all of them where undefined. */
  #wanted(request: vscode.TestRunRequest): Map<vscode.TestItem, number[] | undefined> {
    const roots: vscode.TestItem[] = [];
    this.controller.items.forEach(item => roots.push(item));
    const excluded = new Set((request.exclude ?? []).map(({ id }) => id));
    const wanted = new Map<vscode.TestItem, number[] | undefined>();
    for (const root of roots) {
      if (excluded.has(root.id)) continue;
      const asked = request.include ?? roots;
      const isWhole = asked.some(({ id }) => id === root.id);
      const chosen: number[] = [];
      let isLess = false;
      root.children.forEach(child => {
        const isAsked = isWhole || asked.some(({ id }) => id === child.id);
        if (isAsked && !excluded.has(child.id)) chosen.push(indexOfTest(child.id)!);
        else isLess = true;
      });
      if (isWhole && !isLess) wanted.set(root, undefined);
      else if (chosen.length > 0) wanted.set(root, chosen);
    }
    return wanted;
  }

  async #evaluate(
    run: vscode.TestRun,
    root: vscode.TestItem,
    indices: readonly number[] | undefined,
    token: vscode.CancellationToken,
  ): Promise<void> {
    const order = this.#orderOf(root, indices);
    const asked = indices?.map(index => root.children.get(sampleTestId(root.id, index)));
    for (const item of asked ?? [root]) if (item) run.enqueued(item);
    this.#running.add(root.id);
    const started = await this.store.runner.start(order);
    const cancel = token.onCancellationRequested(() => started.stop());
    if (token.isCancellationRequested) started.stop();
    const follow = this.#follow(run, root, started);
    try {
      const how = await started.end;
      await follow.settled();
      if (how === 'failed') {
        const message = started.problem?.message ?? l10n.t('The evaluation failed.');
        run.errored(root, new vscode.TestMessage(message));
        run.appendOutput(`${message}\r\n`);
      } else if (how === 'stopped') run.appendOutput(`${l10n.t('Stopped.')}\r\n`);
    } finally {
      cancel.dispose();
      follow.dispose();
      // Before anybody else may tell what this has told already.
      await this.store.refresh();
      this.#toldBy(root);
      this.#running.delete(root.id);
    }
  }

  #orderOf(root: vscode.TestItem, indices: readonly number[] | undefined): Order {
    const path = configOfTest(root.id);
    if (path !== undefined) return { kind: 'config', path, ...(indices && { indices }) };
    const last = this.#evaluationsOf(root.id)[0];
    if (!last) throw new Error(l10n.t('There is no evaluation of {0} yet.', root.label));
    return again(last.dir, last.plan, indices ?? last.plan.indices);
  }

  #follow(run: vscode.TestRun, root: vscode.TestItem, started: EvaluationProcess) {
    const planOf = started.dir.then(async dir => {
      const { EvaluationReader } = await loadReader();
      return new EvaluationReader(dir).plan;
    });
    planOf.catch(() => undefined); // told by the process's end
    let order = Promise.resolve();
    const samples = started.onSample(sample => {
      order = order
        .then(async () => tell(run, this.#itemOf(root, await planOf, sample), sample))
        .catch(() => undefined);
    });
    let phase = '';
    const progress = started.onProgress(now => {
      root.description = `${now.done}/${now.total}`;
      if (now.phase === phase) return;
      phase = now.phase;
      run.appendOutput(`${phase}: ${now.done}/${now.total}\r\n`);
    });
    return {
      settled: () => order,
      dispose() {
        samples.dispose();
        progress.dispose();
      },
    };
  }

  /** The run has told everything itself. */
  #toldBy(root: vscode.TestItem): void {
    const known = this.#evaluationsOf(root.id);
    this.#told.set(root.id, known.map(({ id, state }) => `${id} ${state}`).join('\n'));
    this.#describe(root);
  }
}

async function textOf(uri: vscode.Uri): Promise<string> {
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  } catch {
    return ''; // it went while we looked
  }
}

const nameOf = (uri: vscode.Uri): string => vscode.workspace.asRelativePath(uri);

/** Of each example, what its newest evaluation found. */
async function outcomesOf(known: readonly KnownEvaluation[]): Promise<Outcomes | undefined> {
  const { EvaluationReader } = await loadReader();
  const [newest] = known;
  if (!newest) return undefined;
  const samples = new Map<number, EvaluationSample>();
  const sameData = known.filter(({ plan }) => plan.data.sha256 === newest.plan.data.sha256);
  for (const { dir } of sameData.slice(0, MOST_LOOKED_AT)) {
    const reader = new EvaluationReader(dir);
    await reader.update();
    for (const { index } of reader.rows)
      if (!samples.has(index)) samples.set(index, reader.sample(index));
    if (samples.size >= newest.plan.data.examples) break;
  }
  const sorted = [...samples.values()].sort((a, b) => a.index - b.index);
  return { plan: newest.plan, samples: sorted };
}

const labelOf = ({ index, question }: EvaluationSample): string =>
  `${index} ${question.slice(0, LABEL_LENGTH).replace(/\s+/g, ' ')}`;

function dataUriOf({ data, configPath }: EvaluationPlan): vscode.Uri | undefined {
  const path = isAbsolute(data.path)
    ? data.path
    : configPath === null
      ? undefined
      : resolve(dirname(configPath), data.path);
  return path !== undefined && exists(disk, path) ? vscode.Uri.file(path) : undefined;
}

/** A sample without a judgement has passed by being there. */
function tell(run: vscode.TestRun, item: vscode.TestItem, sample: EvaluationSample): void {
  if (sample.exact?.isRight !== false) return run.passed(item);
  const message = vscode.TestMessage.diff(wordsOf(sample), sample.reference, sample.output);
  if (item.uri && item.range) message.location = new vscode.Location(item.uri, item.range);
  run.failed(item, message);
}

/** "Expected 36, found 41; arithmetic error" */
function wordsOf({ expected, exact, flags }: EvaluationSample): string {
  const verdict = l10n.t(
    'Expected {0}, found {1}',
    expected ?? l10n.t('nothing'),
    exact?.answer ?? l10n.t('nothing'),
  );
  const marks = flags.filter(flag => flag !== 'wrong' && flag !== 'no-answer');
  return [verdict, ...marks.map(flag => flagWords[flag])].join('; ');
}
