/**
 * Every command of the extension with the function it is. `package.json` contributes exactly these;
 * a test compares. Knows nothing of what the commands do.
 */
import * as vscode from 'vscode';
import { reportFailure } from './failure';

/** A run's id, or the tree item that stands for it; without one, the user is asked. */
export type RunTarget = string | { readonly runId: string };
/** A config file; without one, the active editor's or the user's choice. */
export type ConfigTarget = vscode.Uri;
/** A token bin or a config, or the tree item that stands for data and for the config it is of. */
export type DataTarget =
  vscode.Uri | { readonly uri: vscode.Uri; readonly config?: vscode.Uri | undefined };

/** A model's folder, or the tree item that stands for it; without one, the user is asked. */
export type ModelTarget = vscode.Uri | { readonly uri: vscode.Uri };

/** An adapter's folder, a tree item that stands for it, or a checkpoint of the tree of runs. */
export type AdapterTarget = ModelTarget | { readonly runId: string; readonly path: string };

/**
 * A folder with a model or an adapter, or a file in one; a run, whose best checkpoint is taken, or a
 * checkpoint of the tree; or a folder with a name of its own.
 */
export type SandboxTarget =
  | vscode.Uri
  | { readonly uri: vscode.Uri }
  | string
  | { readonly runId: string; readonly path?: string }
  /** With a prompt, it is put there in the place of the one that is. */
  | { readonly dir: string; readonly name?: string; readonly prompt?: string };

/** An evaluation's id, or the row of the runs' tree or of the Test Explorer that stands for it. */
export type EvaluationTarget =
  string | { readonly evaluationId: string } | { readonly id: string; readonly label: string };

/** A file with the trace of an agent, or a sample of an evaluation that an agent answered. */
export type TraceTarget = vscode.Uri | { readonly dir: string; readonly index: number };

/** A study's folder; without one the newest of the window. */
export type StudyTarget = vscode.Uri;

/**
 * Weights of any kind: a file or a folder, a tree item that stands for one, a run, whose best
 * checkpoint is taken, or a checkpoint of the tree.
 */
export type DiffTarget =
  | vscode.Uri
  | { readonly uri: vscode.Uri }
  | string
  | { readonly runId: string; readonly path?: string };

