/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { isInField, type Key, listen } from '../controls/keys';
import type { LabelsApp } from './labelsApp';

const keys: readonly Key<LabelsApp>[] = [
  {
    keys: ['arrowup', 'arrowdown'],
    shown: '↑ ↓',
    does: 'The example before, the next',
    act: (app, { key }) => app.step(key === 'ArrowDown' ? 1 : -1),
  },
  {
    keys: ['pageup', 'pagedown'],
    shown: 'Page ↑ ↓',
    does: 'Read the examples before, the next',
    act: (app, { key }) => void app.page(key === 'PageDown' ? 1 : -1),
  },
  {
    keys: ['t'],
    shown: 'T',
    does: 'Tokens one by one, or the text',
    act: app => app.show(app.state.shows === 'tokens' ? 'text' : 'tokens'),
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

export function listenToKeys(app: LabelsApp): void {
  listen(app, keys, isInField);
  addEventListener('keydown', event => {
    if (event.key.startsWith('Arrow') && !isInField(event))
      requestAnimationFrame(() => {
        const examples = document.querySelectorAll('.example');
        examples[app.state.chosen]?.scrollIntoView({ block: 'nearest' });
      });
  });
}

export const keyHelp = (app: LabelsApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
