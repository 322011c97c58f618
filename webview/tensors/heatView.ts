/** The map of a tensor: its colours, the cell that is looked at, the way in to the values and out. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import type { Matrix, Region } from '../../src/protocol/matrix';
import { indexText, isWhole } from '../controls/regions';
import { iconButton, segments } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { rampColour, rampGradient } from '../theme/ramp';
import type { HeatPicture } from '../controls/heatElement';
import type { CellMap, HeatScale } from './heatMap';
import { blockOf, cellAt, cellSize, heatScale, VALUE } from './heatMap';
import type { Heat } from './taste';
import type { TensorsApp } from './tensorsApp';
import { indexLabel, rangeText, shareText, valueText } from './texts';
import { MAP_ID } from './pageParts';
import { valuesView } from './valuesView';
import { listenToMap } from './mapPointer';

const choices: readonly { value: Heat; label: string; title: string }[] = [
  {
    value: 'value',
    label: 'Value',
    title: 'Colours by the value, over three deviations around the mean',
  },
  {
    value: 'size',
    label: 'Size',
    title: 'Colours by the distance from zero, over four powers of ten',
  },
];

export function heatView(app: TensorsApp): TemplateResult {
  const { map, taste, numbers } = app.state;
  const scale = scaleOf(app);
  return html`
    <section class="heat" aria-label="Map">
      <header>
        <h3>Map</h3>
        ${segments('heat', 'Colours', choices, taste.heat, heat => app.prefer({ heat }))}
        <span class="spacer"></span>
        ${scale && numbers && scale.from < scale.to ? legend(app, scale) : nothing}
      </header>
      ${
        !map || !scale
          ? html`<div class="map-room" aria-busy="true"></div>`
          : map.kind === 'values'
            ? valuesView(app, map, scale)
            : cellsView(app, map, scale)
      }
      ${footLine(app)}
    </section>
  `;
}

/** Of the whole tensor once that is known, so that zooming changes no colour. */
export function scaleOf({ state }: TensorsApp): HeatScale | undefined {
  const { map, taste, numbers } = state;
  if (numbers?.statistics) return heatScale(taste.heat, numbers.statistics);
  if (!map) return undefined;
  const [low, high] = map.kind === 'cells' ? [map.min, map.max] : [map.numbers, map.numbers];
  const finite = (values: Float64Array) => values.filter(Number.isFinite);
  const min = finite(low).reduce((a, b) => Math.min(a, b), Infinity);
  const max = finite(high).reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(min <= max)) return undefined;
  const facts = { count: 0, nan: 0, infinite: 0, zeros: 0, mean: (min + max) / 2 };
  return heatScale(taste.heat, { ...facts, min, max, deviation: (max - min) / 2 });
}

function legend(app: TensorsApp, { from, to, isCut }: HeatScale): TemplateResult {
  const { palette, taste } = app.state;
  const [low, high] =
    taste.heat === 'size'
      ? [`≤ ${valueText(from)}`, valueText(to)]
      : isCut
        ? [`≤ ${valueText(from)}`, `≥ ${valueText(to)}`]
        : [valueText(from), valueText(to)];
  return html`
    <div class="legend" role="img" aria-label="Colours from ${low} to ${high}">
      <span>${low}</span
      ><span class="ramp" ${css({ background: rampGradient(palette.theme) })}></span
      ><span>${high}</span>
    </div>
  `;
}

/** Pictures by what they are made of: drawing one takes a while when it has many cells. */
let drawn: { key: readonly unknown[]; picture: HeatPicture } | undefined;

function pictureOf(app: TensorsApp, map: CellMap, scale: HeatScale): HeatPicture {
  const { palette, taste, numbers } = app.state;
  const key = [map, palette, taste.heat, numbers?.statistics, app.mapWidth];
  if (drawn && key.every((part, i) => part === drawn!.key[i])) return drawn.picture;
  const { rows, columns, min, max, notFinite } = map;
  const colours = new Uint8ClampedArray(rows * columns * 4);
  const crossed: number[] = [];
  for (let cell = 0; cell < rows * columns; cell++) {
    if (notFinite[cell]! > 0) crossed.push(cell);
    const share = scale.share(min[cell]!, max[cell]!);
    if (Number.isNaN(share)) continue;
    const [red, green, blue] = rampColour(palette.theme, share);
    colours.set([red, green, blue, 255], cell * 4);
  }
  const cell = cellSize(map, app.mapWidth);
  const picture = { rows, columns, cell, colours, crossed, crossColour: crossColour() };
  drawn = { key, picture };
  return picture;
}

const crossColour = (): string =>
  getComputedStyle(document.body).getPropertyValue('--wr-bad').trim();

