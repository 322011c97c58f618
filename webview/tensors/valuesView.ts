/** The values themselves, in the colours of the map: a grid that can be walked and copied. */
import { type TemplateResult, html } from 'lit/html.js';
import { css } from '../theme/cssProperties';
import { cssColour, rampColour, textOn } from '../theme/ramp';
import { VALUE, type HeatScale, type ValueMap } from './heatMap';
import { MAP_ID } from './pageParts';
import type { TensorsApp } from './tensorsApp';
import { cellText, indexLabel } from './texts';

export function valuesView(app: TensorsApp, map: ValueMap, scale: HeatScale): TemplateResult {
  const { region } = map;
  const [height, width] = [region.bottom - region.top, region.right - region.left];
  const indices = (count: number) => Array.from({ length: count }, (_, i) => i);
  const { place } = app.state;
  const active = place ? valueId(place.row, place.column) : '';
  return html`
    <div class="map-room">
      <div class="map-rows every" aria-hidden="true">
        ${indices(height).map(i => html`<span>${indexLabel(region.top + i)}</span>`)}
      </div>
      <div
        id=${MAP_ID}
        class="values"
        role="grid"
        tabindex="0"
        aria-label="Values of ${map.tensor}"
        aria-rowcount=${app.matrix?.rows ?? height}
        aria-colcount=${app.matrix?.columns ?? width}
        aria-activedescendant=${active}
        @pointerleave=${() => app.movePlace(null)}
      >
        ${indices(height).map(
          i => html`
            <div role="row" aria-rowindex=${region.top + i + 1}>
              ${indices(width).map(j => value(app, map, scale, { i, j }))}
            </div>
          `,
        )}
      </div>
    </div>
  `;
}

const valueId = (row: number, column: number): string => `value-${row}-${column}`;

function value(
  app: TensorsApp,
  { region, numbers, exact }: ValueMap,
  scale: HeatScale,
  { i, j }: { i: number; j: number },
): TemplateResult {
  const at = i * (region.right - region.left) + j;
  const number = numbers[at];
  const place = { row: region.top + i, column: region.left + j };
  const { palette, place: chosen } = app.state;
  const share = number === undefined ? NaN : scale.share(number, number);
  const isFinite = number !== undefined && Number.isFinite(number);
  const colour = rampColour(palette.theme, share);
  const look: Record<string, string> = isFinite
    ? { background: cssColour(colour), color: textOn(colour) }
    : { background: 'transparent', color: number === undefined ? 'inherit' : 'var(--wr-bad)' };
  const isChosen = chosen?.row === place.row && chosen.column === place.column;
  const text = exact?.[at] ?? (number === undefined ? '' : cellText(number));
  return html`
    <span
      id=${valueId(place.row, place.column)}
      class="value ${isChosen ? 'chosen' : ''}"
      role="gridcell"
      aria-colindex=${place.column + 1}
      title=${exact?.[at] ?? (number === undefined ? '' : String(number))}
      ${css({ ...look, width: `${VALUE.width - 2}px` })}
      @pointermove=${() => app.movePlace(place)}
      >${text}</span
    >
  `;
}
