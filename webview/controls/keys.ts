/** The keys of a view: which there are, and who listens to them. None with Ctrl, Alt or Meta is taken. */
import type { KeyWords } from './keyHelp';

export interface Key<App> extends KeyWords {
  /** As `KeyboardEvent.key`, lower case. */
  readonly keys: readonly string[];
  act(app: App, event: KeyboardEvent): void;
}

/** @param isTaken whether a key belongs to a control that has the focus and a use for it */
export function listen<App>(
  app: App,
  keys: readonly Key<App>[],
  isTaken: (event: KeyboardEvent) => boolean,
): void {
  addEventListener('keydown', event => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!isTaken(event)) press(app, keys, event);
  });
}

export function press<App>(app: App, keys: readonly Key<App>[], event: KeyboardEvent): void {
  const key = keys.find(one => one.keys.includes(event.key.toLowerCase()));
  if (!key) return;
  event.preventDefault();
  key.act(app, event);
}

export const isIn = (id: string): boolean => document.activeElement?.id === id;
export const focus = (id: string): void => document.getElementById(id)?.focus();

export const isInField = (event: KeyboardEvent): boolean =>
  event.composedPath()[0] instanceof HTMLInputElement;
