/** The view's keys, and the list of them that `?` shows. No key with Ctrl, Alt or Meta is taken. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { focus, type Key, listen } from '../controls/keys';
import { type EvaluationApp, ROW_HEIGHT } from './evaluationApp';
import { filtersOf } from './filterBar';
import { GRID_ID, SEARCH_ID } from './pageParts';
import { filters } from './sampleTable';

const keys: readonly Key<EvaluationApp>[] = [
  {
    keys: ['arrowup', 'arrowdown'],
    shown: '↑ ↓',
    does: 'The sample before, the next',
    act(app, { key }) {
      app.step(key === 'ArrowDown' ? 1 : -1);
      focus(GRID_ID);
    },
  },
  {
    keys: ['arrowright', 'arrowleft'],
    shown: '→ ←',
    does: 'Open the sample, close it',
    act: (app, { key }) => app.expand(key === 'ArrowRight'),
  },
  {
    keys: ['enter'],
    shown: 'Enter',
    does: 'Open or close the sample',
    act: app => app.expand(!app.isExpanded),
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
    keys: ['o'],
    shown: 'O',
    does: 'Open the prompt in the sandbox',
    act(app) {
      if (app.chosen) void app.ask('openInSandbox', { index: app.chosen.index });
    },
  },
  {
    keys: ['1', '2', '3', '4', '5', '6'],
    shown: '1 – 6',
    does: 'All, wrong, strict ≠ flexible, ran on, arithmetic error, flips',
    act(app, { key }) {
      const filter = filters[Number(key) - 1]!;
      if (filtersOf(app).includes(filter)) app.filterBy(filter);
    },
  },
  { keys: ['/'], shown: '/', does: 'Search', act: () => focus(SEARCH_ID) },
  {
    keys: ['b'],
    shown: 'B',
    does: 'Against the expected text, or the baseline’s',
    act(app) {
      const { opposite } = app.state.taste;
      if (app.state.baseline)
        app.prefer({ opposite: opposite === 'expected' ? 'baseline' : 'expected' });
    },
  },
  {
    keys: ['h'],
    shown: 'H',
    does: 'Perplexity by token',
    act: app => app.prefer({ showsTokens: !app.state.taste.showsTokens }),
  },
  {
    keys: ['t'],
    shown: 'T',
    does: 'Scores as a table',
    act: app => app.prefer({ asTable: !app.state.taste.asTable }),
  },
  {
    keys: ['?'],
    shown: '?',
    does: 'These keys',
    act: app => app.set({ isHelpOpen: !app.state.isHelpOpen }),
  },
  { keys: ['escape'], shown: 'Escape', does: 'Close, then show all again', act: closeOne },
];

export function listenToKeys(app: EvaluationApp): void {
  listen(app, keys, event => !app.state.facts || isTyping(event));
}

/** Keys belong to a control that has the focus and a use for them. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  const { key } = event;
  if (target.id === SEARCH_ID) return !['Escape', 'ArrowDown', 'ArrowUp'].includes(key);
  if (target instanceof HTMLInputElement) return key.startsWith('Arrow') || key === ' ';
  if (target instanceof HTMLSelectElement) return key !== 'Escape';
  const isButton = target.closest('button, vscode-button') !== null;
  if (isButton && (key === ' ' || key === 'Enter')) return true;
  return target.closest('.score-table') !== null && /^(Arrow|Page|Home|End)/.test(key);
}

function closeOne(app: EvaluationApp): void {
  const { isHelpOpen, flag, taste } = app.state;
  if (isHelpOpen) app.set({ isHelpOpen: false });
  else if (document.activeElement?.id === SEARCH_ID && taste.words === '') focus(GRID_ID);
  else if (app.isExpanded) app.expand(false);
  else if (taste.words !== '' || flag !== null || taste.filter !== 'all') app.showAll();
  else focus(GRID_ID);
}

export const keyHelp = (app: EvaluationApp): TemplateResult =>
  keyHelpView(keys, () => app.set({ isHelpOpen: false }));
