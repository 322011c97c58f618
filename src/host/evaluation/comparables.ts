/** Which evaluations one can be held against: those that answered some of the same examples. */
import { countText } from '../../curves/numberText';
import type { EvaluationPlan } from '../../protocol/evaluation';
import type { Comparable } from '../../protocol/evaluationView';
import type { KnownEvaluation } from '../evaluationStore';

/** Best fitting first: most examples in common, then newest. */
export function comparablesOf(
  dir: string,
  own: EvaluationPlan,
  known: readonly KnownEvaluation[],
): Comparable[] {
  const indices = new Set(own.indices);
  return known
    .filter(each => each.dir !== dir && each.plan.data.sha256 === own.data.sha256)
    .map(each => ({ each, shared: each.plan.indices.filter(index => indices.has(index)).length }))
    .filter(({ shared }) => shared > 0)
    .sort((a, b) => b.shared - a.shared)
    .map(({ each: { id, plan }, shared }) => ({
      id,
      name: plan.model.name,
      detail: `${plan.name} · ${countText(shared)} examples in common · ${plan.created.slice(0, 16).replace('T', ' ')}`,
    }));
}
