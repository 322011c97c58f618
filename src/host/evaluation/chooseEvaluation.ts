/** From what a command was given, or from the user, to an evaluation. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { EvaluationTarget } from '../commands';
import type { EvaluationStore, KnownEvaluation } from '../evaluationStore';
import { configOfTest } from './testIds';

export interface EvaluationChoice {
  /** "Open which report?" */
  title: string;
  accepts?: (evaluation: KnownEvaluation) => boolean;
  /** Said when there is none of them. */
  none?: string;
}

/** Undefined when the user chose none, or there is none, which is then said. */
export async function chooseEvaluation(
  store: EvaluationStore,
  target: EvaluationTarget | undefined,
  { title, accepts = () => true, none }: EvaluationChoice,
): Promise<KnownEvaluation | undefined> {
  await store.refresh();
  if (target !== undefined) return required(store, target);
  const candidates = store.evaluations.filter(accepts);
  if (candidates.length === 0) {
    void vscode.window.showInformationMessage(
      none ?? l10n.t('There are no evaluations yet. A config with “evaluate:” can be evaluated.'),
    );
    return undefined;
  }
  const items = candidates.map(evaluation => ({
    label: evaluation.plan.name,
    description: evaluation.description,
    detail: `${evaluation.plan.model.name} · ${evaluation.id}`,
    evaluation,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  return chosen?.evaluation;
}

function required(store: EvaluationStore, target: EvaluationTarget): KnownEvaluation {
  const found =
    typeof target === 'string'
      ? store.get(target)
      : 'evaluationId' in target
        ? store.get(target.evaluationId)
        : ofTest(store, target.id);
  if (found) return found;
  const name =
    typeof target === 'string'
      ? target
      : 'evaluationId' in target
        ? target.evaluationId
        : target.label;
  throw new Error(l10n.t('There is no evaluation of {0} yet.', name));
}

/** The newest that the row of the Test Explorer is about. */
function ofTest(store: EvaluationStore, id: string): KnownEvaluation | undefined {
  const config = configOfTest(id);
  return config === undefined
    ? store.evaluations.find(({ dir }) => id.startsWith(`folder:${dir}`))
    : store.evaluations.find(({ plan }) => plan.configPath === config);
}
