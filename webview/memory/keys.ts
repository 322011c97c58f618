/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { type Key, listen } from '../controls/keys';
import type { MemoryApp } from './memoryApp';

const keys: readonly Key<MemoryApp>[] = [
  {
    keys: ['arrowleft', 'arrowright'],
    shown: '← →',
    does: 'The bank before, the next',
    act: (app, { key }) => app.stepBank(key === 'ArrowRight' ? 1 : -1),
  },
  {
    keys: ['arrowup', 'arrowdown'],
    shown: '↑ ↓',
    does: 'The buffers before, the next',
    act: (app, { key }) => app.stepCategory(key === 'ArrowDown' ? 1 : -1),
  },
  {
    keys: [' '],
    shown: 'Space',
    does: 'Choose the next change',
    act: app => app.stepSuggestion(),
  },
  {
    keys: ['enter'],
    shown: 'Enter',
    does: 'Write the chosen change into the config',
    act: app => void app.apply(),
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
    does: 'Close',
    act: app => app.set({ isHelpOpen: false }),
  },
];

/** Controls that have these keys for themselves. */
const OWN_KEYS = 'input, select, button, vscode-button, vscode-text-field, a';

export function listenToKeys(app: MemoryApp): void {
  listen(app, keys, event => {
    const target = event.composedPath()[0];
    const isOfControl = target instanceof Element && target.closest(OWN_KEYS) !== null;
    return isOfControl && event.key !== 'Escape' && event.key !== '?';
  });
}

export const keyHelp = (app: MemoryApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
