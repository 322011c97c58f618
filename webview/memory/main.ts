/** Starts the view of a memory plan in its page. */
import { render } from 'lit/html.js';
import { registerControls } from '../controls/toolkit';
import { listenToKeys } from './keys';
import { MemoryApp } from './memoryApp';
import { memoryView } from './memoryView';
import './memory.css';

registerControls();

const page = document.createElement('div');
page.className = 'page';
document.body.append(page);

const app = new MemoryApp(drawn => render(memoryView(drawn), page));

new ResizeObserver(([entry]) => {
  if (entry) app.setWidth(entry.contentRect.width);
}).observe(page);

listenToKeys(app);
void app.start();
