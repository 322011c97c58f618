/** The whole view: toolbar, what the adapters are and do, map, table, one layer. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { MOST_ADAPTERS } from '../../src/protocol/adapterView';
import { menuView } from '../controls/menu';
import { iconButton, textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { AdapterApp } from './adapterApp';
import { detailPane } from './detailPane';
import { keyHelp } from './keys';
import { mapView } from './mapView';
import { FILTER_ID } from './pageParts';
import { summary } from './summary';
import { tableView } from './tableView';
import { metricLabels, sideLetters } from './texts';

export function adapterView(app: AdapterApp): TemplateResult {
  const { connection, snapshot, room, isHelpOpen } = app.state;
  if (connection !== 'ready' || !snapshot) return opening();
  return html`
    <div class="view ${room}">
      ${toolbar(app)}
      <div class="body">
        <main class="adapters" tabindex="-1">
          ${summary(app)}
          ${app.all.length > 0 ? [mapView(app), filterBar(app), tableView(app)] : nothing}
        </main>
        ${app.all.length > 0 ? detailPane(app) : nothing}
      </div>
      ${footer(app)} ${isHelpOpen ? keyHelp(app) : nothing}
    </div>
  `;
}

const opening = (): TemplateResult => html`
  <main class="empty appears-late">
    <p role="status">${icon('loading', 'active', true)} Reading the adapters</p>
  </main>
`;

function toolbar(app: AdapterApp): TemplateResult {
  const { snapshot, room, open, isHelpOpen } = app.state;
  const count = snapshot?.adapters.length ?? 0;
  return html`
    <header class="toolbar">
      <h1>${count > 1 ? 'Adapters' : 'Adapter'}</h1>
      <span class="spacer"></span>
      ${
        app.second
          ? iconButton({
              icon: 'arrowSwap',
              label: 'Exchange A and B (X)',
              onClick: () => app.swap(),
            })
          : nothing
      }
      ${
        count < MOST_ADAPTERS
          ? textButton({
              icon: 'gitCompare',
              label: room === 'narrow' ? 'Compare…' : 'Compare with another adapter…',
              onClick: () => void app.ask('compare', null),
            })
          : nothing
      }
      ${iconButton({
        icon: 'refresh',
        label: 'Read again',
        isDisabled: snapshot?.isReading ?? false,
        onClick: () => void app.ask('again', null),
      })}
      <span class="menu-anchor"
        >${iconButton({
          icon: 'export',
          label: 'Export',
          isExpanded: open === 'export',
          isDisabled: app.all.length === 0,
          onClick: () => app.set({ open: open === 'export' ? null : 'export' }),
        })}
        ${open === 'export' ? exportMenu(app) : nothing}</span
      >
      ${iconButton({
        icon: 'question',
        label: 'Keys (?)',
        isPressed: isHelpOpen,
        onClick: () => app.set({ isHelpOpen: !isHelpOpen }),
      })}
    </header>
  `;
}

const exportMenu = (app: AdapterApp): TemplateResult =>
  menuView({
    label: 'Export',
    checks: 'any',
    close: () => app.set({ open: null }),
    items: [
      { label: 'JSON, with all singular values', choose: () => void app.save('json') },
      { label: 'CSV, a row a layer', choose: () => void app.save('csv') },
      { label: 'SVG, the map as it is coloured', choose: () => void app.savePicture() },
    ],
  });

const filterBar = (app: AdapterApp): TemplateResult => html`
  <div class="filters" role="search" aria-label="Layers">
    <label class="filter">
      ${icon('filter', 'faint')}
      <input
        id=${FILTER_ID}
        type="text"
        placeholder="Filter by name"
        aria-label="Filter by name"
        spellcheck="false"
        .value=${app.state.taste.words}
        @input=${(event: Event) => app.look((event.target as HTMLInputElement).value)}
      />
    </label>
    <span class="spacer"></span>
    <span class="faint">${countText(app.rows.length)} of ${countText(app.all.length)} layers</span>
  </div>
`;

function footer(app: AdapterApp): TemplateResult {
  const { notice, snapshot, room } = app.state;
  const { base, isReading } = snapshot ?? {};
  return html`
    <footer class="footer">
      ${
        notice
          ? html`<span class="notice" role="status"
              >${icon(notice.isError ? 'error' : 'info', notice.isError ? 'bad' : '')}<span
                >${notice.text}</span
              ></span
            >`
          : base
            ? html`<span role="status"
                >${icon('loading', 'active', true)} norms of the base, ${countText(base.done)} of
                ${countText(base.total)} weights</span
              >`
            : isReading
              ? html`<span role="status">${icon('loading', 'active', true)} reading</span>`
              : html`<span>${sortedBy(app)}</span>`
      }
      <span class="spacer"></span>
      ${room === 'narrow' ? nothing : html`<span>E next metric</span><span>M map</span><span>/ filters</span>`}
      <span>? keys</span>
    </footer>
  `;
}

function sortedBy(app: AdapterApp): string {
  const { by, side } = app.sorting;
  if (by === 'layer') return 'In the order of the model';
  const isOfOne = app.second && by !== 'subspace' && by !== 'cosine';
  return `Sorted by ${metricLabels[by]}${isOfOne ? ` of ${sideLetters[side]}` : ''}`;
}
