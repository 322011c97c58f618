/** The whole view from its parts, by how much room there is. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { readOutTable } from './readOut';
import { icon } from '../theme/icons';
import type { CurvesApp } from './curvesApp';
import { emptyView } from './emptyView';
import { footer } from './footer';
import { keyHelp } from './keys';
import { lossView } from './lossView';
import { eventList, runDetails } from './runDetails';
import { progressHead, runChips, runList } from './runList';
import { smallPlots } from './smallPlots';
import { toolbar } from './toolbar';

export function curvesView(app: CurvesApp): TemplateResult {
  const { connection, runs, room, isHelpOpen } = app.state;
  if (connection !== 'ready') return connecting(app);
  if (runs.size === 0) return emptyView(app);
  const layouts = { wide, medium, narrow };
  return html`
    <div class="view ${room}">
      ${toolbar(app)} ${layouts[room](app)} ${footer(app)} ${isHelpOpen ? keyHelp(app) : nothing}
    </div>
  `;
}

/** Side list, plots, and the details under the list. */
const wide = (app: CurvesApp): TemplateResult => html`
  <aside class="side" aria-label="Runs and details">
    ${runList(app)} ${runDetails(app)} ${eventList(app)}
  </aside>
  <main class="plots">${lossView(app)} ${smallPlots(app)}</main>
`;

/** The list becomes a drawer, the details go below. */
const medium = (app: CurvesApp): TemplateResult => html`
  ${app.state.isDrawerOpen ? html`<aside class="drawer" aria-label="Runs">${runList(app)}</aside>` : nothing}
  <main class="plots">
    ${lossView(app)} ${smallPlots(app)}
    <div class="below">${runDetails(app)} ${eventList(app)}</div>
  </main>
`;

/** One column; runs are chips and the read-out has a place of its own. */
function narrow(app: CurvesApp): TemplateResult {
  const run = app.highlighted;
  const reading = app.reading ?? app.lastReading;
  return html`
    <main class="plots">
      ${runChips(app)} ${run ? progressHead(run) : nothing} ${lossView(app)}
      ${reading ? html`<div class="read-out-below">${readOutTable(app, reading)}</div>` : nothing}
      ${smallPlots(app)}
      <div class="below">${runDetails(app)} ${eventList(app)}</div>
    </main>
  `;
}

const connecting = (app: CurvesApp): TemplateResult => html`
  <main class="empty appears-late">
    <p role="status">
      ${icon('loading', 'active', true)}
      ${
        app.state.connection === 'silent'
          ? 'The extension does not answer yet. Trying again.'
          : 'Opening the curves'
      }
    </p>
  </main>
`;
