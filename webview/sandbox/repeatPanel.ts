/** The command that writes a column's text again, as it is copied. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { commandLines, repeatableOf } from '../../src/protocol/commandLine';
import type { SandboxApp } from './sandboxApp';

export function repeatPanel(app: SandboxApp): TemplateResult | typeof nothing {
  const { exchange, column } = app;
  const outcome = app.outcomeOf(column.id);
  if (!exchange || !outcome || outcome.promptIds.length === 0) return nothing;
  const { terminal } = app.state;
  const repeatable = repeatableOf(exchange, outcome, terminal.shell);
  const [first = '', ...options] = commandLines(repeatable, terminal);
  const name = app.names[app.document.columns.indexOf(column)];
  return html`
    <section class="side-section" aria-label="Repeat this">
      <h2 class="section-title">
        Repeat this${app.document.columns.length > 1 ? html`, ${name}` : nothing}
      </h2>
      <pre class="command" tabindex="0" aria-label="Command">
${first}${options.map(line => `\n  ${line}`)}</pre>
      <p class="command-links">
        <button class="link" @click=${() => void app.copy('command', 'The command is copied')}>
          Copy command
        </button>
        <button class="link" @click=${() => void app.save('saveExample')}>Save as example</button>
      </p>
    </section>
  `;
}
