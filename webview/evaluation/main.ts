/** Starts the view of an evaluation in its page. */
import { render } from 'lit/html.js';
import { focusOpenMenu } from '../controls/menu';
import { followRows } from '../controls/rowsInSight';
import { registerControls } from '../controls/toolkit';
import { EvaluationApp, HEAD_HEIGHT } from './evaluationApp';
import { evaluationView } from './evaluationView';
import { listenToKeys } from './keys';
import './evaluation.css';

registerControls();

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

const app = new EvaluationApp(drawn => {
  render(evaluationView(drawn), page);
  if (drawn.state.menu) focusOpenMenu();
  follow();
  followExpanded();
});

const pageSize = new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
});
pageSize.observe(page);

/** The sample that is expanded is wherever the last drawing has put it. */
let expanded: Element | null = null;
const expandedSize = new ResizeObserver(([entry]) => {
  if (entry) app.setDetailHeight(entry.borderBoxSize[0]?.blockSize ?? entry.contentRect.height);
});

function followExpanded(): void {
  const found = page.querySelector('.expanded');
  if (found === expanded) return;
  expandedSize.disconnect();
  expanded = found;
  if (expanded) expandedSize.observe(expanded);
  else app.setDetailHeight(0);
}

document.addEventListener('pointerdown', event => {
  const isInMenu = event.target instanceof Element && event.target.closest('.menu-anchor');
  if (app.state.menu && !isInMenu) app.set({ menu: null });
});

const follow = followRows(page, app, HEAD_HEIGHT);
listenToKeys(app);
void app.start();
