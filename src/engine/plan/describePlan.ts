/** A config's plan as a document, in one step for those who load all of it on their own. */
import { formatPlan } from './formatPlan';
import { planFacts } from './planFacts';
import { planRun } from './planRun';

/** Markdown. @param name of the config, for the heading @throws as `planFacts` and `planRun` */
export const describePlan = (
  given: Parameters<typeof planFacts>[0] & { readonly name: string },
): string =>
  formatPlan(planRun(given.config, planFacts(given)), { name: given.name, style: 'markdown' });
