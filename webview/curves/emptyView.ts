/** What stands where there is nothing to show: a drawing, a sentence, what to do. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { textButton } from '../controls/toolkit';
import type { CurvesApp } from './curvesApp';

export function emptyView(app: CurvesApp): TemplateResult {
  const { knownRuns, isTrusted } = app.state;
  return html`
    <main class="empty">${drawing} ${knownRuns > 0 ? noneOpen(app) : noRuns(app, isTrusted)}</main>
  `;
}

const drawing = html`<svg class="drawing" width="200" height="80" aria-hidden="true">
  ${[12, 36, 60].map(y => svg`<line class="drawing-grid" x2="200" y1=${y} y2=${y} />`)}
  <line class="drawing-axis" x2="200" y1="78" y2="78" />
  <path class="drawing-curve" d="M2 0C14 24 22 44 54 54S128 65 199 68" />
</svg>`;

const noneOpen = (app: CurvesApp): TemplateResult => html`
  <h1>No run is open here</h1>
  <p>The runs of this window can be added to the curves.</p>
  <p class="buttons">
    ${textButton({
      kind: 'primary',
      icon: 'add',
      label: 'Add runs…',
      onClick: () => void app.ask('addRuns', null),
    })}
  </p>
`;

function noRuns(app: CurvesApp, isTrusted: boolean): TemplateResult {
  const start = (action: 'demo' | 'newConfig' | 'openRuns' | 'trust') => () =>
    void app.ask('start', { action });
  return html`
    <h1>No runs in this workspace</h1>
    <p>
      Curves appear here while a model trains. Runs live in <code>runs/</code> and stay after the
      window closes.
    </p>
    <p class="buttons">
      ${
        isTrusted
          ? html`${textButton({
              kind: 'primary',
              icon: 'play',
              label: 'Train the demo, about 3 minutes',
              onClick: start('demo'),
            })}
            ${textButton({ icon: 'newFile', label: 'New config', onClick: start('newConfig') })}`
          : textButton({
              kind: 'primary',
              icon: 'shield',
              label: 'Manage workspace trust',
              onClick: start('trust'),
            })
      }
      ${textButton({
        icon: 'folderOpened',
        label: 'Open a runs folder',
        onClick: start('openRuns'),
      })}
    </p>
    ${isTrusted ? nothing : html`<p>Training stays off until this folder is trusted.</p>`}
  `;
}
