/** Where a parameter differs: blocks coloured by their largest difference, down to the values. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import type { HeatPicture } from '../controls/heatElement';
import { isWhole, type Place } from '../controls/regions';
import { iconButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { cssColour, rampColour, textOn } from '../theme/ramp';
import { type DiffApp, MAP_GUTTER } from './diffApp';
import { TILES_ID } from './pageParts';
import { differenceText } from './texts';
import {
  blockOf,
  cellAt,
  type CellMap,
  cellSize,
  MAP_HEIGHT,
  shareOf,
  TILE,
  VALUE,
  type ValueMap,
} from './tileMap';

export function tilesView(app: DiffApp): TemplateResult {
  const { detail } = app.state;
  const map = detail?.row === app.chosen ? detail?.map : undefined;
  const { matrix, region } = app;
  return html`
    <section class="tiles" aria-label="Difference">
      <header>
        <h3>|difference|${map?.kind === 'cells' ? ` per ${blockText(map)}` : ''}</h3>
        <span class="spacer"></span>
        ${iconButton({
          icon: 'zoomIn',
          label: 'Zoom in, down to the values (+)',
          isDisabled: !map || map.kind === 'values',
          onClick: () => app.zoom(4),
        })}
        ${iconButton({
          icon: 'zoomOut',
          label: 'Show all of it (0)',
          isDisabled: !region || !matrix || isWhole(region, matrix),
          onClick: () => app.setRegion(null),
        })}
      </header>
      ${
        !map
          ? html`<div
              class="tiles-room"
              aria-busy="true"
              ${css({ height: `${MAP_HEIGHT}px` })}
            ></div>`
          : map.kind === 'cells'
            ? cells(app, map)
            : values(app, map)
      }
      <div class="tiles-foot">
        <span class="faint">column ${countText(map?.region.left ?? 0)}</span>
        <span id="tile-words" aria-live=${app.state.isPlaceSpoken ? 'polite' : 'off'}
          >${map ? words(app, map) : ''}</span
        >
        <span class="faint">${map ? countText(map.region.right - 1) : ''}</span>
      </div>
    </section>
  `;
}

const blockText = ({ block }: CellMap): string =>
  block === TILE ? '32 × 32 tile' : block === 1 ? 'element' : `${block} × ${block} block`;

let drawn: { key: readonly unknown[]; picture: HeatPicture } | undefined;

/** Drawing one takes a while when it has many cells. */
function pictureOf(app: DiffApp, map: CellMap): HeatPicture {
  const { palette } = app.state;
  const key = [map, palette, app.mapWidth];
  if (drawn && key.every((part, i) => part === drawn!.key[i])) return drawn.picture;
  const most = app.table.valueOf(map.row, 'maxAbs');
  const colours = new Uint8ClampedArray(map.rows * map.columns * 4);
  const crossed: number[] = [];
  map.most.forEach((difference, cell) => {
    if (map.notFinite[cell]! > 0) crossed.push(cell);
    const share = shareOf(difference, most);
    if (Number.isNaN(share)) return;
    colours.set([...rampColour(palette.theme, share), 255], cell * 4);
  });
  const crossColour = getComputedStyle(document.body).getPropertyValue('--wr-bad').trim();
  const cell = cellSize(map, app.mapWidth);
  const picture = { rows: map.rows, columns: map.columns, cell, colours, crossed, crossColour };
  drawn = { key, picture };
  return picture;
}

function cells(app: DiffApp, map: CellMap): TemplateResult {
  const picture = pictureOf(app, map);
  const { width, height } = picture.cell;
  const at = cursorOf(app, map);
  const placeAt = (event: MouseEvent): Place => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / width);
    const row = Math.floor((event.clientY - box.top) / height);
    const inside = (value: number, most: number) => Math.min(Math.max(value, 0), most - 1);
    const cell = inside(row, map.rows) * map.columns + inside(column, map.columns);
    const block = blockOf(map, cell);
    return { row: block.top, column: block.left };
  };
  return html`
    <div class="tiles-room">
      ${gutter(map.region, height * map.rows)}
      <div
        id=${TILES_ID}
        class="tiles-map"
        role="img"
        tabindex="0"
        aria-label="Differences: ${map.rows} × ${map.columns} blocks. Arrow keys move, plus and minus zoom."
        aria-describedby="tile-words"
        ${css({ width: `${width * map.columns}px`, height: `${height * map.rows}px` })}
        @pointermove=${(event: PointerEvent) => app.movePlace(placeAt(event))}
        @pointerleave=${() => app.movePlace(null)}
        @dblclick=${(event: MouseEvent) => {
          app.movePlace(placeAt(event));
          app.zoom(4);
        }}
      >
        <wr-heat .picture=${picture}></wr-heat>
        <span
          class="tile-cursor"
          ${css({
            left: `${(at % map.columns) * width}px`,
            top: `${Math.floor(at / map.columns) * height}px`,
            width: `${width}px`,
            height: `${height}px`,
          })}
        ></span>
      </div>
    </div>
  `;
}

