/**
 * Matrices in the order of a Tenstorrent device's memory: tiles of 32 × 32, a tile as four faces of
 * 16 × 16, missing rows and columns as zeros. Pure.
 */
import { sizeOf, type Tensor } from '../tensor/tensor';
import { arrayLike } from './transform';
import { TILE, toTiles } from './ttmlLayout';

const FACE = 16;

/** Where an element of a matrix of `columns` (a multiple of 32) lies among its tiles. */
function placeInTiles(row: number, column: number, columns: number): number {
  const tile = Math.floor(row / TILE) * (columns / TILE) + Math.floor(column / TILE);
  const [r, c] = [row % TILE, column % TILE];
  const face = 2 * Math.floor(r / FACE) + Math.floor(c / FACE);
  return tile * TILE * TILE + face * FACE * FACE + (r % FACE) * FACE + (c % FACE);
}

/** @param x […, rows, columns]; all but the last two dimensions are 1. @returns [elements] */
export function toTiled(x: Tensor): Tensor {
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  const [fullRows, fullColumns] = [toTiles(rows), toTiles(columns)];
  const data = arrayLike(x.data, fullRows * fullColumns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      data[placeInTiles(row, column, fullColumns)] = x.data[row * columns + column]!;
  return { dtype: x.dtype, shape: [data.length], data };
}

/** The inverse of `toTiled`; padding is left out. */
export function fromTiled(x: Tensor, shape: readonly number[]): Tensor {
  const [rows = 1, columns = 1] = shape.slice(-2);
  const data = arrayLike(x.data, sizeOf(shape));
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      data[row * columns + column] = x.data[placeInTiles(row, column, toTiles(columns))]!;
  return { dtype: x.dtype, shape, data };
}
