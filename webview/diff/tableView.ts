/** The table of parameters, of which only the rows in sight are in the page. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { textButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { type DiffApp, ROW_HEIGHT } from './diffApp';
import type { SortKey } from './diffTable';
import { shareOf } from './modelMap';
import { GRID_ID } from './pageParts';
import {
  correlationText,
  differenceText,
  typesText,
  ulpText,
  verdictIcons,
  verdictWords,
} from './texts';

/** Rows above and below those in sight, so that scrolling shows no gap. */
const MARGIN_ROWS = 8;

interface Column {
  key: SortKey | 'types';
  label: string;
  title: string;
  isInNarrow: boolean;
}

const columns: readonly Column[] = [
  { key: 'name', label: 'Parameter', title: 'Sort in the order of the model', isInNarrow: true },
  { key: 'types', label: 'Types', title: '', isInNarrow: false },
  { key: 'relL2', label: 'Rel. L2', title: '‖a − b‖ / ‖a‖', isInNarrow: true },
  { key: 'maxAbs', label: 'Max abs', title: 'Largest |a − b|', isInNarrow: false },
  { key: 'pcc', label: 'PCC', title: 'Pearson’s correlation', isInNarrow: true },
  {
    key: 'ulp99',
    label: 'ULP p99',
    title: '99 % of the elements are no more units of the last place apart',
    isInNarrow: false,
  },
];

export function tableView(app: DiffApp): TemplateResult {
  const { rows, chosen } = app;
  const at = chosen === undefined ? -1 : rows.indexOf(chosen);
  const [from, to] = sight(app);
  return html`
    <div
      id=${GRID_ID}
      class="table"
      role="grid"
      tabindex="0"
      aria-label="Parameters"
      aria-rowcount=${rows.length + 1}
      aria-activedescendant=${at >= from && at < to ? rowId(at) : nothing}
    >
      ${head(app)}
      ${
        rows.length === 0
          ? noRows(app)
          : html`<div
              class="all-rows"
              role="rowgroup"
              ${css({ height: `${rows.length * ROW_HEIGHT}px` })}
            >
              ${Array.from({ length: to - from }, (_, i) => row(app, from + i, at))}
            </div>`
      }
    </div>
  `;
}

const rowId = (at: number): string => `parameter-${at}`;

function sight({ state, rows }: DiffApp): [from: number, to: number] {
  const from = Math.max(0, Math.floor(state.scrollTop / ROW_HEIGHT) - MARGIN_ROWS);
  const count = Math.ceil(state.tableHeight / ROW_HEIGHT) + 2 * MARGIN_ROWS;
  return [Math.min(from, rows.length), Math.min(rows.length, from + count)];
}

const columnsOf = ({ state }: DiffApp): readonly Column[] =>
  columns.filter(({ isInNarrow }) => isInNarrow || state.room !== 'narrow');

function head(app: DiffApp): TemplateResult {
  const { by, isDescending } = app.state.taste.sorting;
  return html`
    <div class="head" role="rowgroup">
      <div class="row-of" role="row" aria-rowindex="1">
        ${columnsOf(app).map(({ key, label, title }) =>
          key === 'types'
            ? html`<span class="cell types" role="columnheader">${label}</span>`
            : html`
                <span
                  class="cell ${key}"
                  role="columnheader"
                  aria-sort=${by === key ? (isDescending ? 'descending' : 'ascending') : 'none'}
                >
                  <button tabindex="-1" title=${title} @click=${() => app.sortBy(key)}>
                    ${label}${
                      by === key ? icon(isDescending ? 'arrowDown' : 'arrowUp', 'sorting') : nothing
                    }
                  </button>
                </span>
              `,
        )}
      </div>
    </div>
  `;
}

function row(app: DiffApp, at: number, chosenAt: number): TemplateResult {
  const { table, rows, state } = app;
  const number = rows[at]!;
  const name = table.names[number]!;
  const verdict = table.verdictOf(number);
  const [iconName, role] = verdictIcons[verdict];
  const isChosen = at === chosenAt;
  const cut = sharedUntil(name);
  const isNarrow = state.room === 'narrow';
  const rightName = table.rightNameOf(number);
  return html`
    <div
      id=${rowId(at)}
      class="row row-of ${isChosen ? 'chosen' : ''} ${verdict}"
      role="row"
      aria-rowindex=${at + 2}
      aria-selected=${isChosen}
      ${css({ top: `${at * ROW_HEIGHT}px` })}
      @click=${() => app.choose(number)}
    >
      <span
        class="cell name"
        role="gridcell"
        title=${rightName === undefined ? name : `${name} ↔ ${rightName}`}
        >${icon(iconName, role)}<span class="visually-hidden">${verdictWords[verdict]}: </span
        ><span class="own">${name.slice(cut)}</span>${
          table.isTransformed(number)
            ? html`<span class="mark" title="Transformed">${icon('arrowSwap')}</span>`
            : nothing
        }${
          rightName === undefined || table.isTransformed(number)
            ? nothing
            : html`<span class="mark faint">${table.byOf(number)}</span>`
        }</span
      >
      ${
        isNarrow
          ? nothing
          : html`<span class="cell types" role="gridcell"
              >${typesText(table.typesOf(number))}</span
            >`
      }
      ${numbers(app, number, isNarrow)}
    </div>
  `;
}

/** What stands before the layer says little, and is in the hover. */
function sharedUntil(name: string): number {
  const found = /^(model|transformer|llama|Llama|NanoGPT)[./]/.exec(name);
  return found ? found[0].length : 0;
}

function numbers(app: DiffApp, row: number, isNarrow: boolean): TemplateResult {
  const { table } = app;
  const metrics = table.metricsOf(row);
  if (!metrics) {
    const note = table.noteOf(row);
    const verdict = table.verdictOf(row);
    const word =
      verdict === 'waiting'
        ? ''
        : verdict === 'missing'
          ? 'missing'
          : verdict === 'unused'
            ? 'unused'
            : verdict === 'ignored'
              ? 'ignored'
              : 'unlike';
    return html`<span class="cell relL2 faint" role="gridcell" title=${note ?? nothing}
        ><span>${word}</span></span
      >${isNarrow ? nothing : html`<span class="cell maxAbs" role="gridcell"></span>`}<span
        class="cell pcc"
        role="gridcell"
      ></span
      >${isNarrow ? nothing : html`<span class="cell ulp99" role="gridcell"></span>`}`;
  }
  const share = shareOf(table, row, 'relL2');
  return html`
    <span class="cell relL2" role="gridcell"
      ><span>${differenceText(metrics.relL2)}</span
      ><span class="bar" aria-hidden="true"
        ><span ${css({ width: `${Number.isNaN(share) ? 0 : share * 100}%` })}></span></span
    ></span>
    ${isNarrow ? nothing : html`<span class="cell maxAbs" role="gridcell">${differenceText(metrics.maxAbs)}</span>`}
    <span class="cell pcc" role="gridcell">${correlationText(metrics.pcc)}</span>
    ${isNarrow ? nothing : html`<span class="cell ulp99" role="gridcell">${ulpText(metrics.ulp99)}</span>`}
  `;
}

const noRows = (app: DiffApp): TemplateResult => html`
  <div class="no-rows" role="row">
    <div role="gridcell">
      <p>
        ${app.table.size === 0 ? 'Neither side holds a parameter.' : 'No parameter fits this filter.'}
      </p>
      ${
        app.table.size === 0
          ? nothing
          : textButton({
              label: 'Show all',
              onClick: () => app.look({ words: '', show: 'all' }),
            })
      }
    </div>
  </div>
`;
