/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { type Key, listen } from '../controls/keys';
import type { CurvesApp } from './curvesApp';
import { visibleValues } from './exports';
import { eventsOf } from './runDetails';

const keys: readonly Key<CurvesApp>[] = [
  {
    keys: ['arrowleft', 'arrowright'],
    shown: '← →',
    does: 'Move the cursor; with Shift by ten',
    act: (app, { key, shiftKey }) =>
      app.stepCursor((key === 'ArrowLeft' ? -1 : 1) * (shiftKey ? 10 : 1)),
  },
  {
    keys: ['home'],
    shown: 'Home',
    does: 'Cursor to the first step',
    act: app => app.cursorToEnd('first'),
  },
  {
    keys: ['end'],
    shown: 'End',
    does: 'Cursor to the last step',
    act: app => app.cursorToEnd('last'),
  },
  {
    keys: ['arrowup', 'arrowdown'],
    shown: '↑ ↓',
    does: 'Highlight the run before or after',
    act: (app, { key }) => highlightNeighbour(app, key === 'ArrowUp' ? -1 : 1),
  },
  {
    keys: [' '],
    shown: 'Space',
    does: 'Show or hide the run',
    act: app => app.highlighted && app.toggleRun(app.highlighted.id),
  },
  {
    keys: ['h'],
    shown: 'H',
    does: 'Highlight the run in focus, or the next',
    act: app => highlightNeighbour(app, 1),
  },
  {
    keys: ['l'],
    shown: 'L',
    does: 'Logarithmic or linear y axis',
    act: app => app.prefer({ yLog: !app.state.taste.yLog }),
  },
  {
    keys: ['x'],
    shown: 'X',
    does: 'Logarithmic or linear x axis',
    act: app => app.prefer({ xLog: !app.state.taste.xLog, zoom: null }),
  },
  {
    keys: ['t'],
    shown: 'T',
    does: 'Table or curves',
    act: app => app.prefer({ table: !app.state.taste.table }),
  },
  { keys: ['n'], shown: 'N', does: 'Next event', act: nextEvent },
  { keys: ['+', '='], shown: '+', does: 'Zoom in; so does dragging', act: app => app.zoomBy(2) },
  { keys: ['-'], shown: '−', does: 'Zoom out', act: app => app.zoomBy(0.5) },
  {
    keys: [',', '<'],
    shown: ',',
    does: 'Pan left; so does dragging with Shift',
    act: app => app.panBy(-0.25),
  },
  { keys: ['.', '>'], shown: '.', does: 'Pan right', act: app => app.panBy(0.25) },
  {
    keys: ['0'],
    shown: '0',
    does: 'Show everything; so does a double-click',
    act: app => app.zoomTo(null),
  },
  {
    keys: ['?'],
    shown: '?',
    does: 'These keys',
    act: app => app.set({ isHelpOpen: !app.state.isHelpOpen }),
  },
  { keys: ['escape'], shown: 'Escape', does: 'Close what is open', act: closeOne },
];

export function listenToKeys(app: CurvesApp): void {
  listen(app, keys, event => isTyping(event) && event.key !== 'Escape');
  addEventListener('copy', event => {
    if (!getSelection()?.isCollapsed || isTyping(event)) return;
    event.clipboardData?.setData('text/plain', visibleValues(app));
    event.preventDefault();
  });
}

/** Keys belong to a control that has the focus and a use for them. */
function isTyping(event: Event): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement || target.isContentEditable) return true;
  const key = event instanceof KeyboardEvent ? event.key : '';
  const isButton = target.closest('button, vscode-button, vscode-checkbox') !== null;
  if (isButton && (key === ' ' || key === 'Enter')) return true;
  return target.closest('[data-region=table]') !== null && /^Arrow|Home|End|^ $/.test(key);
}

function highlightNeighbour(app: CurvesApp, by: number): void {
  const ids = [...app.state.runs.keys()];
  const at = ids.indexOf(app.state.taste.highlighted ?? '');
  const next = ids[(at + by + ids.length) % ids.length];
  if (next !== undefined) app.highlight(next);
}

function nextEvent(app: CurvesApp): void {
  const events = eventsOf(app);
  const { openEvent } = app.state;
  const at = events.findIndex(
    ({ run, event }) => run.id === openEvent?.run && event.seq === openEvent.seq,
  );
  const next = events[(at + 1) % Math.max(1, events.length)];
  if (next) app.showEvent(next.run, next.event);
}

function closeOne(app: CurvesApp): void {
  const { isHelpOpen, menu, isDrawerOpen, openEvent, search } = app.state;
  if (isHelpOpen) app.set({ isHelpOpen: false });
  else if (menu) app.set({ menu: null });
  else if (isDrawerOpen) app.set({ isDrawerOpen: false });
  else if (search !== null) app.set({ search: null });
  else if (openEvent) app.set({ openEvent: null });
  else app.moveCursor(null);
}

export const keyHelp = (app: CurvesApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
