/**
 * Why a run must not be started, or gone on with, on this machine now: it needs more memory than is
 * free. Looks at sizes of files; starts nothing.
 */
import type { Problem } from '../problem';
import { planFacts, type FactsInput } from './planFacts';
import { planRun } from './planRun';
import { refusalOf } from './planWarnings';

/** With what would make it fit. @throws as `planFacts` does */
export const refusalToStart = (input: FactsInput): Problem | undefined =>
  refusalOf(planRun(input.config, planFacts(input)));

/** As before a start; but a run goes on with the config it has. @throws as `planFacts` does */
export function refusalToResume(input: FactsInput): Problem | undefined {
  const refusal = refusalToStart(input);
  return (
    refusal && {
      ...refusal,
      message: `${refusal.message} A run goes on with the config it has: free memory to resume it, or start a new run with that.`,
    }
  );
}