const gutter = ({ top, bottom }: { top: number; bottom: number }, height: number) => html`
  <div
    class="tiles-rows faint"
    aria-hidden="true"
    ${css({ height: `${height}px`, width: `${MAP_GUTTER}px` })}
  >
    <span>${top}</span>${bottom - top > 1 ? html`<span>${bottom - 1}</span>` : nothing}
  </div>
`;

/** Where the pointer or a key is; else where most differs. */
function cursorOf(app: DiffApp, map: CellMap): number {
  const { place } = app.state;
  const { region } = map;
  const isInside =
    place !== null &&
    place.row >= region.top &&
    place.row < region.bottom &&
    place.column >= region.left &&
    place.column < region.right;
  return isInside ? cellAt(map, place) : worstOf(map);
}

const worstOf = ({ most }: CellMap): number =>
  most.reduce((best, value, cell) => (value > (most[best] ?? 0) ? cell : best), 0);

/** Left above right, coloured by their difference. */
function values(app: DiffApp, map: ValueMap): TemplateResult {
  const { region } = map;
  const width = region.right - region.left;
  const most = app.table.valueOf(map.row, 'maxAbs');
  const { theme } = app.state.palette;
  return html`
    <div class="tiles-room">
      ${gutter(region, (region.bottom - region.top) * VALUE.height)}
      <table id=${TILES_ID} class="tile-values" tabindex="0" aria-label="Left above right">
        ${Array.from(
          { length: region.bottom - region.top },
          (_, row) =>
            html`<tr>
              ${Array.from({ length: width }, (_cell, column) => {
                const at = row * width + column;
                const [a, b] = [map.left[at]!, map.right[at]!];
                const share = shareOf(Math.abs(a - b), most);
                const colour = rampColour(theme, Number.isNaN(share) ? 1 : share);
                const isPlace =
                  app.state.place?.row === region.top + row &&
                  app.state.place.column === region.left + column;
                return html`<td
                  class=${isPlace ? 'place' : ''}
                  ${css({ background: cssColour(colour), color: textOn(colour) })}
                  @pointerenter=${() =>
                    app.set({ place: { row: region.top + row, column: region.left + column } })}
                >
                  <span>${number(a)}</span><span>${number(b)}</span>
                </td>`;
              })}
            </tr>`,
        )}
      </table>
    </div>
  `;
}

const number = (value: number): string =>
  Number.isFinite(value)
    ? value.toPrecision(4).replace('-', '\u2212').replace('e-', 'e\u2212')
    : Number.isNaN(value)
      ? 'NaN'
      : value > 0
        ? '∞'
        : '\u2212∞';

function words(app: DiffApp, map: CellMap | ValueMap): string {
  const { place } = app.state;
  if (map.kind === 'values') {
    if (!place) return 'left above right';
    const { region } = map;
    const at = (place.row - region.top) * (region.right - region.left) + place.column - region.left;
    const [a, b] = [map.left[at], map.right[at]];
    if (a === undefined || b === undefined) return '';
    return `[${place.row}, ${place.column}]: ${number(a)} and ${number(b)}, ${differenceText(Math.abs(a - b))} apart`;
  }
  const cell = cursorOf(app, map);
  const block = blockOf(map, cell);
  const bad = map.notFinite[cell]!;
  const where =
    map.block === TILE
      ? `tile ${Math.floor(block.top / TILE)}, ${Math.floor(block.left / TILE)}`
      : map.block === 1
        ? `[${block.top}, ${block.left}]`
        : `rows ${block.top}–${block.bottom - 1}, columns ${block.left}–${block.right - 1}`;
  return `${where}: max ${differenceText(map.most[cell]!)}${bad > 0 ? `, ${countText(bad)} not finite` : ''}`;
}