function cellsView(app: TensorsApp, map: CellMap, scale: HeatScale): TemplateResult {
  const { place } = app.state;
  const picture = pictureOf(app, map, scale);
  const { width, height } = picture.cell;
  const at = place && isInside(app) ? cellAt(map, place) : undefined;
  const { top, bottom } = map.region;
  return html`
    <div class="map-room">
      <div class="map-rows" aria-hidden="true" ${css({ height: `${height * map.rows}px` })}>
        <span>${indexLabel(top)}</span>
        ${bottom - top > 1 ? html`<span>${indexLabel(bottom - 1)}</span>` : nothing}
      </div>
      <div
        id=${MAP_ID}
        class="map"
        role="img"
        tabindex="0"
        aria-label="Map of ${map.tensor}: ${map.rows} × ${map.columns} cells. Arrow keys move, plus and minus zoom."
        aria-describedby="map-words"
        ${listenToMap(app, map, picture)}
        ${css({ width: `${width * map.columns}px`, height: `${height * map.rows}px` })}
      >
        <wr-heat .picture=${picture}></wr-heat>
        ${
          at === undefined
            ? nothing
            : html`<span
                class="map-cursor"
                ${css({
                  left: `${(at % map.columns) * width}px`,
                  top: `${Math.floor(at / map.columns) * height}px`,
                  width: `${width}px`,
                  height: `${height}px`,
                })}
              ></span>`
        }
      </div>
    </div>
  `;
}

function isInside({ state, region }: TensorsApp): boolean {
  const { place } = state;
  if (!place || !region) return false;
  return (
    place.row >= region.top &&
    place.row < region.bottom &&
    place.column >= region.left &&
    place.column < region.right
  );
}

/** The columns at the ends, what the cell holds, and the ways in and out. */
function footLine(app: TensorsApp): TemplateResult {
  const { map, isPlaceSpoken } = app.state;
  const { matrix, region } = app;
  if (!matrix || !region) return html``;
  return html`
    <div class="map-foot">
      <span class="ends" ${css({ width: `${acrossOf(app)}px` })}>${ends(matrix, region)}</span>
      <div class="map-line">
        <span id="map-words" aria-live=${isPlaceSpoken ? 'polite' : 'off'}>${words(app)}</span>
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
          isDisabled: isWhole(region, matrix),
          onClick: () => app.setRegion(null),
        })}
      </div>
    </div>
  `;
}

/** Pixels across what is shown. */
function acrossOf({ state, mapWidth }: TensorsApp): number {
  const { map } = state;
  if (!map) return mapWidth;
  const { region } = map;
  return map.kind === 'values'
    ? (region.right - region.left) * VALUE.width
    : cellSize(map, mapWidth).width * map.columns;
}

/** Its first and last column; of a list, its first and last element. */
function ends(matrix: Matrix, { top, bottom, left, right }: Region): TemplateResult {
  const last = Math.min(matrix.count, (bottom - 1) * matrix.columns + right) - 1;
  const [word, from, to] = matrix.isWrapped
    ? ['from', top * matrix.columns + left, last]
    : ['column', left, right - 1];
  return html`<span>${word} ${countText(from)}</span>${
      to > from ? html`<span>${countText(to)}</span>` : nothing
    }`;
}

/** What is under the cursor; without one, how much of the tensor the picture was made from. */
function words(app: TensorsApp): string {
  const { map, place } = app.state;
  const { matrix, chosen } = app;
  if (!map || !matrix || chosen === undefined) return '';
  const shape = app.table.shapeOf(chosen);
  if (place && isInside(app)) {
    if (map.kind === 'values') {
      const { region } = map;
      const width = region.right - region.left;
      const at = (place.row - region.top) * width + place.column - region.left;
      const value = map.exact?.[at] ?? valueText(map.numbers[at] ?? NaN);
      return `[${indexText(shape, matrix, place)}]: ${value}`;
    }
    const cell = cellAt(map, place);
    const block = blockOf(map, cell);
    const bad = map.notFinite[cell]!;
    const range = rangeText(map.min[cell]!, map.max[cell]!);
    const what = blockText(app, block);
    return `${what}: ${range}${bad > 0 ? `, ${countText(bad)} not finite` : ''}`;
  }
  if (map.kind === 'cells' && map.share < 1)
    return `From ${shareText(map.share, 1)} of its elements; zoom in for all`;
  return map.kind === 'cells' && (map.rows < matrix.rows || map.columns < matrix.columns)
    ? 'Each cell shows the value that stands out most'
    : '';
}

/** "rows 9–18, columns 2–3"; where rows are of several dimensions, from which element. */
function blockText({ table, matrix, chosen }: TensorsApp, block: Region): string {
  const shape = table.shapeOf(chosen!);
  const [height, width] = [block.bottom - block.top, block.right - block.left];
  const first = indexText(shape, matrix!, { row: block.top, column: block.left });
  if (height === 1 && width === 1) return `[${first}]`;
  const span = (name: string, from: number, to: number) =>
    to - from === 1
      ? `${name} ${countText(from)}`
      : `${name}s ${countText(from)}–${countText(to - 1)}`;
  if (shape.length === 2)
    return `${span('row', block.top, block.bottom)}, ${span('column', block.left, block.right)}`;
  return height === 1
    ? `[${first}] and ${countText(width - 1)} after it`
    : `[${first}] and ${countText(height)} × ${countText(width)} from there`;
}
