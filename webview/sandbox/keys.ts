/** The view's keys, and the list of them that `?` shows. */
import type { TemplateResult } from 'lit/html.js';
import { keyHelpView } from '../controls/keyHelp';
import { type Key, press } from '../controls/keys';
import { leastLikely } from './comparison';
import type { SandboxApp } from './sandboxApp';

const keys: readonly Key<SandboxApp>[] = [
  {
    keys: ['arrowleft', 'arrowright'],
    shown: '← →',
    does: 'Token before or after; with Shift by ten',
    act: (app, { key, shiftKey }) =>
      step(app, (key === 'ArrowLeft' ? -1 : 1) * (shiftKey ? 10 : 1)),
  },
  { keys: ['home'], shown: 'Home', does: 'First token', act: app => step(app, -Infinity) },
  { keys: ['end'], shown: 'End', does: 'Last token', act: app => step(app, Infinity) },
  {
    keys: ['arrowup', 'arrowdown'],
    shown: '↑ ↓',
    does: 'Alternative before or after',
    act: (app, { key }) => stepAlternative(app, key === 'ArrowUp' ? -1 : 1),
  },
  { keys: ['enter'], shown: 'Enter', does: 'Branch from the alternative', act: branch },
  {
    keys: ['d'],
    shown: 'D',
    does: 'Go to where the texts part, or to the least likely token',
    act: goToDivergence,
  },
  {
    keys: ['c'],
    shown: 'C',
    does: 'The same token in the next column',
    act: nextColumn,
  },
  {
    keys: ['t'],
    shown: 'T',
    does: 'Prompt as text or as tokens',
    act: app => app.prefer({ prompt: app.state.taste.prompt === 'tokens' ? 'text' : 'tokens' }),
  },
  {
    keys: ['s'],
    shown: 'S',
    does: 'Write it again with another seed',
    act: app => app.regenerate(),
  },
  {
    keys: ['?'],
    shown: '?',
    does: 'These keys',
    act: app => app.set({ isHelpOpen: !app.state.isHelpOpen }),
  },
];

const always = [
  { shown: 'Ctrl+Enter', does: 'Generate' },
  { shown: 'Escape', does: 'Close what is open, else stop' },
];

export function listenToKeys(app: SandboxApp): void {
  addEventListener('keydown', event => {
    if (app.state.connection !== 'ready') return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      app.generate();
    } else if (event.key === 'Escape') closeOne(app);
    else if (!event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event))
      press(app, keys, event);
  });
}

/** Keys belong to a control that has the focus and a use for them. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  const isLetter = /^[a-z?]$/i.test(event.key);
  if (target.matches('input[type=range], input[type=radio]')) return !isLetter;
  if (target.matches('input, textarea, select')) return true;
  const isButton = target.closest('button, vscode-button, vscode-checkbox') !== null;
  if (isButton && (event.key === ' ' || event.key === 'Enter')) return true;
  return (
    target.closest('.chips, .rendered, .command') !== null && /^Arrow|Home|End/.test(event.key)
  );
}

function step(app: SandboxApp, by: number): void {
  const { spot } = app.state;
  const column = spot?.column ?? app.column.id;
  const count = app.outcomeOf(column)?.tokens.length ?? 0;
  if (count === 0) return;
  const from = spot?.at ?? (by < 0 ? count : -1);
  app.focusToken(column, Math.min(count - 1, Math.max(0, from + by)));
}

function stepAlternative(app: SandboxApp, by: number): void {
  const { spot, alternative } = app.state;
  const token = spot && app.outcomeOf(spot.column)?.tokens[spot.at];
  if (!token || token.alternatives.length === 0) return;
  const picked = token.alternatives.findIndex(({ id }) => id === token.id);
  const from = alternative ?? picked;
  app.choose(Math.min(token.alternatives.length - 1, Math.max(0, from + by)));
}

function branch(app: SandboxApp): void {
  const { spot, alternative } = app.state;
  const token = spot && app.outcomeOf(spot.column)?.tokens[spot.at];
  const chosen = alternative === null ? undefined : token?.alternatives[alternative];
  if (spot && chosen && chosen.id !== token?.id) app.branch(spot, chosen.id);
}

function goToDivergence(app: SandboxApp): void {
  const { pair, column } = app;
  const outcome = app.outcomeOf(column.id);
  const at = pair ? pair.divergesAt : outcome && leastLikely(outcome);
  if (at !== null && at !== undefined) app.focusToken(column.id, at);
  else if (pair) app.set({ spoken: `Equal for ${pair.equal} tokens` });
}

function nextColumn(app: SandboxApp): void {
  const { columns } = app.document;
  const next = columns[(columns.indexOf(app.column) + 1) % columns.length]!;
  app.prefer({ column: next.id });
  if (app.state.spot) app.focusToken(next.id, app.state.spot.at);
}

function closeOne(app: SandboxApp): void {
  const { isHelpOpen, layerErrors, menu, spot, isDrawerOpen } = app.state;
  if (isHelpOpen) app.set({ isHelpOpen: false });
  else if (layerErrors) app.set({ layerErrors: null });
  else if (menu) app.set({ menu: null });
  // What the mouse happens to rest on, while tokens come, was not opened by anybody.
  else if (spot && (spot.isPinned || !app.isBusy)) app.look(null);
  else if (isDrawerOpen) app.set({ isDrawerOpen: false });
  else if (app.isBusy) app.stop();
}

export const keyHelp = (app: SandboxApp): TemplateResult =>
  keyHelpView([...always, ...keys], () => app.set({ isHelpOpen: false }));
