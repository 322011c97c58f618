/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { type Key, listen } from '../controls/keys';
import type { CacheStudyApp } from './cacheStudyApp';

export const MAP_ID = 'map';

const keys: readonly Key<CacheStudyApp>[] = [
  {
    keys: ['arrowup', 'arrowdown', 'arrowleft', 'arrowright'],
    shown: '← → ↑ ↓',
    does: 'Move in the map',
    act(app, { key }) {
      const down = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
      const across = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      app.stepCell(down, across);
      document.getElementById(MAP_ID)?.focus();
    },
  },
  {
    keys: ['enter'],
    shown: 'Enter',
    does: 'By token, and back',
    act: app => app.prefer({ byToken: !app.state.taste.byToken }),
  },
  {
    keys: ['s'],
    shown: 'S',
    does: 'The next strategy; with Shift the one before',
    act: (app, { shiftKey }) => app.stepStrategy(shiftKey ? -1 : 1),
  },
  {
    keys: ['m'],
    shown: 'M',
    does: 'What the cells say',
    act: app => app.toggleMenu('measure'),
  },
  {
    keys: ['t'],
    shown: 'T',
    does: 'Quality against memory as a table',
    act: app => app.prefer({ asTable: !app.state.taste.asTable }),
  },
  {
    keys: ['?'],
    shown: '?',
    does: 'These keys',
    act: app => app.set({ isHelpOpen: !app.state.isHelpOpen }),
  },
  {
    keys: ['escape'],
    shown: 'Escape',
    does: 'Close, then back from tokens',
    act(app) {
      if (app.state.isHelpOpen) app.set({ isHelpOpen: false });
      else if (app.state.menu) app.set({ menu: null });
      else if (app.state.taste.byToken) app.prefer({ byToken: false });
    },
  },
];

export function listenToKeys(app: CacheStudyApp): void {
  listen(app, keys, event => !app.report || isOfControl(event));
}

/** Keys belong to a control that has the focus and a use for them. */
function isOfControl(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof Element)) return false;
  const { key } = event;
  if (target instanceof HTMLInputElement) return key.startsWith('Arrow') || key === ' ';
  const isButton = target.closest('button, vscode-button, [role=button], .texts') !== null;
  return isButton && (key === ' ' || key === 'Enter' || target.closest('.texts') !== null);
}

export const keyHelp = (app: CacheStudyApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
