/** The whole view: verdict, banks at the peak, buffers, what would fit, the peak by phase. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import type { MemoryCategory, MemoryPlan, MemorySnapshot } from '../../src/protocol/memoryView';
import { iconButton, textButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { bankMap, megabytes, SLOTS } from './bankMap';
import { keyHelp } from './keys';
import type { MemoryApp } from './memoryApp';
import { phasesView, suggestionsView } from './suggestions';

export function memoryView(app: MemoryApp): TemplateResult {
  const { connection, snapshot, width, isHelpOpen } = app.state;
  if (connection !== 'ready' || !snapshot) return opening();
  const { plan, problem } = snapshot;
  const layout = width < 600 ? 'narrow' : width < 900 ? 'medium' : 'wide';
  return html`
    <div class="view ${layout}">
      ${toolbar(app, snapshot)}
      <main class="memory" tabindex="-1">
        ${
          problem
            ? html`<p class="callout error" role="alert">
                ${icon('error', 'bad')}<span>${problem.message}</span>
                ${textButton({ label: 'Open config', onClick: () => void app.ask('openConfig', null) })}
              </p>`
            : nothing
        }
        ${plan ? planned(app, plan) : nothing}
      </main>
      ${footer(app, plan)} ${isHelpOpen ? keyHelp(app) : nothing}
    </div>
  `;
}

const opening = (): TemplateResult => html`
  <main class="empty appears-late">
    <p role="status">${icon('loading', 'active', true)} Planning</p>
  </main>
`;

function toolbar(app: MemoryApp, { label, device, devices, plan }: MemorySnapshot): TemplateResult {
  const { isNarrow } = app;
  return html`
    <header class="toolbar">
      <h1>Memory plan</h1>
      ${isNarrow ? nothing : html`<p class="faint about">${[label, plan?.about].filter(Boolean).join(' · ')}</p>`}
      <span class="spacer"></span>
      <select
        class="select"
        aria-label="Device"
        .value=${device}
        @change=${(event: Event) => {
          const { value } = event.target as HTMLSelectElement;
          void (value === '' ? app.ask('describe', null) : app.ask('choose', { device: value }));
        }}
      >
        ${devices.map(
          ({ name, title }) =>
            html`<option value=${name} ?selected=${name === device}>${title}</option>`,
        )}
        <option value="">Describe a device…</option>
      </select>
      ${plan && !isNarrow ? html`<span class="faint">align ${plan.alignment} B</span>` : nothing}
      ${iconButton({
        icon: 'export',
        label: 'Save all buffers as CSV',
        isDisabled: !plan,
        onClick: () => void app.save('csv'),
      })}
      ${iconButton({
        icon: 'question',
        label: 'Keys (?)',
        isPressed: app.state.isHelpOpen,
        onClick: () => app.set({ isHelpOpen: !app.state.isHelpOpen }),
      })}
    </header>
  `;
}

function planned(app: MemoryApp, plan: MemoryPlan): TemplateResult {
  const { width } = app.state;
  const side = width >= 900 ? 352 : 0;
  const inner = width - side - (app.isNarrow ? 16 : 32);
  return html`
    <div
      class="callout verdict ${plan.fits ? 'fits' : 'error'}"
      role=${plan.fits ? 'status' : 'alert'}
    >
      ${icon(plan.fits ? 'pass' : 'error', plan.fits ? 'ok' : 'bad')}
      <span><strong>${plan.title}</strong><br />${plan.detail}</span>
      ${textButton({
        label: 'Explain an out-of-memory message',
        onClick: () => void app.ask('explain', null),
      })}
    </div>
    <div class="columns">
      <section class="banks" aria-label="Banks at the peak">
        <div class="head">
          <h2>Banks at the peak</h2>
          <span class="spacer"></span>
          <ul class="legend">
            ${plan.categories.map(
              c => html`<li><span class="swatch" ${colourOf(c.category)}></span>${c.title}</li>`,
            )}
            <li><span class="swatch padding"></span>padding</li>
          </ul>
        </div>
        <p class="axis faint">MB per bank</p>
        ${bankMap(app, plan, Math.max(280, inner))} ${bufferTable(app, plan, inner)}
      </section>
      <aside class="side">${suggestionsView(app, plan)} ${phasesView(plan)}</aside>
    </div>
  `;
}

const colourOf = (category: string) =>
  css({ background: `var(--wr-series-${SLOTS[category] ?? 7})` });

interface Column {
  title: string;
  /** Room that all columns up to this one take. */
  room: number;
  isNumber: boolean;
  cell(c: MemoryCategory): string;
  sum?(all: readonly MemoryCategory[]): string;
}

