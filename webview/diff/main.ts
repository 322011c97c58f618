/** Starts the weight diff in its page. */
import { render } from 'lit/html.js';
import { HeatElement } from '../controls/heatElement';
import { focusOpenMenu } from '../controls/menu';
import { followRows } from '../controls/rowsInSight';
import { registerControls } from '../controls/toolkit';
import { DiffApp, HEAD_HEIGHT } from './diffApp';
import { diffView } from './diffView';
import { listenToKeys } from './keys';
import './diff.css';

registerControls();
customElements.define('wr-heat', HeatElement);

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

let wasOpen = false;
const app = new DiffApp(drawn => {
  render(diffView(drawn), page);
  follow();
  const isOpen = drawn.state.open === 'export' || drawn.state.open === 'more';
  if (isOpen && !wasOpen) focusOpenMenu();
  wasOpen = isOpen;
});

const pageSize = new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
});
pageSize.observe(page);

addEventListener('click', event => {
  const inside = event
    .composedPath()
    .some(part => part instanceof HTMLElement && part.classList.contains('menu-anchor'));
  if (app.state.open !== null && !inside) app.set({ open: null });
});

const follow = followRows(page, app, HEAD_HEIGHT);
listenToKeys(app);
void app.start();
