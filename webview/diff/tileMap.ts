/**
 * The difference of a parameter as a picture: a region in blocks of whole tiles or of fewer elements,
 * or the values themselves where there is room. Knows nothing of the page.
 */
import type { Matrix, Region } from '../../src/protocol/matrix';
import { matrixOf } from '../../src/protocol/matrix';
import { isWhole, type Place } from '../controls/regions';

export type TileMap = CellMap | ValueMap;

interface Shown {
  readonly row: number;
  readonly region: Region;
}

export interface CellMap extends Shown {
  readonly kind: 'cells';
  /** Elements along a side of a block. */
  readonly block: number;
  readonly rows: number;
  readonly columns: number;
  readonly most: Float64Array;
  readonly notFinite: Uint32Array;
  readonly share: number;
}

export interface ValueMap extends Shown {
  readonly kind: 'values';
  readonly left: Float64Array;
  readonly right: Float64Array;
}

export const TILE = 32;
/** Least pixels of a cell, and most of any. */
const CELL = 4;
const LARGEST_CELL = { width: 46, height: 24 };
export const MAP_HEIGHT = 152;
/** Pixels of a value; two stand in it. */
export const VALUE = { width: 74, height: 38 };
/** Of smaller parameters a tile would be most of it. */
const TILED_FROM = 256;

/** A parameter as the engine has it in rows and columns. */
export const matrixOfParameter = (shape: readonly number[]): Matrix =>
  matrixOf(shape.filter((size, i) => size !== 1 || i === shape.length - 1));

/** Elements along a side of a block; undefined where the values fit. */
export function blockFor(region: Region, matrix: Matrix, width: number): number | undefined {
  const [height, across] = [region.bottom - region.top, region.right - region.left];
  const room = valueRoom(width);
  if (height <= room.rows && across <= room.columns) return undefined;
  let block = 1;
  while (across / block > width / CELL || height / block > MAP_HEIGHT / CELL) block *= 2;
  const isTiled = isWhole(region, matrix) && Math.max(height, across) >= TILED_FROM;
  return isTiled ? Math.max(TILE, block) : block;
}

export const valueRoom = (width: number): { rows: number; columns: number } => ({
  rows: Math.floor(MAP_HEIGHT / VALUE.height),
  columns: Math.max(1, Math.floor(width / VALUE.width)),
});

export function cellSize({ rows, columns }: CellMap, width: number) {
  return {
    width: Math.min(LARGEST_CELL.width, width / columns),
    height: Math.min(LARGEST_CELL.height, MAP_HEIGHT / rows),
  };
}

export const cellAt = ({ region, block, columns }: CellMap, { row, column }: Place): number =>
  Math.floor((row - region.top) / block) * columns + Math.floor((column - region.left) / block);

export function blockOf({ region, block, columns }: CellMap, cell: number): Region {
  const top = region.top + Math.floor(cell / columns) * block;
  const left = region.left + (cell % columns) * block;
  return {
    top,
    left,
    bottom: Math.min(region.bottom, top + block),
    right: Math.min(region.right, left + block),
  };
}

/** So many powers of ten below the largest difference are told apart. */
const DECADES = 4;

/** Share of the ramp of a difference; the largest of the parameter is 1. */
export function shareOf(difference: number, most: number): number {
  if (Number.isNaN(difference)) return NaN;
  if (difference === 0 || most === 0) return 0;
  return Math.max(0, 1 + Math.log10(difference / most) / DECADES);
}
