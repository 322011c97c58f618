/** The texts at which a model stops, as chips that can be taken away; line breaks are visible. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { SandboxApp } from './sandboxApp';

const MOST_TEXTS = 32;

export function stopChips(app: SandboxApp): TemplateResult {
  const { stop } = app.document.sampling;
  const { isAddingStop } = app.state;
  return html`
    <ul class="stop-chips" aria-label="Stop texts">
      ${stop.map(
        (text, i) => html`
          <li class="stop-chip">
            <code>${escaped(text)}</code
            ><button
              class="chip-remove"
              title="Remove"
              aria-label="Remove ${escaped(text)}"
              @click=${() => app.sample({ stop: stop.filter((_, at) => at !== i) })}
            >
              ${icon('close')}
            </button>
          </li>
        `,
      )}
      <li>
        ${
          isAddingStop
            ? newStop(app)
            : iconButton({
                icon: 'add',
                label: 'Add a stop text',
                isDisabled: stop.length >= MOST_TEXTS,
                onClick: () => app.set({ isAddingStop: true }),
              })
        }
      </li>
    </ul>
    ${stop.length === 0 && !isAddingStop ? html`<p class="faint">Only at an end token</p>` : nothing}
  `;
}

function newStop(app: SandboxApp): TemplateResult {
  const close = () => app.set({ isAddingStop: false });
  const take = (field: HTMLInputElement) => {
    const text = unescaped(field.value);
    const { stop } = app.document.sampling;
    if (text !== '' && !stop.includes(text)) app.sample({ stop: [...stop, text] });
    close();
  };
  return html`<input
    class="field new-stop"
    type="text"
    maxlength="200"
    aria-label="New stop text"
    placeholder="\\n for a line break"
    @keydown=${(event: KeyboardEvent) => {
      if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey)
        take(event.target as HTMLInputElement);
      else if (event.key === 'Escape') close();
      else return;
      event.stopPropagation();
    }}
    @blur=${(event: Event) => take(event.target as HTMLInputElement)}
  />`;
}

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');

const unescaped = (text: string): string =>
  text.replace(/\\([nt\\])/g, (_, letter: string) =>
    letter === 'n' ? '\n' : letter === 't' ? '\t' : '\\',
  );
