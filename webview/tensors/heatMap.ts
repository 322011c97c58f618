/**
 * The picture of a tensor by numbers: which part of it, in how many cells, what they hold, and how
 * a number becomes a share of the colours. Knows nothing of the page.
 */
import type { Region } from '../../src/protocol/matrix';
import type { Statistics } from '../../src/protocol/tensors';
import type { Place } from '../controls/regions';
import type { Heat } from './taste';

/** A picture of cells, or the values themselves where there is room for them. */
export type HeatMap = CellMap | ValueMap;

interface Mapped {
  tensor: string;
  region: Region;
}

export interface CellMap extends Mapped {
  kind: 'cells';
  rows: number;
  columns: number;
  min: Float64Array;
  max: Float64Array;
  notFinite: Uint32Array;
  share: number;
}

export interface ValueMap extends Mapped {
  kind: 'values';
  numbers: Float64Array;
  exact: readonly string[] | null;
}

/** Least pixels of a cell, of one that shows its value, and most of any. */
const CELL = 4;
export const VALUE = { width: 62, height: 24 };
const LARGEST_CELL = 26;
export const MAP_HEIGHT = 208;

/** How many cells a region is shown in; undefined where its values are shown. */
export function gridOf(
  region: Region,
  width: number,
): { rows: number; columns: number } | undefined {
  const [height, across] = [region.bottom - region.top, region.right - region.left];
  if (fitsValues(region, width)) return undefined;
  return {
    rows: Math.min(height, Math.floor(MAP_HEIGHT / CELL)),
    columns: Math.min(across, Math.max(1, Math.floor(width / CELL))),
  };
}

export const valueRoom = (width: number): { rows: number; columns: number } => ({
  rows: Math.floor(MAP_HEIGHT / VALUE.height),
  columns: Math.max(1, Math.floor(width / VALUE.width)),
});

function fitsValues({ top, bottom, left, right }: Region, width: number): boolean {
  const room = valueRoom(width);
  return bottom - top <= room.rows && right - left <= room.columns;
}

/** Pixels of a cell. */
export function cellSize({ rows, columns }: { rows: number; columns: number }, width: number) {
  return {
    width: Math.min(LARGEST_CELL, width / columns),
    height: Math.min(LARGEST_CELL, MAP_HEIGHT / rows),
  };
}

/** Cell of a picture in which an element lies. */
export function cellAt({ region, rows, columns }: CellMap, { row, column }: Place): number {
  const [height, width] = [region.bottom - region.top, region.right - region.left];
  // the inverse of the engine's division into blocks
  const find = (at: number, length: number, cells: number): number => {
    let cell = Math.min(cells - 1, Math.floor((at * cells) / length));
    while (Math.floor(((cell + 1) * length) / cells) <= at) cell++;
    while (Math.floor((cell * length) / cells) > at) cell--;
    return cell;
  };
  return (
    find(row - region.top, height, rows) * columns + find(column - region.left, width, columns)
  );
}

/** Elements of a cell. */
export function blockOf({ region, rows, columns }: CellMap, cell: number): Region {
  const [i, j] = [Math.floor(cell / columns), cell % columns];
  const [height, width] = [region.bottom - region.top, region.right - region.left];
  return {
    top: region.top + Math.floor((i * height) / rows),
    bottom: region.top + Math.floor(((i + 1) * height) / rows),
    left: region.left + Math.floor((j * width) / columns),
    right: region.left + Math.floor(((j + 1) * width) / columns),
  };
}

/** How numbers become shares of the ramp. */
export interface HeatScale {
  from: number;
  to: number;
  /** Of a number, or of the one of two extremes that stands out. NaN for what is no number. */
  share(min: number, max: number): number;
  /** Whether numbers lie beyond the ends. */
  isCut: boolean;
}

const DEVIATIONS = 3;
/** Sizes are shown over so many powers of ten. */
const DECADES = 4;

export function heatScale(heat: Heat, { min, max, mean, deviation }: Statistics): HeatScale {
  const [low, high] = [min ?? 0, max ?? 0];
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (heat === 'size') {
    const [to, from] = [largest || 1, (largest || 1) / 10 ** DECADES];
    return {
      from,
      to,
      isCut: false,
      share: (a, b) => {
        const size = Math.max(Math.abs(a), Math.abs(b));
        return size === 0 ? 0 : 1 + Math.log10(size / to) / DECADES;
      },
    };
  }
  const [centre, reach] = [mean ?? 0, DEVIATIONS * (deviation ?? 0)];
  const [from, to] = [Math.max(low, centre - reach), Math.min(high, centre + reach)];
  const standingOut = (a: number, b: number) => (centre - a > b - centre ? a : b);
  return {
    from,
    to,
    isCut: from > low || to < high,
    share: (a, b) =>
      to > from ? (standingOut(a, b) - from) / (to - from) : Number.isNaN(a) ? NaN : 0.5,
  };
}
