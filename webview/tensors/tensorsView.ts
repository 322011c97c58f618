/** The whole view from its parts. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import { detailPane } from './detailPane';
import { filterBar } from './filterBar';
import { footer } from './footer';
import { keyHelp } from './keys';
import { problemView } from './problemView';
import { summary } from './summary';
import { tableView } from './tableView';
import type { TensorsApp } from './tensorsApp';

export function tensorsView(app: TensorsApp): TemplateResult {
  const { connection, snapshot, room, isHelpOpen } = app.state;
  if (connection !== 'ready' || snapshot === null) return opening(app);
  if (snapshot.contents === null) return problemView(app, snapshot);
  return html`
    <div class="view ${room}">
      ${summary(app, snapshot.file, snapshot.contents)} ${staleness(app)}
      <main class="list">${filterBar(app)} ${tableView(app)}</main>
      ${detailPane(app, snapshot.contents)} ${footer(app)} ${isHelpOpen ? keyHelp(app) : nothing}
    </div>
  `;
}

const opening = (app: TensorsApp): TemplateResult => html`
  <main class="empty appears-late">
    <p role="status">
      ${icon('loading', 'active', true)}
      ${
        app.state.connection === 'silent'
          ? 'The file is still being read. A file with very many tensors takes a moment.'
          : 'Reading what the file holds'
      }
    </p>
  </main>
`;

function staleness(app: TensorsApp): TemplateResult | typeof nothing {
  const { staleness, isReading } = app.state;
  if (staleness === null) return nothing;
  const words =
    staleness === 'missing'
      ? 'The file is gone. What is shown was read before.'
      : 'The file has changed since it was read.';
  return html`
    <div class="callout warning stale" role="status">
      ${icon('warning', 'warn')}<span>${words}</span>
      ${textButton({
        icon: 'sync',
        label: isReading ? 'Reading' : 'Read again',
        onClick: () => void app.reload(),
      })}
    </div>
  `;
}
