/** What is to be said over everything: that nothing may start here, or that the engine is gone. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { SandboxApp } from './sandboxApp';

export function engineCallout(app: SandboxApp): TemplateResult | typeof nothing {
  const { isTrusted, engine } = app.state;
  if (!isTrusted && !app.isEmpty)
    return html`
      <div class="callout warning over-all" role="status">
        ${icon('shield', 'warn')}<span
          >This folder is in Restricted Mode: texts can be read, and nothing is written until you
          trust it.</span
        >
        ${textButton({
          icon: 'shield',
          label: 'Manage workspace trust',
          onClick: () => void app.ask('trust', null),
        })}
      </div>
    `;
  if (engine.kind === 'down')
    return html`
      <div class="callout error over-all" role="alert">
        ${icon('error', 'bad')}<span
          >${engine.cause ?? ''} It ended so often that it is not started again by itself.</span
        >
        ${textButton({
          icon: 'play',
          label: 'Start the engine again',
          onClick: () => void app.ask('restartEngine', null),
        })}
      </div>
    `;
  return nothing;
}
