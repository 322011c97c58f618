/** Parts of the page that keys lead to, by their ids. */
export const FILTER_ID = 'filter';
export const GRID_ID = 'tensors';
export const MAP_ID = 'map';
