/** The plots as tables: one at a time, chosen by its heading; as many runs as there is room for. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText } from '../../src/curves/numberText';
import { segments } from '../controls/toolkit';
import type { CurvesApp } from './curvesApp';
import { dashSample } from './dashSample';
import type { SceneRun } from './scene';
import { type TableMetric, type ValueTable, tableOf } from './valueTable';

const choices: readonly { value: TableMetric; label: string }[] = [
  { value: 'loss', label: 'Loss' },
  { value: 'learningRate', label: 'Learning rate' },
  { value: 'gradientNorm', label: 'Gradient norm' },
  { value: 'tokensPerSecond', label: 'Tokens/s' },
];

/** Pixels that the first column and each run need at least. */
const FIRST_COLUMN = 80;
const runWidth = (metric: TableMetric): number => (metric === 'loss' ? 262 : 120);

export function valueTables(app: CurvesApp): TemplateResult {
  const { tableMetric, taste } = app.state;
  const runs = fittingRuns(app);
  const table = tableOf(runs, app.scene, tableMetric, taste.axis);
  const label = choices.find(choice => choice.value === tableMetric)!.label;
  const left = app.scene.runs.length - runs.length;
  return html`
    <div class="table-view">
      <div class="table-head">
        ${segments('table-metric', 'Table of', choices, tableMetric, metric =>
          app.set({ tableMetric: metric }),
        )}
        ${left > 0 ? html`<span class="faint">${countOf(left, 'more run')} without room</span>` : nothing}
      </div>
      <div
        class="table-scroll"
        role="region"
        tabindex="0"
        aria-label="Table of ${label}"
        data-region="table"
      >
        <table>
          <caption class="visually-hidden">
            ${label} of ${countOf(runs.length, 'run')}; training loss averaged with β =
            ${taste.smoothing}
          </caption>
          ${tableHead(table)}
          <tbody>
            ${table.rows.map(
              ({ position, cells }) =>
                html`<tr>
                  <th scope="row">${position}</th>
                  ${cells.map(cell => html`<td>${cell}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
        ${
          table.total > table.rows.length
            ? html`<p class="faint">
                ${table.rows.length} of ${countText(table.total)} rows. Zoom in to see those
                between, or save the data as CSV.
              </p>`
            : nothing
        }
      </div>
    </div>
  `;
}

function tableHead({ axis, groups }: ValueTable): TemplateResult {
  const hasHeads = groups.some(({ heads }) => heads.length > 1);
  return html`
    <thead>
      <tr>
        <th scope="col" rowspan=${hasHeads ? 2 : 1}>${axis}</th>
        ${groups.map(
          ({ run, heads }) =>
            html`<th scope="colgroup" colspan=${heads.length}>
              ${dashSample(run.facts.slot, run.colour)} ${run.facts.name}
            </th>`,
        )}
      </tr>
      ${
        hasHeads
          ? html`<tr>
              ${groups.flatMap(({ heads }) => heads.map(head => html`<th scope="col">${head}</th>`))}
            </tr>`
          : nothing
      }
    </thead>
  `;
}

/** Tables never scroll sideways: the highlighted run stays, the last of the others leave. */
function fittingRuns({ scene, state }: CurvesApp): SceneRun[] {
  const room = Math.floor((state.mainWidth - FIRST_COLUMN) / runWidth(state.tableMetric));
  const count = Math.max(1, room);
  const first = scene.runs.toSorted((a, b) => Number(b.isHighlighted) - Number(a.isHighlighted));
  const kept = new Set(first.slice(0, count));
  return scene.runs.filter(run => kept.has(run));
}
