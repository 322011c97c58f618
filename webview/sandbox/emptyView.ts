/** What stands where no model was chosen yet: a drawing, a sentence, what to do. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { textButton } from '../controls/toolkit';
import type { SandboxApp } from './sandboxApp';

export const emptyView = (app: SandboxApp): TemplateResult => html`
  <div class="empty">
    ${drawing}
    <h1>Which model do you want to try?</h1>
    <p>
      Checkpoints of runs, model folders of the workspace and downloaded models can write here: one
      alone, or several side by side from the same prompt and seed.
    </p>
    <p class="buttons">
      ${
        app.state.isTrusted
          ? textButton({
              kind: 'primary',
              icon: 'folderOpened',
              label: 'Choose a model…',
              onClick: () => void app.ask('chooseModel', { column: app.column.id, what: 'model' }),
            })
          : textButton({
              kind: 'primary',
              icon: 'shield',
              label: 'Manage workspace trust',
              onClick: () => void app.ask('trust', null),
            })
      }
    </p>
    ${
      app.state.isTrusted
        ? nothing
        : html`<p class="untrusted">
            This folder is in Restricted Mode: no model is opened until you trust it.
          </p>`
    }
  </div>
`;

/** Bars up and down from one line, as of two texts. */
const drawing = html`<svg class="drawing" width="208" height="80" aria-hidden="true">
  ${[38, 34, 36, 22, 37, 35, 28, 36, 12, 30, 37, 20, 33].map(
    (height, i) => svg`<rect
      class="drawing-bar ${i < 8 ? 'same' : ''}"
      x=${i * 16} width="13" y=${39 - height} height=${height} />`,
  )}
  ${[37, 33, 37, 24, 36, 36, 26, 37, 31, 17, 35, 9].map(
    (height, i) => svg`<rect
      class="drawing-bar other ${i < 8 ? 'same' : ''}"
      x=${i * 16} width="13" y="41" height=${height} />`,
  )}
</svg>`;
