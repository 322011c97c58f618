/** Texts and single values that stand beside the tensors, each on a line until it is unfolded. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { TensorsApp } from './tensorsApp';

/** More are in the page only when they fit the filter. */
const MAX_ROWS = 300;
/** Longer texts can be unfolded. */
const LONG = 48;

export function metadataView(
  app: TensorsApp,
  metadata: readonly (readonly [key: string, text: string])[],
): TemplateResult {
  if (metadata.length === 0)
    return html`<p class="none-chosen faint">Nothing stands beside the tensors.</p>`;
  const words = app.state.taste.words.toLowerCase();
  const fitting = metadata.filter(([key, text]) => `${key} ${text}`.toLowerCase().includes(words));
  // a filter that is meant for tensors only is not one for these
  const found = fitting.length > 0 ? fitting : metadata;
  return html`
    ${
      fitting.length > 0 && fitting.length < metadata.length
        ? html`<p class="faint metadata-count">
            ${countText(fitting.length)} of ${countText(metadata.length)} fit the filter
          </p>`
        : nothing
    }
    <dl class="metadata">
      ${found.slice(0, MAX_ROWS).map(([key, text]) => entry(app, key, text))}
    </dl>
    ${
      found.length > MAX_ROWS
        ? html`<p class="faint metadata-count">
            ${countText(found.length - MAX_ROWS)} more; filter to see them
          </p>`
        : nothing
    }
  `;
}

function entry(app: TensorsApp, key: string, text: string): TemplateResult {
  const isLong = text.length > LONG || text.includes('\n');
  const isOpen = isLong && app.state.unfolded.has(key);
  return html`
    <div class=${isOpen ? 'open' : ''}>
      <dt title=${key}>${key}</dt>
      <dd>
        ${
          isLong
            ? html`<button class="fold" aria-expanded=${isOpen} @click=${() => app.unfold(key)}>
                ${icon(isOpen ? 'chevronDown' : 'chevronRight')}<span
                  >${isOpen ? pretty(text) : text}</span
                >
              </button>`
            : html`<span>${text === '' ? '–' : text}</span>`
        }
        ${iconButton({
          icon: 'copy',
          label: `Copy ${key}`,
          onClick: () => void app.copy(text, key),
        })}
      </dd>
    </div>
  `;
}

/** JSON on many lines, as it is meant to be read. */
function pretty(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // it only looked like it
  }
}
