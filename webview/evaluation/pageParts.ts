/** Parts of the page that keys lead to, by their ids. */
export const SEARCH_ID = 'search';
export const GRID_ID = 'samples';
