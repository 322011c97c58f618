/** Starts the view of adapters in its page. */
import { render } from 'lit/html.js';
import { focusOpenMenu } from '../controls/menu';
import { followRows } from '../controls/rowsInSight';
import { registerControls } from '../controls/toolkit';
import { AdapterApp, HEAD_HEIGHT } from './adapterApp';
import { adapterView } from './adapterView';
import { listenToKeys } from './keys';
import './adapter.css';

registerControls();

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

let wasOpen = false;
const app = new AdapterApp(drawn => {
  render(adapterView(drawn), page);
  follow();
  const isOpen = drawn.state.open !== null;
  if (isOpen && !wasOpen) focusOpenMenu();
  wasOpen = isOpen;
});

new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
}).observe(page);

addEventListener('click', event => {
  const inside = event
    .composedPath()
    .some(part => part instanceof HTMLElement && part.classList.contains('menu-anchor'));
  if (app.state.open !== null && !inside) app.set({ open: null });
});

const follow = followRows(page, app, HEAD_HEIGHT);
listenToKeys(app);
void app.start();
