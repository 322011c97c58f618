/** The table of samples, of which only the rows in sight are in the page, and one that is expanded. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { repeat } from 'lit/directives/repeat.js';
import { textButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { type Column, columnsOf, gridTemplate } from './columns';
import { type EvaluationApp, ROW_HEIGHT } from './evaluationApp';
import { GRID_ID } from './pageParts';
import { sampleDetail } from './sampleDetail';

/** Rows above and below those in sight, so that scrolling shows no gap. */
const MARGIN_ROWS = 8;

export function tableView(app: EvaluationApp): TemplateResult {
  const { rows, chosenAt } = app;
  const { detailHeight, room } = app.state;
  const shown = columnsOf(app);
  const places = sight(app);
  const isInSight = places.includes(chosenAt);
  const height = rows.length * ROW_HEIGHT + (app.isExpanded ? detailHeight : 0);
  return html`
    <div
      id=${GRID_ID}
      class="table"
      role="treegrid"
      tabindex="0"
      aria-label="Samples"
      aria-rowcount=${rows.length + 1}
      aria-activedescendant=${isInSight ? rowId(chosenAt) : nothing}
      ${css({ '--wr-columns': gridTemplate(shown, room) })}
    >
      ${head(app, shown)}
      ${
        rows.length === 0
          ? noRows(app)
          : html`<div class="all-rows" role="rowgroup" ${css({ height: `${height}px` })}>
              ${repeat(
                places,
                at => rows[at],
                at => row(app, shown, at, at === chosenAt),
              )}
              ${app.isExpanded ? expanded(app) : nothing}
            </div>`
      }
    </div>
  `;
}

const rowId = (at: number): string => `sample-${at}`;

/** Pixels above a row: the one that is expanded pushes those after it down. */
const topOf = (app: EvaluationApp, at: number): number =>
  at * ROW_HEIGHT + (app.isExpanded && at > app.chosenAt ? app.state.detailHeight : 0);

/** Places of the rows in the page. */
function sight(app: EvaluationApp): number[] {
  const { scrollTop, tableHeight } = app.state;
  const { rows } = app;
  const end = scrollTop + tableHeight;
  const margin = MARGIN_ROWS * ROW_HEIGHT;
  // the expanded sample lies between rows: both ways of counting have to hold
  const detail = app.isExpanded ? app.state.detailHeight : 0;
  const first = Math.max(0, Math.floor((scrollTop - detail - margin) / ROW_HEIGHT));
  const last = Math.min(rows.length, Math.ceil((end + margin) / ROW_HEIGHT));
  const places: number[] = [];
  for (let at = first; at < last; at++) {
    const top = topOf(app, at);
    if (top + ROW_HEIGHT >= scrollTop - margin && top <= end + margin) places.push(at);
  }
  return places;
}

function head(app: EvaluationApp, shown: readonly Column[]): TemplateResult {
  const { by, isDescending } = app.state.taste.sorting;
  return html`
    <div class="head" role="rowgroup">
      <div class="row-of" role="row" aria-rowindex="1">
        <span class="cell" role="columnheader"><span class="visually-hidden">Open</span></span>
        ${shown.map(
          ({ key, label, title, isNumber }) => html`
            <span
              class="cell ${isNumber ? 'number' : ''}"
              role="columnheader"
              aria-sort=${by === key ? (isDescending ? 'descending' : 'ascending') : 'none'}
            >
              <button tabindex="-1" title=${title} @click=${() => app.sortBy(key)}>
                ${label}${
                  by === key && (key !== 'index' || isDescending)
                    ? icon(isDescending ? 'arrowDown' : 'arrowUp', 'sorting')
                    : nothing
                }
              </button>
            </span>
          `,
        )}
      </div>
    </div>
  `;
}

function row(
  app: EvaluationApp,
  shown: readonly Column[],
  at: number,
  isChosen: boolean,
): TemplateResult {
  const sample = app.table.rowAt(app.rows[at]!);
  const isOpen = isChosen && app.isExpanded;
  return html`
    <div
      id=${rowId(at)}
      class="row row-of ${isChosen ? 'chosen' : ''}"
      role="row"
      aria-rowindex=${at + 2}
      aria-selected=${isChosen}
      aria-expanded=${isOpen}
      ${css({ top: `${topOf(app, at)}px` })}
      @click=${() => {
        app.choose(sample.index);
        app.expand(!isOpen);
      }}
    >
      <span class="cell" role="gridcell">${icon(isOpen ? 'chevronDown' : 'chevronRight')}</span>
      ${shown.map(
        ({ key, isNumber, cell }) => html`
          <span
            class="cell ${key} ${isNumber ? 'number' : ''}"
            role="gridcell"
            title=${key === 'question' ? sample.question : nothing}
            >${cell(sample, app)}</span
          >
        `,
      )}
    </div>
  `;
}

const expanded = (app: EvaluationApp): TemplateResult => html`
  <div
    class="expanded"
    role="row"
    ${css({ top: `${(app.chosenAt + 1) * ROW_HEIGHT}px` })}
    @click=${(event: Event) => event.stopPropagation()}
  >
    <div role="gridcell" class="detail">${sampleDetail(app)}</div>
  </div>
`;

function noRows(app: EvaluationApp): TemplateResult {
  const isEmpty = app.table.size === 0;
  const { facts } = app.state;
  return html`
    <div class="no-rows" role="row">
      <div role="gridcell">
        <p>
          ${
            !isEmpty
              ? 'No sample fits this filter.'
              : facts?.state === 'running'
                ? 'The first samples come with the first batch.'
                : 'There are no samples.'
          }
        </p>
        ${isEmpty ? nothing : textButton({ label: 'Show all', onClick: () => app.showAll() })}
      </div>
    </div>
  `;
}
