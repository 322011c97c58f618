/** Starts the view of a cache study in its page. */
import { render } from 'lit/html.js';
import { focusOpenMenu } from '../controls/menu';
import { registerControls } from '../controls/toolkit';
import { HeatElement } from '../controls/heatElement';
import { CacheStudyApp } from './cacheStudyApp';
import { cacheStudyView } from './cacheStudyView';
import { listenToKeys, MAP_ID } from './keys';
import './cacheStudy.css';

registerControls();
customElements.define('wr-heat', HeatElement);

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

const app = new CacheStudyApp(drawn => {
  render(cacheStudyView(drawn), page);
  if (drawn.state.menu) focusOpenMenu();
  else keepFocusInMap();
  followMap();
});

/** One map takes the place of another: who moved in the one goes on in the other. */
let wasInMap = false;

function keepFocusInMap(): void {
  const map = document.getElementById(MAP_ID);
  const { activeElement } = document;
  if (wasInMap && map && activeElement === document.body) map.focus();
}

addEventListener('focusin', ({ target }) => {
  wasInMap = (target as Element).id === MAP_ID;
});

const sizes = new ResizeObserver(() => measure());
sizes.observe(page);
let map: Element | null = null;

function followMap(): void {
  const found = page.querySelector('.map');
  if (found === map) return;
  if (map) sizes.unobserve(map);
  map = found;
  if (map) sizes.observe(map);
}

function measure(): void {
  const { mapWidth } = app.state;
  app.setSize(page.clientWidth, map?.clientWidth ?? mapWidth);
}

listenToKeys(app);
void app.start();
