/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { isInField, type Key, listen } from '../controls/keys';
import type { AgentsApp } from './agentsApp';
import { ANSWER_ID } from './pageParts';

const keys: readonly Key<AgentsApp>[] = [
  {
    keys: ['arrowup', 'arrowdown'],
    shown: '↑ ↓',
    does: 'The step before, the next',
    act: (app, { key }) => app.step(key === 'ArrowDown' ? 1 : -1),
  },
  {
    keys: ['p'],
    shown: 'P',
    does: 'The whole prompt, or what is new in it',
    act(app) {
      const step = app.state.chosen ?? app.trace.steps.at(-1)?.step.step;
      if (step !== undefined) app.unfold(step);
    },
  },
  {
    keys: ['o'],
    shown: 'O',
    does: 'Open the step’s prompt in the sandbox',
    act(app) {
      const step = app.state.chosen ?? app.trace.steps.at(-1)?.step.step;
      if (step !== undefined) void app.ask('openInSandbox', { step });
    },
  },
  {
    keys: ['e'],
    shown: 'E',
    does: 'To the example for an evaluation',
    act: () => document.getElementById(ANSWER_ID)?.focus(),
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
    does: 'Close; else stop the agent',
    act(app) {
      if (app.state.isHelpOpen) app.set({ isHelpOpen: false });
      else if (app.state.snapshot?.isRunning) void app.ask('stop', null);
    },
  },
];

export function listenToKeys(app: AgentsApp): void {
  listen(app, keys, event => isInField(event) && event.key !== 'Escape');
  addEventListener('keydown', event => {
    if (event.key.startsWith('Arrow') && !isInField(event))
      requestAnimationFrame(() =>
        document.getElementById(`step-${app.state.chosen}`)?.scrollIntoView({ block: 'nearest' }),
      );
  });
}

export const keyHelp = (app: AgentsApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
