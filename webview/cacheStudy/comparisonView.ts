/** Two studies side by side: the ways of keeping caches that both have tried. */
import { type TemplateResult, html } from 'lit/html.js';
import type { StudyReport } from '../../src/protocol/cacheStudy';
import { klText, memoryText, variantName } from './words';

export function comparisonView(report: StudyReport, other: StudyReport): TemplateResult {
  const both = report.variants.flatMap(v => {
    const theirs = other.variants.find(({ variant }) => variant === v.variant);
    return theirs ? [{ v, theirs }] : [];
  });
  return html`
    <section class="comparison-part" aria-label="Comparison with ${other.name}">
      <div class="part-head">
        <h2>Compared with ${other.name}</h2>
        <span class="spacer"></span>
        <span class="faint">this → other</span>
      </div>
      ${
        both.length === 0
          ? html`<p class="faint">No way of keeping caches is in both.</p>`
          : html`<div class="table-frame" tabindex="0" role="group" aria-label="Comparison">
              <table class="numbers">
                <thead>
                  <tr>
                    <th scope="col">Kept</th>
                    <th scope="col">KL</th>
                    <th scope="col">Cache</th>
                  </tr>
                </thead>
                <tbody>
                  ${both.map(
                    ({ v, theirs }) => html`
                      <tr>
                        <th scope="row">${variantName(v)}</th>
                        <td>${arrow(v.kl, theirs.kl, klText)}</td>
                        <td>${arrow(v.total_bytes, theirs.total_bytes, memoryText)}</td>
                      </tr>
                    `,
                  )}
                </tbody>
              </table>
            </div>`
      }
    </section>
  `;
}

const arrow = (a: number, b: number, text: (x: number) => string): string =>
  a === b ? `${text(a)} =` : `${text(a)} → ${text(b)} ${b < a ? '▾' : '▴'}`;
