/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { focus, isIn, type Key, listen } from '../controls/keys';
import { FILTER_ID, GRID_ID, MAP_ID } from './pageParts';
import { panes } from './taste';
import { ROW_HEIGHT, type TensorsApp } from './tensorsApp';

const isInMap = (): boolean => isIn(MAP_ID);

const keys: readonly Key<TensorsApp>[] = [
  {
    keys: ['arrowup', 'arrowdown', 'arrowleft', 'arrowright'],
    shown: '↑ ↓',
    does: 'Choose a tensor; in the map ← → ↑ ↓ move',
    act(app, { key }) {
      const down = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
      const across = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      if (isInMap()) return app.stepPlace(down, across);
      if (down !== 0) app.step(down);
      if (document.activeElement?.id === FILTER_ID) focus(GRID_ID);
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
    does: 'From the table into the map',
    act: () => focus(MAP_ID),
  },
  { keys: ['/'], shown: '/', does: 'Filter by name', act: () => focus(FILTER_ID) },
  { keys: ['+', '='], shown: '+', does: 'Zoom in, down to the values', act: app => app.zoom(2) },
  { keys: ['-'], shown: '−', does: 'Zoom out', act: app => app.zoom(0.5) },
  { keys: ['0'], shown: '0', does: 'Show all of the tensor', act: app => app.setRegion(null) },
  {
    keys: ['s'],
    shown: 'S',
    does: 'Colours by value or by size',
    act: app => app.prefer({ heat: app.state.taste.heat === 'value' ? 'size' : 'value' }),
  },
  {
    keys: ['t'],
    shown: 'T',
    does: 'Histogram as a table',
    act: app => app.prefer({ asTable: !app.state.taste.asTable }),
  },
  {
    keys: ['1', '2', '3'],
    shown: '1 2 3',
    does: 'Tensor, totals, metadata',
    act: (app, { key }) => app.prefer({ pane: panes[Number(key) - 1]! }),
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

export function listenToKeys(app: TensorsApp): void {
  listen(app, keys, event => !app.state.snapshot?.contents || isTyping(event));
}

/** Keys belong to a control that has the focus and a use for them. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  const { key } = event;
  if (target.id === FILTER_ID) return !['Escape', 'ArrowDown', 'ArrowUp'].includes(key);
  if (target instanceof HTMLInputElement) return key.startsWith('Arrow') || key === ' ';
  const isButton = target.closest('button, vscode-button') !== null;
  if (isButton && (key === ' ' || key === 'Enter')) return true;
  return target.closest('.bins') !== null && /^(Arrow|Page|Home|End)/.test(key);
}

function closeOne(app: TensorsApp): void {
  const { isHelpOpen, taste, dtype, prefix, region } = app.state;
  if (isHelpOpen) app.set({ isHelpOpen: false });
  else if (isInMap() && region !== null) app.setRegion(null);
  else if (isInMap()) focus(GRID_ID);
  else if (taste.words !== '' || dtype !== null || prefix !== null)
    app.look({ words: '', dtype: null, prefix: null });
  else focus(GRID_ID);
}

export const keyHelp = (app: TensorsApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
