/** The list of a view's keys that `?` shows. */
import { type TemplateResult, html } from 'lit/html.js';
import { iconButton } from './toolkit';

export interface KeyWords {
  /** "Shift+F8" */
  readonly shown: string;
  readonly does: string;
}

export const keyHelpView = (keys: readonly KeyWords[], close: () => void): TemplateResult => html`
  <div class="help card" role="dialog" aria-label="Keys" tabindex="-1">
    <header>
      <h2>Keys</h2>
      ${iconButton({ icon: 'close', label: 'Close', onClick: close })}
    </header>
    <dl>
      ${keys.map(
        ({ shown, does }) =>
          html`<div>
            <dt><kbd>${shown}</kbd></dt>
            <dd>${does}</dd>
          </div>`,
      )}
    </dl>
  </div>
`;
