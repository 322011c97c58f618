/** The whole view from its parts. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { textButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import { detailPane } from './detailPane';
import type { DiffApp } from './diffApp';
import { filterBar } from './filterBar';
import { header } from './header';
import { keyHelp } from './keys';
import { mapView } from './mapView';
import { summary } from './summary';
import { tableView } from './tableView';

export function diffView(app: DiffApp): TemplateResult {
  const { connection, snapshot, room, isHelpOpen } = app.state;
  if (connection !== 'ready' || snapshot === null) return opening(app);
  if (!app.hasTable) return problem(app, snapshot.problem?.message ?? '');
  return html`
    <div class="view ${room}">
      ${header(app)} ${summary(app)}
      <main class="list">${trouble(app)} ${mapView(app)} ${filterBar(app)} ${tableView(app)}</main>
      ${detailPane(app)} ${footer(app)} ${isHelpOpen ? keyHelp(app) : nothing}
    </div>
  `;
}

const opening = (app: DiffApp): TemplateResult => html`
  <main class="empty appears-late">
    <p role="status">
      ${icon('loading', 'active', true)}
      ${
        app.state.connection === 'silent'
          ? 'Both models are still being opened. Very many parameters take a moment.'
          : 'Opening both models'
      }
    </p>
  </main>
`;

const problem = (app: DiffApp, message: string): TemplateResult => html`
  <main class="empty">
    <div class="callout error problem" role="alert">
      ${icon('error', 'bad')}
      <span>
        <strong>These cannot be compared</strong><br />${message}
        <span class="buttons">
          ${textButton({ label: 'Choose left', onClick: () => void app.chooseSide('left') })}
          ${textButton({ label: 'Choose right', onClick: () => void app.chooseSide('right') })}
          ${textButton({ label: 'Try again', icon: 'sync', onClick: () => void app.begin('again') })}
        </span>
      </span>
    </div>
  </main>
`;

/** Comparing ended before all was compared. */
const trouble = ({ state }: DiffApp): TemplateResult | typeof nothing =>
  state.snapshot?.problem
    ? html`<div class="callout error trouble" role="alert">
        ${icon('error', 'bad')}<span>${state.snapshot.problem.message}</span>
      </div>`
    : nothing;

const sortingWords = {
  problem: 'problems first',
  name: 'order of the model',
  relL2: 'relative L2',
  maxAbs: 'max abs',
  pcc: 'PCC',
  ulp99: 'ULP p99',
} as const;

function footer(app: DiffApp): TemplateResult {
  const { notice, taste, room } = app.state;
  return html`
    <footer class="footer">
      ${
        notice
          ? html`<span class="notice" role="status"
              >${icon(notice.kind === 'error' ? 'error' : 'info', notice.kind === 'error' ? 'bad' : '')}<span
                >${notice.text}</span
              ></span
            >`
          : html`<span
              >Sorted by ${sortingWords[taste.sorting.by]}, ${countText(app.rows.length)} of
              ${countText(app.table.size)} shown</span
            >`
      }
      <span class="spacer"></span>
      ${
        room === 'narrow'
          ? nothing
          : html`<span>Enter opens details</span><span>F8 next mismatch</span
              ><span>/ filters</span>`
      }
      <span>? keys</span>
    </footer>
  `;
}
