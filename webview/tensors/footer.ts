/** The bar below the view: what the table shows, what just happened, the keys worth knowing. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { bytesText, countOf, countText } from '../../src/curves/numberText';
import { icon } from '../theme/icons';
import type { TensorsApp } from './tensorsApp';
import type { SortKey } from './tensorTable';

const sortWords: Readonly<Record<SortKey, string>> = {
  file: 'In the order of the file',
  name: 'Sorted by name',
  dtype: 'Sorted by type',
  shape: 'Sorted by elements',
  bytes: 'Sorted by bytes',
};

export function footer(app: TensorsApp): TemplateResult {
  const { notice, room, taste } = app.state;
  const { rows, table } = app;
  const bytes = rows.reduce((sum, row) => sum + table.bytesOf(row), 0);
  const isAll = rows.length === table.size;
  const shown = isAll
    ? countOf(table.size, 'tensor')
    : `${countText(rows.length)} of ${countText(table.size)} tensors, ${bytesText(bytes)}`;
  return html`
    <footer class="footer">
      <span>${room === 'narrow' ? '' : `${sortWords[taste.sorting.by]}, `}${shown}</span>
      <span class="spacer"></span>
      ${
        notice
          ? html`<span class="notice ${notice.kind}" role="status"
              >${icon(notice.kind, notice.kind === 'error' ? 'bad' : 'faint')}<span
                >${notice.text}</span
              ></span
            >`
          : room === 'narrow'
            ? nothing
            : html`<span>↑ ↓ choose</span><span>/ filters</span><span>? keys</span>`
      }
    </footer>
  `;
}
