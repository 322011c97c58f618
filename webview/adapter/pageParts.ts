/** Elements that take the focus, by their ids. */
export const GRID_ID = 'layers';
export const FILTER_ID = 'filter';
export const MAP_ID = 'adapter-map';
