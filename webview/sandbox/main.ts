/** Starts the sandbox in its page. */
import { render } from 'lit/html.js';
import { registerControls } from '../controls/toolkit';
import { FollowText } from './followText';
import { listenToKeys } from './keys';
import { focusOpenMenu } from '../controls/menu';
import { placePopover } from './popoverPlace';
import { SandboxApp } from './sandboxApp';
import { sandboxView } from './sandboxView';
import './sandbox.css';

registerControls();

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

const follow = new FollowText();
const app = new SandboxApp(drawn => {
  follow.before();
  render(sandboxView(drawn), page);
  follow.after();
  watchRibbon();
  giveFocus();
  placePopover(drawn);
  if (drawn.state.menu) focusOpenMenu();
  if (drawn.state.isAddingStop) page.querySelector<HTMLElement>('.new-stop')?.focus();
});

new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
}).observe(page);

/** The ribbon is there only while there is something to compare. */
let ribbon: Element | null = null;
const ribbonSize = new ResizeObserver(([entry]) => {
  if (entry) app.set({ ribbonWidth: Math.floor(entry.contentRect.width) });
});

function watchRibbon(): void {
  const found = page.querySelector('.ribbon-plot');
  if (found === ribbon) return;
  ribbonSize.disconnect();
  ribbon = found;
  if (found) ribbonSize.observe(found);
}

/** To the token that was reached by key. */
function giveFocus(): void {
  const wanted = app.takeFocus();
  if (!wanted) return;
  const token = page.querySelector<HTMLElement>(
    `.texts[data-column="${wanted.column}"] .token[data-at="${wanted.at}"]`,
  );
  token?.focus({ preventScroll: true });
  token?.scrollIntoView({ block: 'nearest' });
}

document.addEventListener('pointerdown', event => {
  const target = event.target as Element;
  if (app.state.menu && !target.closest('.menu-anchor')) app.set({ menu: null });
  const isKept = target.closest('.popover, .token, .ribbon, .verdict') !== null;
  if (app.state.spot?.isPinned && !isKept) app.look(null);
});

listenToKeys(app);
void app.start();
