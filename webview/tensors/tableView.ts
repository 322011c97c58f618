/** The table of tensors, of which only the rows in sight are in the page. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { bytesText, countText } from '../../src/curves/numberText';
import { textButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { GRID_ID } from './pageParts';
import { sharedPrefix, type SortKey } from './tensorTable';
import { ROW_HEIGHT, type TensorsApp } from './tensorsApp';
import { shapeText } from './texts';

/** Rows above and below those in sight, so that scrolling shows no gap. */
const MARGIN_ROWS = 8;

export function tableView(app: TensorsApp): TemplateResult {
  const { rows, chosen } = app;
  const at = chosen === undefined ? -1 : rows.indexOf(chosen);
  return html`
    <div
      id=${GRID_ID}
      class="table"
      role="grid"
      tabindex="0"
      aria-label="Tensors"
      aria-rowcount=${rows.length + 1}
      aria-activedescendant=${at >= 0 && isInSight(app, at) ? rowId(at) : nothing}
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
              ${visibleRows(app, at)}
            </div>`
      }
    </div>
  `;
}

const rowId = (at: number): string => `tensor-${at}`;

function sight({ state, rows }: TensorsApp): [from: number, to: number] {
  const from = Math.floor(state.scrollTop / ROW_HEIGHT) - MARGIN_ROWS;
  const count = Math.ceil(state.tableHeight / ROW_HEIGHT) + 2 * MARGIN_ROWS;
  return [Math.max(0, from), Math.min(rows.length, Math.max(0, from) + count)];
}

function isInSight(app: TensorsApp, at: number): boolean {
  const [from, to] = sight(app);
  return at >= from && at < to;
}

const heads: readonly { key: SortKey; label: string; title: string; from: 'narrow' | 'medium' }[] =
  [
    { key: 'name', label: 'Tensor', title: 'Sort by name', from: 'narrow' },
    { key: 'dtype', label: 'Type', title: 'Sort by type', from: 'medium' },
    { key: 'shape', label: 'Shape', title: 'Sort by number of elements', from: 'narrow' },
    { key: 'bytes', label: 'Bytes', title: 'Sort by size', from: 'narrow' },
  ];

const columnsOf = (app: TensorsApp) =>
  heads.filter(({ from }) => from === 'narrow' || app.state.room !== 'narrow');

function head(app: TensorsApp): TemplateResult {
  const { by, isDescending } = app.state.taste.sorting;
  return html`
    <div class="head" role="rowgroup">
      <div class="row-of" role="row" aria-rowindex="1">
        ${columnsOf(app).map(
          ({ key, label, title }) => html`
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

function visibleRows(app: TensorsApp, chosenAt: number): TemplateResult[] {
  const [from, to] = sight(app);
  const largest = app.table.largestBytes;
  return Array.from({ length: to - from }, (_, i) => row(app, from + i, chosenAt, largest));
}

function row(app: TensorsApp, at: number, chosenAt: number, largest: number): TemplateResult {
  const { table, rows, state } = app;
  const number = rows[at]!;
  const name = table.names[number]!;
  const above = at === 0 ? undefined : table.names[rows[at - 1]!];
  const shared = sharedPrefix(name, above);
  const isChosen = at === chosenAt;
  const bytes = table.bytesOf(number);
  return html`
    <div
      id=${rowId(at)}
      class="row row-of ${isChosen ? 'chosen' : ''}"
      role="row"
      aria-rowindex=${at + 2}
      aria-selected=${isChosen}
      ${css({ top: `${at * ROW_HEIGHT}px` })}
      @click=${() => app.choose(name)}
    >
      <span class="cell name" role="gridcell" title=${name}
        ><span class="shared">${name.slice(0, shared)}</span
        ><span class="own">${name.slice(shared)}</span>${remark(app, number)}</span
      >
      ${
        state.room === 'narrow'
          ? nothing
          : html`<span class="cell dtype" role="gridcell">${table.dtypeOf(number)}</span>`
      }
      <span
        class="cell shape"
        role="gridcell"
        title="${countText(table.elementsOf(number))} elements"
        >${shapeText(table.shapeOf(number))}</span
      >
      <span class="cell bytes" role="gridcell" title="${countText(bytes)} bytes"
        ><span>${bytesText(bytes)}</span
        ><span class="bar" aria-hidden="true"
          ><span ${css({ width: `${barShare(bytes, largest) * 100}%` })}></span></span
      ></span>
    </div>
  `;
}

/** On a scale of powers of ten, from a byte to the largest. */
const barShare = (bytes: number, largest: number): number =>
  bytes <= 0 ? 0 : Math.max(0.03, Math.log(bytes + 1) / Math.log(largest + 1));

function remark({ table }: TensorsApp, row: number): TemplateResult | typeof nothing {
  const found = table.remarkOf(row);
  if (found?.unreadable !== undefined)
    return html`<span class="remark" title="It ${found.unreadable} and cannot be read"
      >${icon('circleSlash', 'warn')}<span class="visually-hidden">cannot be read</span></span
    >`;
  if (found?.sameAs !== undefined)
    return html`<span class="remark faint" title="The same memory as ${found.sameAs}">tied</span>`;
  return nothing;
}

function noRows(app: TensorsApp): TemplateResult {
  const isEmpty = app.table.size === 0;
  return html`
    <div class="no-rows" role="row">
      <div role="gridcell">
        <p>${isEmpty ? 'The file holds no tensors.' : 'No tensor fits this filter.'}</p>
        ${
          isEmpty
            ? nothing
            : textButton({
                label: 'Show all',
                onClick: () => app.look({ words: '', dtype: null, prefix: null }),
              })
        }
      </div>
    </div>
  `;
}
