/** Elements that take the focus, by their ids. */
export const GRID_ID = 'parameters';
export const FILTER_ID = 'filter';
export const MAP_ID = 'model-map';
export const TILES_ID = 'tiles';
