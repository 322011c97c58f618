/** The whole view: head, choices, map, texts, plot and memory, footer; or why there is none. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { icon } from '../theme/icons';
import type { CacheStudyApp } from './cacheStudyApp';
import { comparisonView } from './comparisonView';
import { divergenceView } from './divergenceView';
import { emptyView } from './emptyView';
import { footerView } from './footer';
import { keyHelp } from './keys';
import { mapView } from './mapView';
import { memoryView } from './memoryView';
import { plotView } from './plotView';
import { textsView } from './textsView';
import { choicesView, headView } from './toolbar';

export function cacheStudyView(app: CacheStudyApp): TemplateResult {
  const { connection, snapshot, room, isHelpOpen, other } = app.state;
  if (connection !== 'ready' || !snapshot) return waitingView(connection === 'silent');
  const { report } = app;
  if (!report) return html`<main class="view">${emptyView(app)}</main>`;
  return html`
    <main class="view ${room}">
      ${headView(app, report)} ${choicesView(app, report)} ${calloutView(app)}
      <div class="body">
        <div class="left">
          ${mapView(app, report)} ${textsView(app, report)} ${divergenceView(app, report)}
        </div>
        <div class="right">
          ${other ? comparisonView(report, other) : nothing} ${plotView(app, report)}
          ${memoryView(app, report)}
        </div>
      </div>
      ${footerView(app, report)} ${isHelpOpen ? keyHelp(app) : nothing}
    </main>
  `;
}

function calloutView(app: CacheStudyApp): TemplateResult | typeof nothing {
  const { activity, problem } = app.state.snapshot!;
  const words = activity.kind === 'failed' ? activity.message : problem;
  if (words === null) return nothing;
  return html`<div class="callout error" role="alert">${icon('error')}<span>${words}</span></div>`;
}

const waitingView = (isSilent: boolean): TemplateResult => html`
  <main class="view">
    <div class="empty appears-late" role="status">
      ${icon('loading', 'faint', true)}
      <p>${isSilent ? 'The editor does not answer; asking again.' : 'Reading the study.'}</p>
    </div>
  </main>
`;
