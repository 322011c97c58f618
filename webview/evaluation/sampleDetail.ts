/** One sample in full: the question, both texts line by line, its arithmetic, what can be done. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText } from '../../src/curves/numberText';
import type { ArithmeticCheck, EvaluationSample } from '../../src/protocol/evaluation';
import { MOST_CHARACTERS, type SampleDetail } from '../../src/protocol/evaluationView';
import { segments } from '../controls/toolkit';
import { icon } from '../theme/icons';
import { answerCell, flipWords } from './columns';
import type { EvaluationApp } from './evaluationApp';
import { type DiffLine, lineDiff } from './lineDiff';
import { opposites } from './taste';
import { tokenHeat } from './tokenHeat';

export function sampleDetail(app: EvaluationApp): TemplateResult {
  const { detail, detailProblem, taste } = app.state;
  if (detailProblem !== null)
    return html`<p class="callout error">${icon('error', 'bad')}<span>${detailProblem}</span></p>`;
  if (!detail || detail.sample.index !== taste.chosen)
    return html`<p class="faint appears-late">Reading the sample</p>`;
  const other = taste.opposite === 'baseline' ? detail.baseline : null;
  return html`
    <p class="asked">${detail.sample.question}</p>
    <div class="texts">${texts(app, detail, other)} ${facts(app, detail)}</div>
    ${taste.showsTokens && detail.tokens ? tokenHeat(detail.tokens) : nothing}
  `;
}

const endWords = {
  'end-token': 'end token',
  stop: 'stop string',
  length: 'cut at the limit',
  cancelled: 'cancelled',
} as const;

/** The generated text, and what it is held against. */
function texts(
  app: EvaluationApp,
  { sample, outputCharacters, baseline }: SampleDetail,
  other: EvaluationSample | null,
): TemplateResult {
  const diff = lineDiff(other ? other.output : sample.reference, sample.output);
  const { generation } = app.state.facts!.plan;
  const how = [
    generation?.temperature === 0 ? 'greedy' : '',
    countOf(sample.newTokens, 'token'),
    sample.ended ? endWords[sample.ended] : '',
  ]
    .filter(Boolean)
    .join(', ');
  return html`
    <section class="side" aria-label=${other ? 'Baseline' : 'Expected'}>
      <h3>
        ${
          baseline
            ? segments(
                'opposite',
                'Against',
                opposites.map(value => ({
                  value,
                  label: value === 'expected' ? 'Expected' : 'Baseline',
                })),
                other ? 'baseline' : 'expected',
                opposite => app.prefer({ opposite }),
              )
            : 'Expected'
        }
        <span class="faint"
          >${other ? (app.state.baseline?.name ?? '') : 'reference solution'}</span
        >
      </h3>
      ${linesView(diff.left, 'wanted')}
    </section>
    <section class="side" aria-label="Actual">
      <h3>Actual <span class="faint">${how}</span></h3>
      ${sample.output === '' ? html`<p class="faint">The model wrote nothing.</p>` : linesView(diff.right, 'written')}
      ${
        outputCharacters > MOST_CHARACTERS
          ? html`<p class="faint">
              The first ${countText(MOST_CHARACTERS)} of ${countText(outputCharacters)} characters.
              ${link('Open all as text', () => open(app, sample, 'output'))}
            </p>`
          : nothing
      }
    </section>
  `;
}

const signOf = { wanted: '+', written: '−' } as const;

function linesView(lines: readonly DiffLine[], whose: 'wanted' | 'written'): TemplateResult {
  const words = whose === 'wanted' ? 'only expected' : 'only here';
  return html`
    <ol class="lines ${whose}">
      ${lines.map(
        ({ number, text, isSame }) => html`
          <li class=${isSame ? 'same' : 'other'}>
            <span class="sign" aria-hidden="true">${isSame ? number : signOf[whose]}</span
            >${isSame ? nothing : html`<span class="visually-hidden">${words}: </span>`}<span
              class="line"
              >${text === '' ? ' ' : text}</span
            >
          </li>
        `,
      )}
    </ol>
  `;
}

function facts(app: EvaluationApp, detail: SampleDetail): TemplateResult {
  const { sample, baseline, tokens, hasTrace } = detail;
  const { taste, isTrusted } = app.state;
  const flip = app.table.flipOf(sample.index);
  return html`
    <section class="side about-sample" aria-label="About the sample">
      ${sample.arithmetic.length > 0 ? arithmetic(sample.arithmetic) : verdicts(sample)}
      ${
        baseline
          ? html`<p class="of-baseline">
              <span class="faint">Baseline</span> ${answerCell(baseline.exact)}
              ${flip ? html`<span class="pill">${icon(flipWords[flip].icon)}${flipWords[flip].words}</span>` : nothing}
            </p>`
          : nothing
      }
      <p class="links">
        ${link('Open in sandbox', () => void app.ask('openInSandbox', { index: sample.index }), 'O')}
        ${
          tokens
            ? link(
                taste.showsTokens ? 'Hide tokens' : 'Show tokens',
                () => app.prefer({ showsTokens: !taste.showsTokens }),
                'H',
              )
            : nothing
        }
        ${hasTrace ? link('Show steps', () => void app.ask('openTrace', { index: sample.index })) : nothing}
        ${link('Prompt as text', () => open(app, sample, 'prompt'))}
        ${
          isTrusted && app.state.facts?.state === 'done' && app.state.facts.plan.generation
            ? link('Run again', () => void app.ask('runAgain', { indices: [sample.index] }))
            : nothing
        }
      </p>
    </section>
  `;
}

function verdicts({ strict, flexible, exact, expected }: EvaluationSample): TemplateResult {
  const line = (name: string, found: EvaluationSample['exact']) =>
    found
      ? html`<dt>${name}</dt>
          <dd>${answerCell(found)}</dd>`
      : nothing;
  return html`
    <h3>
      Answer ${expected === null ? nothing : html`<span class="faint">expected ${expected}</span>`}
    </h3>
    <dl class="verdicts">
      ${strict ? line('Strict', strict) : line('Found', exact)} ${line('Flexible', flexible)}
    </dl>
  `;
}

function arithmetic(checks: readonly ArithmeticCheck[]): TemplateResult {
  const held = checks.filter(({ problem }) => problem === null).length;
  const remark = ({ problem, expected, followsError }: ArithmeticCheck) =>
    problem === 'unreadable'
      ? 'cannot be read'
      : problem === 'wrong'
        ? html`should be <strong>${expected}</strong>`
        : followsError
          ? html`<span class="faint">follows the error</span>`
          : nothing;
  return html`
    <h3>
      Arithmetic
      <span class="faint">${countText(held)} of ${countText(checks.length)} notes hold</span>
    </h3>
    <ul class="checks">
      ${checks.map(
        check => html`
          <li>
            ${icon(check.problem === null ? 'pass' : 'error', check.problem === null ? 'ok' : 'bad')}
            <span class="visually-hidden"
              >${check.problem === null ? 'holds' : check.problem}:</span
            >
            <code>${check.note}</code><span>${remark(check)}</span>
          </li>
        `,
      )}
    </ul>
  `;
}

const open = (
  app: EvaluationApp,
  { index }: EvaluationSample,
  what: 'prompt' | 'output' | 'reference',
): void => void app.ask('openText', { index, what });

const link = (label: string, act: () => void, key?: string): TemplateResult => html`
  <button class="link" title=${key ? `${label} (${key})` : nothing} @click=${act}>${label}</button>
`;
