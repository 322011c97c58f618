/** The evaluation feature: reports, lenses, commands, the Test Explorer, agents. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { chooseConfig } from '../chooseConfig';
import { register } from '../commands';
import type { ConfigFiles } from '../configFiles';
import type { Launcher } from '../launcher';
import { requireDisk, requireTrust } from '../trust';
import type { ChooseModel } from './agents/askAgent';
import { registerAgents } from './agents/registerAgents';
import { chooseEvaluation } from './chooseEvaluation';
import { EvaluationLenses } from './evaluationLenses';
import { EvaluationPanels } from './evaluationPanels';
import { evaluationPorts } from './evaluationPorts';
import type { Order } from './evaluationRunner';
import { EvaluationTests } from './evaluationTests';
import type { KnownEvaluations } from './knownEvaluations';
import { startEvaluation } from './startEvaluation';

type Start = (order: Order, baseline?: string) => Promise<string | undefined>;

export interface EvaluationParts {
  readonly store: KnownEvaluations;
  readonly configs: ConfigFiles;
  readonly launcher: Launcher;
  readonly chooseModel: ChooseModel;
}

export interface EvaluationFeature extends vscode.Disposable {
  readonly tests: EvaluationTests;
}

export function registerEvaluation(
  context: vscode.ExtensionContext,
  { store, configs, launcher, chooseModel }: EvaluationParts,
): EvaluationFeature {
  const start: Start = (order, baseline) => startEvaluation(order, store, panels, baseline);
  const panels: EvaluationPanels = new EvaluationPanels(
    context.extensionUri,
    store,
    evaluationPorts(store, start),
  );
  const lenses = new EvaluationLenses(store);
  const tests = new EvaluationTests(store, configs);
  const subscriptions = vscode.Disposable.from(
    panels,
    lenses,
    tests,
    vscode.languages.registerCodeLensProvider({ language: 'yaml' }, lenses),
    vscode.workspace.onDidGrantWorkspaceTrust(() => panels.follow()),
    registerAgents(context, { store, launcher, chooseModel }),
    register('weightroom.config.evaluate', async target => {
      requireTrust();
      const config = await chooseConfig(configs, target, l10n.t('Evaluate which config?'));
      if (!config) return undefined;
      const path = requireDisk(config);
      await saved(config);
      return start({ kind: 'config', path });
    }),
    register('weightroom.evaluation.open', async target => {
      const title = l10n.t('Open which report?');
      const chosen = await chooseEvaluation(store, target, { title });
      if (chosen) await panels.open(chosen.dir);
    }),
    register('weightroom.evaluation.compare', async (target, selected) => {
      const [first, second] = selected && selected.length > 1 ? selected : [target];
      const own = await chooseEvaluation(store, first, { title: l10n.t('Compare which one?') });
      if (!own) return;
      const baseline = await chooseEvaluation(store, second, {
        title: l10n.t('Compare {0} with which one?', own.plan.name),
        accepts: ({ id, plan }) => id !== own.id && plan.data.sha256 === own.plan.data.sha256,
        none: l10n.t('There is no other evaluation of these examples.'),
      });
      if (baseline) await panels.open(own.dir, baseline.id);
    }),
    register('weightroom.evaluation.stop', async target => {
      const running = store.evaluations.filter(({ state }) => state === 'running');
      const only = running.length === 1 ? running[0]?.id : undefined;
      const chosen = await chooseEvaluation(store, target ?? only, {
        title: l10n.t('Stop which evaluation?'),
        accepts: ({ state }) => state === 'running',
        none: l10n.t('Nothing is being evaluated.'),
      });
      if (!chosen) return;
      requireTrust();
      store.runner.at(chosen.dir)?.stop();
    }),
    register('weightroom.evaluation.resume', async target => {
      requireTrust();
      const chosen = await chooseEvaluation(store, target, {
        title: l10n.t('Resume which evaluation?'),
        accepts: ({ state }) => state === 'stopped',
        none: l10n.t('There is no evaluation to resume.'),
      });
      if (!chosen) return;
      if (chosen.state === 'running')
        throw new Error(l10n.t('{0} is running already.', chosen.plan.name));
      await start({ kind: 'resume', dir: chosen.dir });
    }),
  );
  return { tests, dispose: () => void subscriptions.dispose() };
}

async function saved(config: vscode.Uri): Promise<void> {
  const document = await vscode.workspace.openTextDocument(config);
  if (document.isDirty && !(await document.save()))
    throw new Error(l10n.t('{0} could not be saved.', document.fileName));
}
