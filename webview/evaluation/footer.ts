/** The bar below the view: what the table shows, how long it took, what just happened. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText, durationText } from '../../src/curves/numberText';
import { icon } from '../theme/icons';
import type { EvaluationApp } from './evaluationApp';
import type { SortKey } from './sampleTable';

const sortWords: Readonly<Record<SortKey, string>> = {
  index: 'as in the data',
  question: 'by question',
  expected: 'by expected answer',
  strict: 'by strict answer',
  flexible: 'by flexible answer',
  exact: 'by answer',
  flags: 'by flags',
  tokens: 'by tokens',
  rougeL: 'by ROUGE-L',
  bleu: 'by BLEU',
  perplexity: 'by perplexity',
};

export function footer(app: EvaluationApp): TemplateResult {
  const { notice, room, taste, facts } = app.state;
  const { rows, table } = app;
  const report = facts?.report;
  const timing = report?.timing;
  const shown =
    rows.length === table.size
      ? `${countText(table.size)} samples`
      : `${countText(rows.length)} of ${countText(table.size)} samples`;
  const speed = timing?.tokensPerSecond ? ` · ${countText(timing.tokensPerSecond)} tok/s` : '';
  return html`
    <footer class="footer">
      <span>${shown}${room === 'narrow' ? '' : `, sorted ${sortWords[taste.sorting.by]}`}</span>
      <span class="spacer"></span>
      ${
        notice
          ? html`<span class="notice ${notice.kind}" role="status"
              >${icon(notice.kind, notice.kind === 'error' ? 'bad' : 'faint')}<span
                >${notice.text}</span
              ></span
            >`
          : room === 'narrow'
            ? nothing
            : html`
                ${timing ? html`<span>in ${durationText(timing.seconds)}${speed}</span>` : nothing}
                ${
                  room === 'wide' && report?.bleu
                    ? html`<span title=${report.bleu.signature}
                        >BLEU signature ${report.bleu.signature}</span
                      >`
                    : nothing
                }
                <span>? keys</span>
              `
      }
    </footer>
  `;
}
