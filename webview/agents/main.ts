/** Starts the view of an agent's trace in its page. */
import { render } from 'lit/html.js';
import { registerControls } from '../controls/toolkit';
import { AgentsApp } from './agentsApp';
import { agentsView } from './agentsView';
import { listenToKeys } from './keys';
import './agents.css';

registerControls();

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

const app = new AgentsApp(drawn => render(agentsView(drawn), page));

new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
}).observe(page);

listenToKeys(app);
void app.start();
