/** An evaluation as a JUnit file: a test a sample, failed where its answer is wrong. Pure. */
import type { EvaluationReport, EvaluationSample } from '../../protocol/evaluation';

export function junitText(
  { plan, timing }: Pick<EvaluationReport, 'plan' | 'timing'>,
  samples: readonly EvaluationSample[],
): string {
  const failures = samples.filter(({ exact }) => exact?.isRight === false).length;
  const name = attribute(plan.name);
  const seconds = timing.seconds.toFixed(3);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name=${name} tests="${samples.length}" failures="${failures}" time="${seconds}">`,
    `  <testsuite name=${name} tests="${samples.length}" failures="${failures}" errors="0" skipped="0" time="${seconds}" timestamp=${attribute(plan.created)}>`,
    ...samples.map(sample => testCase(plan.name, sample)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(suite: string, sample: EvaluationSample): string {
  const { index, question, exact, expected, reference, output, flags } = sample;
  const name = attribute(`${index}: ${question.replace(/\s+/g, ' ').slice(0, 120)}`);
  const open = `    <testcase classname=${attribute(suite)} name=${name}`;
  if (exact?.isRight !== false) return `${open}/>`;
  const message = attribute(`expected ${expected ?? '?'}, answered ${exact.answer ?? 'nothing'}`);
  const body = [`Expected:\n${reference}`, `Actual:\n${output}`, `Flags: ${flags.join(', ')}`].join(
    '\n\n',
  );
  return `${open}>\n      <failure type="wrong" message=${message}>${escaped(body)}</failure>\n    </testcase>`;
}

const attribute = (text: string): string =>
  `"${escaped(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;')}"`;

/** XML has no place for most control characters, in any form. */
const escaped = (text: string): string =>
  text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    // eslint-disable-next-line no-control-regex -- those are what is looked for
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
