/** The whole view from its parts. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { icon } from '../theme/icons';
import type { EvaluationApp } from './evaluationApp';
import { filterBar } from './filterBar';
import { footer } from './footer';
import { keyHelp } from './keys';
import { pairedLine } from './pairedLine';
import { summary } from './summary';
import { tableView } from './tableView';
import { progressLine, toolbar } from './toolbar';

export function evaluationView(app: EvaluationApp): TemplateResult {
  const { connection, facts, problem, room, isHelpOpen } = app.state;
  if (connection !== 'ready') return opening(app);
  if (!facts)
    return html`
      <main class="empty">
        <div class="callout error problem" role="alert">
          ${icon('error', 'bad')}<span>${problem?.message ?? 'There is nothing to show.'}</span>
        </div>
      </main>
    `;
  return html`
    <div class="view ${room}">
      ${toolbar(app, facts)}
      <main class="report">
        ${progressLine(app, facts)} ${summary(app)} ${pairedLine(app)} ${filterBar(app)}
        ${tableView(app)}
      </main>
      ${footer(app)} ${isHelpOpen ? keyHelp(app) : nothing}
    </div>
  `;
}

const opening = (app: EvaluationApp): TemplateResult => html`
  <main class="empty appears-late">
    <p role="status">
      ${icon('loading', 'active', true)}
      ${
        app.state.connection === 'silent'
          ? 'The evaluation is still being read. Very long texts take a moment.'
          : 'Reading the evaluation'
      }
    </p>
  </main>
`;
