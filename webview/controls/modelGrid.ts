/** The grid of a model's map: a row a module, a column a layer. Knows nothing of what a cell means. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { css } from '../theme/cssProperties';
import type { ModelLayout } from './modelLayout';

/** How a cell looks; undefined where the model has nothing. */
export interface CellLook {
  readonly classes: readonly string[];
  readonly colours: Readonly<Record<string, string>>;
  /** Said by screen readers and shown on hover. */
  readonly words: string;
  readonly mark: string;
  readonly isChosen: boolean;
}

export interface ModelGrid {
  readonly id: string;
  readonly label: string;
  readonly layout: Pick<ModelLayout, 'modules' | 'labels' | 'layers'>;
  /** Cell that is looked at by key. */
  readonly active: number | null;
  look(at: number): CellLook | undefined;
  choose(at: number): void;
}

/** More modules are drawn in lower rows. */
const MANY_MODULES = 14;

export function modelGrid(grid: ModelGrid): TemplateResult {
  const { modules, labels, layers } = grid.layout;
  const isDense = modules.length > MANY_MODULES;
  return html`
    <div
      id=${grid.id}
      class="model-map ${isDense ? 'dense' : ''}"
      role="grid"
      tabindex="0"
      aria-label="${grid.label}: ${modules.length} modules by ${layers.length} layers"
      aria-activedescendant=${grid.active === null ? nothing : cellId(grid.active)}
      ${css({ '--columns': String(layers.length), '--row': `${isDense ? 12 : 18}px` })}
    >
      ${modules.map(
        (module, row) => html`
          <div class="map-line" role="row">
            <span class="map-module" role="rowheader" title=${module}>${labels[row]}</span>
            ${layers.map((_, column) => cellView(grid, row * layers.length + column))}
          </div>
        `,
      )}
      <div class="map-line layers" role="row">
        <span class="map-module" role="rowheader">layer</span>
        ${layers.map(
          ([from, to], column) =>
            html`<span
              role="columnheader"
              title=${from === to ? `layer ${from}` : `layers ${from} to ${to}`}
              >${isLabelled(column, layers.length) ? from : ''}</span
            >`,
        )}
      </div>
    </div>
  `;
}

/** At most some 24 numbers stand below. */
const isLabelled = (column: number, columns: number): boolean =>
  column % Math.max(1, Math.ceil(columns / 24)) === 0;

const cellId = (at: number): string => `cell-${at}`;

function cellView(grid: ModelGrid, at: number): TemplateResult {
  const look = grid.look(at);
  const active = grid.active === at ? 'active' : '';
  if (!look)
    return html`<span
      id=${cellId(at)}
      class="map-cell none ${active}"
      role="gridcell"
      aria-label="nothing"
    ></span>`;
  return html`<span
    id=${cellId(at)}
    class="map-cell ${look.classes.join(' ')} ${look.isChosen ? 'chosen' : ''} ${active}"
    role="gridcell"
    aria-selected=${look.isChosen}
    aria-label=${look.words}
    title=${look.words}
    ${css(look.colours)}
    @click=${() => grid.choose(at)}
    >${look.mark}</span
  >`;
}

/** The cell that many steps from the one that is looked at, inside the grid. */
export function steppedCell(
  { modules, layers }: ModelGrid['layout'],
  at: number | null,
  [down, across]: readonly [down: number, across: number],
): number | null {
  if (layers.length === 0) return null;
  if (at === null) return 0;
  const row = Math.min(Math.max(Math.floor(at / layers.length) + down, 0), modules.length - 1);
  const column = Math.min(Math.max((at % layers.length) + across, 0), layers.length - 1);
  return row * layers.length + column;
}
