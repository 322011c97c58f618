/** The prompt's tokens as chips: text above id, neighbours told apart by their colours. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { PromptToken } from '../../src/protocol/sandbox';
import { countText } from '../../src/curves/numberText';
import { visibleText } from './words';

/** More are no longer looked at one by one. */
const MOST_CHIPS = 2000;

const COLOURS = 4;

export function promptTokens(tokens: readonly PromptToken[]): TemplateResult {
  if (tokens.length === 0) return html`<p class="faint not-counted">No tokens yet.</p>`;
  const hidden = tokens.length - MOST_CHIPS;
  return html`
    <ol class="chips" aria-label="Tokens of the prompt" tabindex="0">
      ${hidden > 0 ? html`<li class="faint">${countText(hidden)} before</li>` : nothing}
      ${tokens
        .slice(-MOST_CHIPS)
        .map(
          ({ id, text, isSpecial }, i) =>
            html`<li class="chip c${i % COLOURS} ${isSpecial ? 'special' : ''}">
              <span class="chip-text">${visibleText(text)}</span><span class="chip-id">${id}</span>
            </li>`,
        )}
    </ol>
  `;
}
