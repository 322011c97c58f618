/** An evaluation in words for a terminal, and its scores by name. Pure. */
import { durationText } from '../curves/numberText';
import {
  differenceText,
  flagWords,
  intervalText,
  metricWords,
  pText,
  scoreText,
} from '../curves/scoreText';
import type {
  EvaluationComparison,
  EvaluationEvent,
  EvaluationReport,
  SampleFlag,
} from '../protocol/evaluation';

type Progress = Extract<EvaluationEvent, { type: 'progress' }>;

export function progressText(event: Progress): string {
  if (event.phase === 'opening') return 'Opening the model';
  const { done, total, tokensPerSecond, secondsLeft } = event;
  const facts = [
    `${done}/${total} samples`,
    tokensPerSecond !== null && `${tokensPerSecond.toFixed(0)} tokens/s`,
    secondsLeft !== null && done < total && `${durationText(secondsLeft)} left`,
  ];
  return facts.filter(fact => fact !== false).join('  ');
}

export function reportLines(report: EvaluationReport): string[] {
  const { results, bleu, timing, notes, plan } = report;
  // The evaluation's own rule is the strict one for GSM8K: one line is enough.
  const shown = results.filter(
    ({ metric }) => metric !== 'exact_match' || plan.extract !== 'gsm8k',
  );
  const speed = timing.tokensPerSecond === null ? '' : ` · ${timing.tokensPerSecond.toFixed(0)} tokens/s`; // prettier-ignore
  return [
    `${report.model_name} on ${plan.data.path}: ${report.samples} samples in ${durationText(timing.seconds)}${speed}`,
    ...shown.map(result => {
      const { metric, value, unit } = result;
      const range = result.interval ? `   ${intervalText(result)}` : '';
      return `  ${metricWords[metric].padEnd(26)}${scoreText(unit, value).padStart(8)}${range}`;
    }),
    ...(bleu ? [`  ${bleu.signature}`] : []),
    ...flagLines(report),
    ...notes.map(note => `  ${note}`),
  ];
}

function flagLines({ flags }: EvaluationReport): string[] {
  const told = Object.entries(flags).filter(([, count]) => count > 0);
  if (told.length === 0) return [];
  return [
    `  Samples: ${told.map(([flag, count]) => `${count} ${flagWords[flag as SampleFlag]}`).join(' · ')}`,
  ];
}

export function comparisonLines(comparison: EvaluationComparison): string[] {
  const { baseline, paired, metrics, wrongToRight, rightToWrong, verdict } = comparison;
  const how = paired > 0 ? `${paired} samples of both` : 'by their numbers alone';
  return [
    '',
    `Against ${baseline}, ${how}: ${verdict === 'same' ? 'no difference beyond noise' : verdict}`,
    ...metrics.map(
      each =>
        `  ${metricWords[each.metric].padEnd(26)}${differenceText(each)}  ${pText(each.p)}  ${each.verdict}`,
    ),
    ...(paired > 0
      ? [`  ${wrongToRight.length} wrong → right, ${rightToWrong.length} right → wrong`]
      : []),
  ];
}

/** The numbers by their names, where a script looks first. */
export const scoresOf = ({ results }: EvaluationReport): { scores: Record<string, number> } => ({
  scores: Object.fromEntries(results.map(({ metric, value }) => [metric, value])),
});