export interface Commands {
  /** Runs the cache study of a config in a terminal and shows what it found. */
  'weightroom.cacheStudy.run': (config?: ConfigTarget) => Promise<void>;
  'weightroom.cacheStudy.open': (study?: StudyTarget) => Promise<void>;
  /** Makes a config from a template and opens it. */
  'weightroom.config.new': () => Promise<vscode.Uri | undefined>;
  /** Shows what training would do, before anything starts. */
  'weightroom.config.plan': (config?: ConfigTarget) => Promise<void>;
  /** Starts a run; its id. */
  'weightroom.config.train': (config?: ConfigTarget) => Promise<string | undefined>;
  /** Makes the demo config and data in the workspace and trains it; the run's id. */
  'weightroom.demo.train': () => Promise<string | undefined>;
  'weightroom.curves.open': (run?: RunTarget) => Promise<void>;
  /** Shows the sandbox, with a model when one is named: in the place of the last one. */
  'weightroom.sandbox.open': (model?: SandboxTarget) => Promise<void>;
  /** Adds models beside those that are there; the second argument is a tree's whole selection. */
  'weightroom.sandbox.compare': (
    model?: SandboxTarget,
    selected?: SandboxTarget[],
  ) => Promise<void>;
  /** Compares two models' weights: of a selection, or one that is named with one that is chosen. */
  'weightroom.diff.open': (left?: DiffTarget, selected?: readonly DiffTarget[]) => Promise<void>;
  'weightroom.run.stop': (run?: RunTarget) => Promise<void>;
  /** Evaluates once more, so that the best checkpoint is known, then stops. */
  'weightroom.run.stopKeepBest': (run?: RunTarget) => Promise<void>;
  'weightroom.run.resume': (run?: RunTarget) => Promise<void>;
  /** Asks a live run for a checkpoint after its present step. */
  'weightroom.run.checkpoint': (run?: RunTarget) => Promise<void>;
  'weightroom.run.openConfig': (run?: RunTarget) => Promise<void>;
  'weightroom.run.openLog': (run?: RunTarget) => Promise<void>;
  /** Copies the config beside the one the run came from; the copy. */
  'weightroom.run.duplicateConfig': (run?: RunTarget) => Promise<vscode.Uri | undefined>;
  /** Two runs' configs in the diff editor; the second argument is the tree's whole selection. */
  'weightroom.run.compareConfigs': (run?: RunTarget, selected?: RunTarget[]) => Promise<void>;
  'weightroom.run.reveal': (run?: RunTarget) => Promise<void>;
  'weightroom.run.copyId': (run?: RunTarget) => Promise<void>;
  /** After a modal question; true when the run is gone. */
  'weightroom.run.delete': (run?: RunTarget, selected?: RunTarget[]) => Promise<boolean>;
  /** What can be done with the runs that train now. */
  'weightroom.run.showActions': () => Promise<void>;
  /** Follows another folder of runs. */
  'weightroom.runs.open': () => Promise<void>;
  'weightroom.runs.refresh': () => Promise<void>;
  'weightroom.data.refresh': () => Promise<void>;
  'weightroom.data.openAsText': (data?: DataTarget) => Promise<void>;
  /** Shows another page of an open token bin: a page number, or ask. */
  'weightroom.data.goToPage': (page?: number) => Promise<void>;
  /** Tokenizes the data of a config. */
  'weightroom.data.prepare': (data?: DataTarget) => Promise<void>;
  /** Shows which tokens of a config's examples would be trained. */
  'weightroom.data.previewLabels': (data?: DataTarget) => Promise<void>;
  /** Which tensor becomes which parameter, as a page. */
  'weightroom.model.showReport': (model?: ModelTarget) => Promise<void>;
  'weightroom.model.openWeights': (model?: ModelTarget) => Promise<void>;
  'weightroom.model.reveal': (model?: ModelTarget) => Promise<void>;
  'weightroom.model.copyPath': (model?: ModelTarget) => Promise<void>;
  /** Makes a config that trains an adapter over the model, and opens it. */
  'weightroom.model.fineTune': (model?: ModelTarget) => Promise<vscode.Uri | undefined>;
  /** Merges an adapter into its base and says whether both are the same model; the merged folder. */
  'weightroom.model.merge': (adapter?: AdapterTarget) => Promise<vscode.Uri | undefined>;
  /** Shows what adapters change; the second argument is a tree's whole selection. */
  'weightroom.adapter.inspect': (
    adapter?: AdapterTarget,
    selected?: readonly AdapterTarget[],
  ) => Promise<void>;
  /** Deletes from the hub's cache, after a modal question; true when it is gone. */
  'weightroom.model.delete': (model?: ModelTarget, selected?: ModelTarget[]) => Promise<boolean>;
  'weightroom.models.refresh': () => Promise<void>;
  /** Downloads a model by its name, or after a search; its folder. */
  'weightroom.hub.download': (id?: string) => Promise<vscode.Uri | undefined>;
  /** Goes on with a download that was cut off; the model's folder. */
  'weightroom.hub.resume': (model?: ModelTarget) => Promise<vscode.Uri | undefined>;
  /** Sends a model or adapter to the hub, after a modal question; its address there. */
  'weightroom.hub.push': (model?: ModelTarget) => Promise<string | undefined>;
  /** Asks for an access token; whether the hub knows it. */
  'weightroom.hub.signIn': () => Promise<boolean>;
  'weightroom.hub.signOut': () => Promise<void>;
  /** Evaluates as a config says and shows the report; the evaluation's id. */
  'weightroom.config.evaluate': (config?: ConfigTarget) => Promise<string | undefined>;
  'weightroom.evaluation.open': (evaluation?: EvaluationTarget) => Promise<void>;
  /** Shows a report against another one; the second argument is the tree's whole selection. */
  'weightroom.evaluation.compare': (
    evaluation?: EvaluationTarget,
    selected?: EvaluationTarget[],
  ) => Promise<void>;
  /** What it has answered stays, and it can be resumed. */
  'weightroom.evaluation.stop': (evaluation?: EvaluationTarget) => Promise<void>;
  'weightroom.evaluation.resume': (evaluation?: EvaluationTarget) => Promise<void>;
  /** Has an agent work on a question, and shows its steps. */
  'weightroom.agent.ask': (question?: string) => Promise<void>;
  'weightroom.agent.openTrace': (trace?: TraceTarget) => Promise<void>;
  /** Shows what a config fills a device's memory banks with; without one, the active editor's. */
  'weightroom.memory.plan': (config?: ConfigTarget) => Promise<void>;
  /** Says why a device ran out of memory; without its words, the user is asked. */
  'weightroom.memory.explain': (text?: string) => Promise<void>;
  /** Shows which weight becomes which tensor of a device: of a model, or of the one a config names. */
  'weightroom.device.checkLoad': (model?: ModelTarget) => Promise<void>;
  'weightroom.devices.refresh': () => Promise<void>;
  'weightroom.trust.manage': () => Promise<void>;
}

export type CommandId = keyof Commands;
type Result<K extends CommandId> = Awaited<ReturnType<Commands[K]>>;

/** A failure of `action` is told to the user, never lost; the command's result is then undefined. */
export function register<K extends CommandId>(id: K, action: Commands[K]): vscode.Disposable {
  return vscode.commands.registerCommand(id, async (...args: Parameters<Commands[K]>) => {
    try {
      return await (action as (...args: unknown[]) => Promise<unknown>)(...args);
    } catch (error) {
      reportFailure(error);
      return undefined;
    }
  });
}

/** Runs a command; undefined when it failed, which the user has been told. */
export const execute = <K extends CommandId>(
  id: K,
  ...args: Parameters<Commands[K]>
): Thenable<Result<K> | undefined> => vscode.commands.executeCommand(id, ...args);

/** A command with its arguments, for lenses, tree items and links. */
export const commandWith = <K extends CommandId>(
  title: string,
  id: K,
  ...args: Parameters<Commands[K]>
): vscode.Command => ({ title, command: id, arguments: args });
