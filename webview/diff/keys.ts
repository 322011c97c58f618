/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { focus, isIn, type Key, listen } from '../controls/keys';
import { type DiffApp, ROW_HEIGHT } from './diffApp';
import { FILTER_ID, GRID_ID, MAP_ID, TILES_ID } from './pageParts';

const keys: readonly Key<DiffApp>[] = [
  {
    keys: ['arrowup', 'arrowdown', 'arrowleft', 'arrowright'],
    shown: '↑ ↓',
    does: 'Choose a parameter; in map and tiles ← → ↑ ↓ move',
    act(app, { key }) {
      const down = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
      const across = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      if (isIn(TILES_ID)) return app.stepPlace(down, across);
      if (isIn(MAP_ID)) return app.stepMap(down, across);
      if (down !== 0) app.step(down);
      if (isIn(FILTER_ID)) focus(GRID_ID);
    },
  },
  {
    keys: ['pageup', 'pagedown'],
    shown: 'Page',
    does: 'By a page',
    act(app, { key }) {
      const rows = Math.max(1, Math.floor(app.state.tableHeight / ROW_HEIGHT) - 1);
      app.step(key === 'PageDown' ? rows : -rows);
    },
  },
  {
    keys: ['home', 'end'],
    shown: 'Home End',
    does: 'The first, the last',
    act: (app, { key }) => app.step((key === 'End' ? 1 : -1) * app.rows.length),
  },
  {
    keys: ['enter'],
    shown: 'Enter',
    does: 'Details: from the table into the tiles, from the map to the parameter',
    act(app) {
      const { mapAt } = app.state;
      const cell = mapAt === null ? undefined : app.map.cells[mapAt];
      if (isIn(MAP_ID) && cell) app.choose(cell.row);
      else focus(TILES_ID);
    },
  },
  {
    keys: ['f8'],
    shown: 'F8',
    does: 'Next mismatch; with Shift the former',
    act: (app, { shiftKey }) => app.stepProblem(shiftKey ? -1 : 1),
  },
  { keys: ['/'], shown: '/', does: 'Filter by name', act: () => focus(FILTER_ID) },
  { keys: ['m'], shown: 'M', does: 'Into the model map', act: () => focus(MAP_ID) },
  { keys: ['+', '='], shown: '+', does: 'Zoom in, down to the values', act: app => app.zoom(2) },
  { keys: ['-'], shown: '−', does: 'Zoom out', act: app => app.zoom(0.5) },
  { keys: ['0'], shown: '0', does: 'Show all of the parameter', act: app => app.setRegion(null) },
  {
    keys: ['t'],
    shown: 'T',
    does: 'Histograms as tables',
    act: app => app.prefer({ asTable: !app.state.taste.asTable }),
  },
  {
    keys: ['c'],
    shown: 'C',
    does: 'Copy the name',
    act(app) {
      const row = app.chosen;
      if (row !== undefined) void app.copy(app.table.names[row]!, 'the name');
    },
  },
  {
    keys: ['?'],
    shown: '?',
    does: 'These keys',
    act: app => app.set({ isHelpOpen: !app.state.isHelpOpen }),
  },
  { keys: ['escape'], shown: 'Escape', does: 'Close, then clear the filter', act: closeOne },
];

export function listenToKeys(app: DiffApp): void {
  listen(app, keys, event => !app.hasTable || isTyping(event));
}

/** Keys belong to a control that has the focus and a use for them. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  const { key } = event;
  if (target.id === FILTER_ID) return !['Escape', 'ArrowDown', 'ArrowUp', 'F8'].includes(key);
  if (target instanceof HTMLSelectElement) return key !== 'Escape' && key !== 'F8';
  if (target instanceof HTMLInputElement) return key.startsWith('Arrow') || key === ' ';
  const isButton = target.closest('button, vscode-button') !== null;
  if (isButton && (key === ' ' || key === 'Enter')) return true;
  return target.closest('.bins') !== null && /^(Arrow|Page|Home|End)/.test(key);
}

function closeOne(app: DiffApp): void {
  const { isHelpOpen, open, taste, region } = app.state;
  if (isHelpOpen) app.set({ isHelpOpen: false });
  else if (open !== null) app.set({ open: null });
  else if (isIn(TILES_ID) && region !== null) app.setRegion(null);
  else if (isIn(TILES_ID) || isIn(MAP_ID)) focus(GRID_ID);
  else if (taste.words !== '' || taste.show !== 'all') app.look({ words: '', show: 'all' });
  else focus(GRID_ID);
}

export const keyHelp = (app: DiffApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
