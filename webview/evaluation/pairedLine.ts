/** What the marks mean, and what the comparison of two evaluations comes to: the answer in a line. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { differenceText, metricWords, pText } from '../../src/curves/scoreText';
import type { BaselineFacts } from '../../src/protocol/evaluationView';
import { type IconName, icon } from '../theme/icons';
import type { EvaluationApp } from './evaluationApp';

export function pairedLine(app: EvaluationApp): TemplateResult | typeof nothing {
  const { baseline, taste, room } = app.state;
  if (!baseline) return nothing;
  return html`
    <section class="paired" aria-label="Comparison">
      ${
        taste.asTable || room === 'narrow'
          ? nothing
          : html`
              <span class="legend"
                ><span class="sample own"></span>this evaluation, 95 % interval</span
              >
              <span class="legend faint"><span class="sample other"></span>${baseline.name}</span>
            `
      }
      <span class="spacer"></span>
      ${verdict(baseline)} ${flips(app, baseline)} ${numbers(baseline)}
    </section>
  `;
}

const verdicts: Readonly<
  Record<BaselineFacts['verdict'], { icon: IconName; role: string; words: string; title: string }>
> = {
  better: {
    icon: 'arrowUp',
    role: 'ok',
    words: 'Better',
    title: 'Beyond noise in at least one score, worse in none',
  },
  worse: { icon: 'arrowDown', role: 'bad', words: 'Worse', title: 'Worse beyond noise' },
  same: {
    icon: 'circleSmall',
    role: 'faint',
    words: 'No difference beyond noise',
    title: 'No score differs by more than chance explains',
  },
};

function verdict({ verdict: found, paired }: BaselineFacts): TemplateResult {
  const { icon: name, role, words, title } = verdicts[found];
  return html`<strong class="verdict" title="${title}; ${countText(paired)} examples that both have"
    >${icon(name, role)}${words}</strong
  >`;
}

const flips = (
  app: EvaluationApp,
  { wrongToRight, rightToWrong }: BaselineFacts,
): TemplateResult => html`
  <button class="link" title="Show the flips (6)" @click=${() => app.filterBy('flips')}>
    <strong class="gained">${countText(wrongToRight.length)}</strong> wrong → right,
    <strong class="lost">${countText(rightToWrong.length)}</strong> right → wrong
  </button>
`;

/** Of the first metric, which is exact match where there is any. */
function numbers({ metrics }: BaselineFacts): TemplateResult | typeof nothing {
  const first = metrics.find(({ test }) => test === 'mcnemar') ?? metrics[0];
  if (!first) return nothing;
  const test = first.test === 'mcnemar' ? 'McNemar ' : '';
  return html`
    <span class="faint" title=${metricWords[first.metric]}>${test}${pText(first.p)}</span>
    <span class="faint" title="95 % interval of the paired bootstrap"
      >bootstrap ${differenceText(first)}</span
    >
  `;
}
