/** The pointer over tokens: resting on one shows its alternatives, pressing keeps them. */
import type { SandboxApp } from './sandboxApp';

/** A pointer that only passes by shows nothing. */
const REST_MS = 220;
/** Time to reach the alternatives that were shown. */
const LEAVE_MS = 250;

let timer: ReturnType<typeof setTimeout> | undefined;

const after = (milliseconds: number, action: () => void): void => {
  clearTimeout(timer);
  timer = setTimeout(action, milliseconds);
};

const isFree = (app: SandboxApp): boolean => !app.state.spot?.isPinned && app.state.menu === null;

function tokenUnder(event: Event): number | undefined {
  const token = (event.target as Element).closest<HTMLElement>('.token');
  return token?.dataset['at'] === undefined ? undefined : Number(token.dataset['at']);
}

export const TokenPointer = {
  over(app: SandboxApp, column: string, event: PointerEvent): void {
    const at = tokenUnder(event);
    if (!isFree(app) || event.pointerType === 'touch') return;
    if (at === undefined) this.leave(app);
    else after(REST_MS, () => isFree(app) && app.look({ column, at, isPinned: false }));
  },

  leave(app: SandboxApp): void {
    after(LEAVE_MS, () => isFree(app) && app.look(null));
  },

  /** The alternatives are reached. */
  stay(): void {
    clearTimeout(timer);
  },

  press(app: SandboxApp, column: string, event: PointerEvent): void {
    clearTimeout(timer);
    const at = tokenUnder(event);
    const isText = getSelection()?.isCollapsed === false;
    if (at === undefined || isText) return;
    app.focusToken(column, at);
  },
};
