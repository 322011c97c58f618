/**
 * Where the alternatives of a token are shown: below its line, never over the newest text while that
 * grows. Pure but for reading and setting the boxes of the page.
 */
import type { SandboxApp } from './sandboxApp';

const GAP = 6;
const MARGIN = 8;
/** As in the style sheet. */
const FOOTER = 26;

interface Box {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
}

interface Room {
  readonly width: number;
  readonly height: number;
}

/** Where the popover may be. */
interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly height: number;
}

/**
 * @param newest lower edge of what was written last, while more comes; null when nothing does
 * @returns the upper left corner
 */
export function placeFor(
  token: Box,
  popover: Room,
  bounds: Bounds,
  newest: number | null,
): { top: number; left: number } {
  const rightmost = bounds.right - popover.width - MARGIN;
  const left = Math.max(bounds.left + MARGIN, Math.min(token.left - 16, rightmost));
  const below = Math.max(token.bottom, newest ?? 0) + GAP;
  const lowest = bounds.height - popover.height - MARGIN;
  if (below <= lowest) return { top: below, left };
  const above = token.top - GAP - popover.height;
  if (above >= MARGIN) return { top: above, left };
  return { top: Math.max(MARGIN, lowest), left };
}

/** The column of the token where the popover fits into it, else the page; never over the footer. */
function boundsFor(texts: Element, popover: HTMLElement): Bounds {
  const { clientWidth, clientHeight } = document.documentElement;
  const { left, right } = texts.getBoundingClientRect();
  const height = clientHeight - FOOTER;
  const fits = right - left >= popover.offsetWidth + 2 * MARGIN;
  return fits ? { left, right, height } : { left: 0, right: clientWidth, height };
}

export function placePopover(app: SandboxApp): void {
  const popover = document.querySelector<HTMLElement>('.popover');
  const { spot, room } = app.state;
  if (!popover || !spot) return;
  if (room === 'narrow') {
    popover.style.removeProperty('top');
    popover.style.removeProperty('left');
    return;
  }
  const texts = document.querySelector(`.texts[data-column="${spot.column}"]`);
  const token = texts?.querySelector(`.token[data-at="${spot.at}"]`);
  if (!texts || !token) return;
  const caret = texts.querySelector('.caret')?.getBoundingClientRect();
  const { top, left } = placeFor(
    token.getBoundingClientRect(),
    { width: popover.offsetWidth, height: popover.offsetHeight },
    boundsFor(texts, popover),
    caret ? caret.bottom : null,
  );
  popover.style.top = `${top}px`;
  popover.style.left = `${left}px`;
}