const total = (all: readonly MemoryCategory[], of: (c: MemoryCategory) => number): number =>
  all.reduce((n, c) => n + of(c), 0);

/** Those that matter least leave first. */
const columns: readonly Column[] = [
  {
    ...{ title: 'Layout', room: 760, isNumber: false },
    cell: c => c.layout,
  },
  {
    ...{ title: 'Needed B', room: 0, isNumber: true },
    cell: c => countText(c.neededBytes),
    sum: all => countText(total(all, c => c.neededBytes)),
  },
  { ...{ title: 'Page B', room: 640, isNumber: true }, cell: c => countText(c.pageBytes) },
  { ...{ title: 'Pages', room: 480, isNumber: true }, cell: c => countText(c.pages) },
  {
    ...{ title: 'Per bank B', room: 0, isNumber: true },
    cell: c => countText(c.perBankBytes),
    sum: all => countText(total(all, c => c.perBankBytes)),
  },
  {
    ...{ title: 'Padding, MB per bank', room: 600, isNumber: true },
    cell: c => (c.paddingPerBankBytes / 1e6).toFixed(1),
    sum: all => (total(all, c => c.paddingPerBankBytes) / 1e6).toFixed(1),
  },
];

function bufferTable(
  app: MemoryApp,
  { categories, banks }: MemoryPlan,
  room: number,
): TemplateResult {
  const { category } = app.state;
  const shown = columns.filter(column => column.room <= room);
  const kind = ({ isNumber }: Column) => (isNumber ? 'number' : 'faint');
  return html`
    <table class="buffers">
      <thead>
        <tr>
          <th scope="col">Buffers</th>
          ${shown.map(column => html`<th scope="col" class=${kind(column)}>${column.title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${categories.map(
          (c, i) => html`
            <tr
              class=${i === category ? 'chosen' : ''}
              aria-current=${i === category ? 'true' : nothing}
              title="${countText(c.buffers)} buffers over ${banks} banks"
              @click=${() => app.set({ category: i })}
            >
              <th scope="row"><span class="swatch" ${colourOf(c.category)}></span>${c.title}</th>
              ${shown.map(column => html`<td class=${kind(column)}>${column.cell(c)}</td>`)}
            </tr>
          `,
        )}
        <tr class="sum">
          <th scope="row">Sum</th>
          ${shown.map(
            column => html`<td class=${kind(column)}>${column.sum?.(categories) ?? ''}</td>`,
          )}
        </tr>
      </tbody>
    </table>
  `;
}

function footer(app: MemoryApp, plan: MemoryPlan | null): TemplateResult {
  const { notice, category } = app.state;
  const chosen = plan?.categories[category];
  return html`
    <footer class="footer">
      ${
        plan
          ? html`<span
              >per bank = ⌈pages ÷ ${plan.banks}⌉ × page rounded up to ${plan.alignment} B</span
            >`
          : nothing
      }
      <span class="spacer"></span>
      ${
        notice
          ? html`<span class="notice" role="status"
              >${icon(notice.isError ? 'error' : 'check', notice.isError ? 'bad' : 'ok')}<span
                >${notice.text}</span
              ></span
            >`
          : html`<span class="visually-hidden" role="status"
                >${chosen ? `${chosen.title}: ${megabytes(chosen.perBankBytes)} MB per bank` : ''}</span
              ><span>planned from the config, nothing was run</span>`
      }
    </footer>
  `;
}
