/** Starts the view of labels in its page. */
import { render } from 'lit/html.js';
import { registerControls } from '../controls/toolkit';
import { listenToKeys } from './keys';
import { LabelsApp } from './labelsApp';
import { labelsView } from './labelsView';
import './labels.css';

registerControls();

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

const app = new LabelsApp(drawn => render(labelsView(drawn), page));

new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
}).observe(page);

listenToKeys(app);
void app.start();
