/** The whole view from its parts, by how much room there is. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { icon } from '../theme/icons';
import { columnsView } from './columnsView';
import { emptyView } from './emptyView';
import { engineCallout } from './engineCallout';
import { footer } from './footer';
import { keyHelp } from './keys';
import { layerErrors } from './layerErrors';
import { popover } from './popover';
import { promptArea } from './promptArea';
import { ribbonView } from './ribbonView';
import { samplingLine, samplingPanel } from './samplingPanel';
import type { SandboxApp } from './sandboxApp';
import { toolbar } from './toolbar';

export function sandboxView(app: SandboxApp): TemplateResult {
  const { connection, document, room, isHelpOpen, isDrawerOpen } = app.state;
  if (connection !== 'ready' || !document) return connecting(app);
  return html`
    <div class="view ${room}">
      ${toolbar(app)}
      <main class="main">${engineCallout(app)} ${app.isEmpty ? emptyView(app) : content(app)}</main>
      ${
        room === 'wide' || isDrawerOpen
          ? html`<aside class=${room === 'wide' ? 'side' : 'drawer'} aria-label="Sampling">
              ${samplingPanel(app)}
            </aside>`
          : nothing
      }
      ${footer(app)} ${popover(app)} ${isHelpOpen ? keyHelp(app) : nothing} ${layerErrors(app)}
      <div class="visually-hidden" role="status">${app.state.spoken}</div>
    </div>
  `;
}

const content = (app: SandboxApp): TemplateResult => html`
  ${promptArea(app)} ${app.state.room === 'narrow' ? samplingLine(app) : nothing} ${ribbonView(app)}
  ${columnsView(app)}
`;

const connecting = (app: SandboxApp): TemplateResult => html`
  <main class="empty appears-late">
    <p role="status">
      ${icon('loading', 'active', true)}
      ${
        app.state.connection === 'silent'
          ? 'The extension does not answer yet. Trying again.'
          : 'Opening the sandbox'
      }
    </p>
  </main>
`;
