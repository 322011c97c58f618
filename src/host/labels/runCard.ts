/** What starting a run of a config would take, for its card. Starts nothing. */
import { dirname } from 'node:path';
import { amountText, bytesText, countText, shortText } from '../../curves/numberText';
import { readConfig } from '../../engine/config/readConfig';
import { planFacts } from '../../engine/plan/planFacts';
import { planRun } from '../../engine/plan/planRun';
import type { RunCard } from '../../protocol/labelsView';

/** Null for a config with errors. @throws what `planFacts` throws */
export function runCardOf(text: string, path: string, runsDir: string): RunCard | null {
  const { config } = readConfig(text, path);
  if (!config) return null;
  const plan = planRun(config, planFacts({ config, baseDir: dirname(path), runsDir }));
  const { parameters, memoryBytes, free, diskBytes } = plan;
  const share = shortText((100 * parameters.trainable) / parameters.total);
  const about = plan.isStepsEstimate ? 'about ' : '';
  return {
    facts: [
      { label: 'Steps', value: `${about}${countText(plan.steps)}` },
      { label: 'Tokens a step', value: countText(plan.tokensPerStep) },
      { label: 'Passes', value: shortText(plan.epochs) },
      { label: 'Trained', value: `${amountText(parameters.trainable)} (${share} %)` },
      {
        label: 'Memory, about',
        value: `${bytesText(memoryBytes.peak)} of ${bytesText(free.memory)} free`,
      },
      {
        label: 'Disk, about',
        value: `${bytesText(diskBytes.run)} of ${bytesText(free.disk)} free`,
      },
    ],
    warnings: plan.warnings.map(({ severity, message }) => ({
      isError: severity === 'error',
      message,
    })),
  };
}
