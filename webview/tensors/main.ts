/** Starts the view of a file of tensors in its page. */
import { render } from 'lit/html.js';
import { followRows } from '../controls/rowsInSight';
import { registerControls } from '../controls/toolkit';
import { HeatElement } from '../controls/heatElement';
import { listenToKeys } from './keys';
import { HEAD_HEIGHT, TensorsApp } from './tensorsApp';
import { tensorsView } from './tensorsView';
import './tensors.css';

registerControls();
customElements.define('wr-heat', HeatElement);

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

const app = new TensorsApp(drawn => {
  render(tensorsView(drawn), page);
  follow();
});

const pageSize = new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
});
pageSize.observe(page);

const follow = followRows(page, app, HEAD_HEIGHT);
listenToKeys(app);
void app.start();
