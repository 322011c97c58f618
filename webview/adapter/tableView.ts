/** The table of layers, of which only the rows in sight are in the page. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { textButton } from '../controls/toolkit';
import { moduleLabel } from '../controls/parameterName';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { type AdapterApp, ROW_HEIGHT } from './adapterApp';
import { type Metric, type Row, shareOnScale, type Side, valueOf } from './adapterRows';
import { GRID_ID } from './pageParts';
import { metricLabels, metricText, metricTitles, shapeText, sideLetters } from './texts';

/** Rows above and below those in sight, so that scrolling shows no gap. */
const MARGIN_ROWS = 8;

interface Column {
  readonly metric: Metric;
  readonly side: Side;
}

/** What matters least leaves first: pixels from which on there is room. */
const ofOne: readonly (readonly [from: number, metric: Metric])[] = [
  [0, 'norm'],
  [0, 'share'],
  [560, 'largest'],
  [0, 'effectiveRank'],
];
const ofEach: readonly (readonly [from: number, metric: Metric])[] = [
  [0, 'norm'],
  [500, 'share'],
  [740, 'effectiveRank'],
];
const COSINE_FROM = 600;
const SHAPE_FROM = 640;

function columnsOf({ state: { listWidth }, second }: AdapterApp): readonly Column[] {
  const fitting = (all: typeof ofOne) =>
    all.filter(([from]) => from <= listWidth).map(([, metric]) => metric);
  const column = (metric: Metric, side: Side = 'first'): Column => ({ metric, side });
  if (!second) return fitting(ofOne).map(metric => column(metric));
  const both = fitting(ofEach).flatMap(metric => [column(metric), column(metric, 'second')]);
  return [...both, column('subspace'), ...(listWidth >= COSINE_FROM ? [column('cosine')] : [])];
}

const hasShape = ({ state, second }: AdapterApp): boolean =>
  !second && state.listWidth >= SHAPE_FROM;

export function tableView(app: AdapterApp): TemplateResult {
  const { rows, chosen } = app;
  const at = chosen ? rows.indexOf(chosen) : -1;
  const [from, to] = sight(app);
  const columns = columnsOf(app);
  return html`
    <div
      id=${GRID_ID}
      class="table ${hasShape(app) ? 'shaped' : ''}"
      role="grid"
      tabindex="0"
      aria-label="Layers"
      aria-rowcount=${rows.length + 1}
      aria-activedescendant=${at >= from && at < to ? rowId(at) : nothing}
      ${css({ '--numbers': String(columns.length) })}
    >
      ${head(app, columns)}
      ${
        rows.length === 0
          ? noRows(app)
          : html`<div
              class="all-rows"
              role="rowgroup"
              ${css({ height: `${rows.length * ROW_HEIGHT}px` })}
            >
              ${Array.from({ length: to - from }, (_, i) => row(app, columns, from + i))}
            </div>`
      }
    </div>
  `;
}

const rowId = (at: number): string => `layer-${at}`;

function sight({ state, rows }: AdapterApp): [from: number, to: number] {
  const from = Math.max(0, Math.floor(state.scrollTop / ROW_HEIGHT) - MARGIN_ROWS);
  const count = Math.ceil(state.tableHeight / ROW_HEIGHT) + 2 * MARGIN_ROWS;
  return [Math.min(from, rows.length), Math.min(rows.length, from + count)];
}

const head = (app: AdapterApp, columns: readonly Column[]): TemplateResult => html`
  <div class="head" role="rowgroup">
    <div class="row-of" role="row" aria-rowindex="1">
      ${headCell(app, { by: 'layer', side: 'first' }, 'Layer', 'Sort in the order of the model')}
      ${hasShape(app) ? html`<span class="cell number" role="columnheader">Shape</span>` : nothing}
      ${columns.map(({ metric, side }) => {
        const isOfOne = app.second && metric !== 'subspace' && metric !== 'cosine';
        const label = `${shortLabels[metric] ?? metricLabels[metric]}${isOfOne ? ` ${sideLetters[side]}` : ''}`;
        return headCell(app, { by: metric, side }, label, metricTitles[metric]);
      })}
    </div>
  </div>
`;

const shortLabels: Partial<Record<Metric, string>> = {
  share: 'of ‖W‖',
  effectiveRank: 'Eff. rank',
  subspace: 'Subspace',
};

function headCell(
  app: AdapterApp,
  { by, side }: { by: Metric | 'layer'; side: Side },
  label: string,
  title: string,
): TemplateResult {
  const { sorting } = app;
  const isSorted = sorting.by === by && (by === 'layer' || sorting.side === side);
  const order = sorting.isDescending ? 'descending' : 'ascending';
  return html`
    <span
      class="cell ${by === 'layer' ? 'name' : 'number'}"
      role="columnheader"
      aria-sort=${isSorted ? order : 'none'}
    >
      <button tabindex="-1" title=${title} @click=${() => app.sortBy(by, side)}>
        ${label}${isSorted ? icon(sorting.isDescending ? 'arrowDown' : 'arrowUp', 'sorting') : nothing}
      </button>
    </span>
  `;
}

function row(app: AdapterApp, columns: readonly Column[], at: number): TemplateResult {
  const one = app.rows[at]!;
  const isChosen = one === app.chosen;
  return html`
    <div
      id=${rowId(at)}
      class="row row-of ${isChosen ? 'chosen' : ''}"
      role="row"
      aria-rowindex=${at + 2}
      aria-selected=${isChosen}
      ${css({ top: `${at * ROW_HEIGHT}px` })}
      @click=${() => app.choose(one)}
    >
      <span class="cell name" role="gridcell" title=${one.layer}
        >${one.place.layer === undefined ? nothing : html`<span class="faint number-of">${one.place.layer}</span>`}${moduleLabel(one.place.module)}</span
      >
      ${
        hasShape(app)
          ? html`<span class="cell number faint" role="gridcell"
              >${one.first ? shapeText(one.first.shape) : ''}</span
            >`
          : nothing
      }
      ${columns.map(column => numberCell(app, one, column))}
    </div>
  `;
}

function numberCell(app: AdapterApp, one: Row, { metric, side }: Column): TemplateResult {
  const value = valueOf(one, metric, side);
  const hasBar = !app.second && metric === app.metric;
  const share = shareOnScale(value, app.map.end);
  return html`<span class="cell number" role="gridcell"
    ><span>${metricText(metric, value)}</span>${
      hasBar
        ? html`<span class="bar" aria-hidden="true"
            ><span ${css({ width: `${Number.isNaN(share) ? 0 : share * 100}%` })}></span
          ></span>`
        : nothing
    }</span
  >`;
}

const noRows = (app: AdapterApp): TemplateResult => html`
  <div class="no-rows" role="row">
    <div role="gridcell">
      <p>${app.all.length === 0 ? 'Nothing is read yet.' : 'No layer fits this filter.'}</p>
      ${
        app.all.length === 0
          ? nothing
          : textButton({ label: 'Show all', onClick: () => app.look('') })
      }
    </div>
  </div>
`;
