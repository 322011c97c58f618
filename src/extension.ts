/** What the extension is made of. Composition only: each feature registers itself. */
import type * as vscode from 'vscode';
import { registerAdapter } from './host/adapter/registerAdapter';
import { ConfigFiles } from './host/configFiles';
import { registerCacheStudy } from './host/cacheStudy/registerCacheStudy';
import { registerConfig } from './host/config/registerConfig';
import { registerCurves } from './host/curves/registerCurves';
import { registerData } from './host/data/registerData';
import { type Devices, registerDevices } from './host/devices/registerDevices';
import { registerDiff } from './host/diff/registerDiff';
import { registerLabels } from './host/labels/registerLabels';
import { type Engine, SupervisedEngine } from './host/engine';
import { KnownEvaluations } from './host/evaluation/knownEvaluations';
import { type EvaluationFeature, registerEvaluation } from './host/evaluation/registerEvaluation';
import type { EvaluationStore } from './host/evaluationStore';
import { createLauncher } from './host/launcher';
import { log } from './host/log';
import type { ModelTree } from './host/models/modelTree';
import { registerModels } from './host/models/registerModels';
import { chosenPython } from './host/python';
import { registerRuns } from './host/runs/registerRuns';
import type { RunStore } from './host/runs/runStore';
import { WorkspaceRuns } from './host/runs/workspaceRuns';
import { modelChooser, registerSandbox } from './host/sandbox/registerSandbox';
import { registerTasks } from './host/tasks/registerTasks';
import { registerTensors } from './host/tensors/registerTensors';
import { registerTraining } from './host/training/registerTraining';

/** What other extensions, and the tests, may look at. */
export interface Weightroom {
  readonly runs: RunStore;
  readonly engine: Engine;
  readonly devices: Devices['tree'];
  readonly evaluations: EvaluationStore;
  readonly evaluationTests: EvaluationFeature['tests'];
  readonly models: Pick<ModelTree, 'groups' | 'getTreeItem' | 'summaryOf'>;
}

export function activate(context: vscode.ExtensionContext): Weightroom {
  const launcher = createLauncher(context);
  const runs = new WorkspaceRuns();
  const configs = new ConfigFiles();
  const engine = new SupervisedEngine({
    fork: () => launcher.forkEngine(),
    log: text => log.warn(text),
    python: chosenPython,
  });
  const devices = registerDevices(context, configs, launcher);
  const models = registerModels(context, runs, launcher);
  const evaluations = new KnownEvaluations(runs, launcher);
  const evaluation = registerEvaluation(context, {
    store: evaluations,
    configs,
    launcher,
    chooseModel: modelChooser(runs),
  });
  context.subscriptions.push(
    log,
    runs,
    configs,
    evaluations,
    registerRuns(runs, launcher, evaluations),
    registerCurves(context, runs),
    registerConfig(runs, configs),
    registerTraining(context, runs, configs, launcher),
    registerData(configs, launcher),
    registerLabels(context, configs, launcher),
    registerTasks(configs, launcher),
    registerTensors(context),
    registerCacheStudy(context, configs, launcher),
    engine,
    registerSandbox(context, runs, engine),
    registerDiff(context, runs, launcher),
    registerAdapter(context, models.adapters),
    devices,
    models,
    evaluation,
  );
  return {
    runs,
    engine,
    devices: devices.tree,
    models: models.tree,
    evaluations,
    evaluationTests: evaluation.tests,
  };
}
