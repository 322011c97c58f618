/** The scores: each with its interval on a scale beside the baseline's, and how often the rules agree. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import {
  differenceText,
  intervalText,
  metricWords,
  pText,
  scoreText,
  uncertaintyText,
} from '../../src/curves/scoreText';
import type { MetricName, MetricResult } from '../../src/protocol/evaluation';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import type { EvaluationApp } from './evaluationApp';
import { intervalScale, type IntervalScale } from './intervalScale';

/** What has a picture, in this order; the table has all. */
const pictured: readonly MetricName[] = [
  'exact_match_strict',
  'exact_match_flexible',
  'exact_match',
  'perplexity',
  'rougeL',
  'bleu',
];

export function summary(app: EvaluationApp): TemplateResult | typeof nothing {
  const { facts, taste } = app.state;
  if (!facts) return nothing;
  return html`
    <section class="summary" aria-label="Scores">
      ${taste.asTable ? scoreTable(app, facts.results) : cards(app, facts.results)}
    </section>
  `;
}

function cards(app: EvaluationApp, results: readonly MetricResult[]): TemplateResult {
  const { baseline, facts } = app.state;
  const has = (metric: MetricName) => results.some(each => each.metric === metric);
  const shown = pictured
    .filter(metric => metric !== 'exact_match' || !has('exact_match_strict'))
    .flatMap(metric => results.find(each => each.metric === metric) ?? []);
  if (shown.length === 0)
    return html`<p class="no-scores faint">
      ${facts?.state === 'done' ? 'Nothing was measured.' : 'The first scores come with the first batch of samples.'}
    </p>`;
  return html`
    <ul class="cards">
      ${shown.map(result =>
        card(
          app,
          result,
          baseline?.results.find(({ metric }) => metric === result.metric),
        ),
      )}
    </ul>
    ${agreement(app)}
  `;
}

function card(
  app: EvaluationApp,
  result: MetricResult,
  other: MetricResult | undefined,
): TemplateResult {
  const { report, state } = app.state.facts!;
  const signature = result.metric === 'bleu' ? report?.bleu?.signature : undefined;
  const scale = intervalScale(other ? [result, other] : [result]);
  const words = `${scoreText(result.unit, result.value)}, 95 % interval ${intervalText(result) || 'not known'}`;
  const against = other ? `; the baseline ${scoreText(other.unit, other.value)}` : '';
  return html`
    <li>
      <h2 title=${signature ? `Signature ${signature}` : nothing}>
        ${metricWords[result.metric]}${signature ? icon('info', 'faint') : nothing}
      </h2>
      <p class="score" title="${words}${against}, of ${countText(result.samples)} samples">
        <strong>${scoreText(result.unit, result.value)}</strong>
        <span class="faint">${uncertaintyText(result)}${state === 'done' ? '' : ' so far'}</span>
      </p>
      <div class="interval" role="img" aria-label="${words}${against}">
        ${mark(scale, result, 'own')} ${other ? mark(scale, other, 'other') : nothing}
        <span class="axis"></span>
        <span class="end">${scale.lowText}</span><span class="end">${scale.highText}</span>
      </div>
    </li>
  `;
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

function mark(
  scale: IntervalScale,
  { value, interval }: MetricResult,
  whose: 'own' | 'other',
): TemplateResult {
  const [low, high] = interval ?? [value, value];
  const left = scale.at(low);
  return html`
    <span
      class="bar-of ${whose}"
      ${css({ left: percent(left), width: percent(scale.at(high) - left) })}
    ></span>
    <span class="mark ${whose}" ${css({ left: percent(scale.at(value)) })}></span>
  `;
}

function agreement(app: EvaluationApp): TemplateResult | typeof nothing {
  const found = app.state.facts?.report?.agreement;
  if (!found || (app.state.room !== 'wide' && !app.state.taste.asTable)) return nothing;
  const cell = (count: number) => html`<td>${countText(count)}</td>`;
  return html`
    <table class="agreement">
      <caption>
        Strict against flexible
      </caption>
      <thead>
        <tr>
          <td></td>
          <th scope="col">flexible ✓</th>
          <th scope="col">flexible ×</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">strict ✓</th>
          ${cell(found.both)} ${cell(found.strictOnly)}
        </tr>
        <tr>
          <th scope="row">strict ×</th>
          ${cell(found.flexibleOnly)} ${cell(found.neither)}
        </tr>
      </tbody>
    </table>
  `;
}

/** Everything that was measured, for those who read better than they look. */
function scoreTable(app: EvaluationApp, results: readonly MetricResult[]): TemplateResult {
  const { baseline } = app.state;
  const row = (result: MetricResult) => {
    const other = baseline?.results.find(({ metric }) => metric === result.metric);
    const compared = baseline?.metrics.find(({ metric }) => metric === result.metric);
    return html`
      <tr>
        <th scope="row">${metricWords[result.metric]}</th>
        <td>${scoreText(result.unit, result.value)}</td>
        <td>${intervalText(result)}</td>
        <td>${countText(result.samples)}</td>
        ${
          baseline
            ? html`<td>${other ? scoreText(other.unit, other.value) : ''}</td>
                <td>${compared ? `${differenceText(compared)}, ${pText(compared.p)}` : ''}</td>`
            : nothing
        }
      </tr>
    `;
  };
  return html`
    <div class="score-table" tabindex="0" role="region" aria-label="Table of scores">
      <table>
        <thead>
          <tr>
            <th scope="col">Score</th>
            <th scope="col">Value</th>
            <th scope="col">95 % interval</th>
            <th scope="col">Samples</th>
            ${
              baseline
                ? html`<th scope="col">${baseline.name}</th>
                    <th scope="col">Difference, paired</th>`
                : nothing
            }
          </tr>
        </thead>
        <tbody>
          ${results.map(row)}
        </tbody>
      </table>
      ${notesOf(app)}
    </div>
    ${app.state.room === 'narrow' ? nothing : agreement(app)}
  `;
}

/** What a reader of the numbers must know. */
function notesOf(app: EvaluationApp): TemplateResult | typeof nothing {
  const notes = app.state.facts?.report?.notes ?? [];
  if (notes.length === 0) return nothing;
  return html`
    <ul class="notes faint" aria-label="Notes">
      ${notes.map(note => html`<li>${note}</li>`)}
    </ul>
  `;
}
