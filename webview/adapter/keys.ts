/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { focus, isIn, type Key, listen } from '../controls/keys';
import { type AdapterApp, ROW_HEIGHT } from './adapterApp';
import { FILTER_ID, GRID_ID, MAP_ID } from './pageParts';

const keys: readonly Key<AdapterApp>[] = [
  {
    keys: ['arrowup', 'arrowdown', 'arrowleft', 'arrowright'],
    shown: '↑ ↓',
    does: 'Choose a layer; in the map ← → ↑ ↓ move',
    act(app, { key }) {
      const down = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
      const across = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      if (isIn(MAP_ID)) return app.stepMap(down, across);
      if (down !== 0) app.step(down);
      if (isIn(FILTER_ID)) focus(GRID_ID);
    },
  },
  {
    keys: ['pageup', 'pagedown'],
    shown: 'Page ↑ ↓',
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
    does: 'In the map: look at the layer',
    act(app) {
      const { mapAt } = app.state;
      const cell = mapAt === null ? undefined : app.map.cells[mapAt];
      if (isIn(MAP_ID) && cell) app.choose(cell.row);
    },
  },
  { keys: ['/'], shown: '/', does: 'Filter by name', act: () => focus(FILTER_ID) },
  { keys: ['m'], shown: 'M', does: 'Into the map', act: () => focus(MAP_ID) },
  { keys: ['e'], shown: 'E', does: 'Colour by the next metric', act: app => app.stepMetric() },
  { keys: ['x'], shown: 'X', does: 'Exchange A and B', act: app => app.swap() },
  {
    keys: ['t'],
    shown: 'T',
    does: 'Singular values as a table',
    act: app => app.prefer({ asTable: !app.state.taste.asTable }),
  },
  { keys: ['c'], shown: 'C', does: 'Copy the name', act: app => void app.copyName() },
  {
    keys: ['?'],
    shown: '?',
    does: 'These keys',
    act: app => app.set({ isHelpOpen: !app.state.isHelpOpen }),
  },
  { keys: ['escape'], shown: 'Escape', does: 'Close, then clear the filter', act: closeOne },
];

export function listenToKeys(app: AdapterApp): void {
  listen(app, keys, event => app.all.length === 0 || isTyping(event));
}

/** Keys belong to a control that has the focus and a use for them. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  const { key } = event;
  if (!(target instanceof HTMLElement)) return false;
  if (target.id === FILTER_ID) return !['Escape', 'ArrowDown', 'ArrowUp'].includes(key);
  if (target instanceof HTMLSelectElement) return key !== 'Escape';
  if (target instanceof HTMLInputElement) return key.startsWith('Arrow') || key === ' ';
  return target.closest('button, vscode-button') !== null && (key === ' ' || key === 'Enter');
}

function closeOne(app: AdapterApp): void {
  const { isHelpOpen, open, taste } = app.state;
  if (isHelpOpen) app.set({ isHelpOpen: false });
  else if (open !== null) app.set({ open: null });
  else if (taste.words !== '') app.look('');
  else focus(GRID_ID);
}

export const keyHelp = (app: AdapterApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
