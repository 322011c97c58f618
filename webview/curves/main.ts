/** Starts the loss curves in their page. */
import { render } from 'lit/html.js';
import { registerControls } from '../controls/toolkit';
import { CurvesApp } from './curvesApp';
import { curvesView } from './curvesView';
import { listenToKeys } from './keys';
import { focusOpenMenu } from '../controls/menu';
import { PlotElement } from './plot/plotElement';
import './curves.css';

registerControls();
customElements.define('wr-plot', PlotElement);

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

const app = new CurvesApp(drawn => {
  render(curvesView(drawn), page);
  if (drawn.state.menu) focusOpenMenu();
});

new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
}).observe(page);

document.addEventListener('pointerdown', event => {
  const isInMenu = (event.target as Element).closest('.menu-anchor') !== null;
  if (!isInMenu && app.state.menu) app.set({ menu: null });
});

listenToKeys(app);
void app.start();
