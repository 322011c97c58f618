/** What narrows the table down: words, types, a prefix. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { icon } from '../theme/icons';
import { FILTER_ID } from './pageParts';
import type { TensorsApp } from './tensorsApp';

export function filterBar(app: TensorsApp): TemplateResult {
  const { taste, prefix } = app.state;
  return html`
    <div class="filters" role="search" aria-label="Tensors">
      <label class="filter">
        ${icon('filter', 'faint')}
        <input
          id=${FILTER_ID}
          type="text"
          placeholder=${app.state.room === 'narrow' ? 'Filter' : 'Filter by name'}
          aria-label="Filter by name; * stands for anything"
          spellcheck="false"
          .value=${taste.words}
          @input=${(event: Event) => app.look({ words: (event.target as HTMLInputElement).value })}
        />
      </label>
      ${prefix === null ? nothing : prefixChip(app, prefix)} ${typeChips(app)}
    </div>
  `;
}

const prefixChip = (app: TensorsApp, prefix: string): TemplateResult => html`
  <button
    class="chip on removable"
    title="Only tensors below ${prefix}; press to show all"
    aria-label="Only below ${prefix}: show all again"
    @click=${() => app.look({ prefix: null })}
  >
    <span>${prefix}.</span>${icon('close')}
  </button>
`;

/** So many types have a chip; the rest can be filtered by sorting. */
const MAX_CHIPS = 4;

function typeChips(app: TensorsApp): TemplateResult | typeof nothing {
  const { taste, dtype, prefix, room } = app.state;
  const counts = app.table.countByDtype({ ...taste, dtype, prefix });
  if (counts.size < 2) return nothing;
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  // in the order of the whole file, so that no chip moves while one types
  const inFile = app.table.countByDtype({ ...taste, words: '', dtype: null, prefix: null });
  const most = [...inFile]
    .sort(([, a], [, b]) => b - a)
    .slice(0, room === 'narrow' ? 2 : MAX_CHIPS)
    .map(([name]) => [name, counts.get(name) ?? 0] as const);
  const chip = (name: string, count: number, value: string | null) => html`
    <button
      class="chip ${dtype === value ? 'on' : ''}"
      aria-pressed=${dtype === value}
      @click=${() => app.look({ dtype: value })}
    >
      ${name} <span class="count">${countText(count)}</span>
    </button>
  `;
  return html`<div class="chips" role="group" aria-label="Types">
    ${chip('All', all, null)} ${most.map(([name, count]) => chip(name, count, name))}
  </div>`;
}
