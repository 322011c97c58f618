/** What stands where a file cannot be opened: what it is, where, what to do. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import type { Snapshot } from '../../src/protocol/tensors';
import { textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { TensorsApp } from './tensorsApp';
import { refusalTitle } from './texts';

export function problemView(app: TensorsApp, { file, problem }: Snapshot): TemplateResult {
  if (!problem) return html``;
  const { code, message, byte } = problem;
  return html`
    <main class="empty">
      <div class="callout error problem" role="alert">
        ${icon('error', 'bad')}
        <div>
          <h1>${refusalTitle(problem, file)}</h1>
          <p>${message}</p>
          <p class="faint">
            <code>${code}</code>${byte === null ? nothing : html` · at byte ${countText(byte)}`}
          </p>
          <p class="buttons">
            ${textButton({
              kind: 'primary',
              icon: 'sync',
              label: app.state.isReading ? 'Reading' : 'Read again',
              onClick: () => void app.reload(),
            })}
            ${textButton({
              icon: 'copy',
              label: 'Copy message',
              onClick: () => void app.copy(`${code}: ${message}`, 'the message'),
            })}
          </p>
        </div>
      </div>
    </main>
  `;
}
