/** From an order to a process, a report that shows it live, and words when it fails. */
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { countText } from '../../curves/numberText';
import { ProblemError } from '../../engine/problem';
import { reportFailure } from '../failure';
import { requireTrust } from '../trust';
import type { EvaluationPanels } from './evaluationPanels';
import type { EvaluationProcess } from './evaluationProcess';
import type { Order } from './evaluationRunner';
import type { KnownEvaluations } from './knownEvaluations';

/**
 * Settles when the evaluation has a folder, and is shown in a report.
 * @param baseline id of the evaluation to show it against
 * @returns its id; undefined when it ended before it began, which the user is told
 */
export async function startEvaluation(
  order: Order,
  store: KnownEvaluations,
  panels: EvaluationPanels,
  baseline?: string,
): Promise<string | undefined> {
  requireTrust();
  const started = await store.runner.start(order);
  void tell(started);
  const dir = await started.dir.catch(() => undefined);
  if (dir === undefined) return undefined;
  await store.refresh();
  await panels.open(dir, baseline);
  return store.evaluations.find(each => each.dir === dir)?.id;
}

/** In the status bar, while it runs; each view of ours has a Stop. */
async function tell(started: EvaluationProcess): Promise<void> {
  const title = l10n.t('Evaluating');
  const location = vscode.ProgressLocation.Window;
  const how = await vscode.window.withProgress({ location, title }, progress => {
    const follow = started.onProgress(({ done, total }) =>
      progress.report({ message: `${countText(done)}/${countText(total)}` }),
    );
    return started.end.finally(() => follow.dispose());
  });
  if (how === 'failed' && started.problem) reportFailure(new ProblemError(started.problem));
}
