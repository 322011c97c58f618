/** The runs of the view: a list box in which arrows move, Space shows or hides, Enter highlights. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { colourOf } from '../../src/curves/seriesStyle';
import type { RunFacts } from '../../src/protocol/curves';
import { iconButton, searchField } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import type { CurvesApp } from './curvesApp';
import { dashSample } from './dashSample';
import { leftText, progressText, spokenText, statusLook, summaryText } from './runText';
import { isWorking } from './scene';

export function runList(app: CurvesApp): TemplateResult {
  const { search, runs } = app.state;
  return html`
    <section class="runs" aria-labelledby="runs-title">
      <header class="section-head">
        <h2 id="runs-title" class="section-title">Runs</h2>
        <span class="badge">${countText(runs.size)}</span>
        <span class="spacer"></span>
        ${iconButton({
          icon: 'search',
          label: 'Find a run',
          isPressed: search !== null,
          onClick: () => app.set({ search: search === null ? '' : null }),
        })}
        ${iconButton({
          icon: 'add',
          label: 'Add runs',
          onClick: () => void app.ask('addRuns', null),
        })}
      </header>
      ${search === null ? nothing : searchField('Find a run', search, text => app.set({ search: text }))}
      <div
        class="run-list"
        role="listbox"
        aria-label="Runs"
        aria-multiselectable="false"
        data-region="runs"
        @keydown=${(event: KeyboardEvent) => onListKey(app, event)}
      >
        ${foundRuns(app).map(run => runRow(app, run))}
      </div>
    </section>
  `;
}

/** Runs as chips, where there is no room for a list. */
export function runChips(app: CurvesApp): TemplateResult {
  return html`
    <div
      class="chips"
      role="listbox"
      aria-label="Runs"
      aria-orientation="horizontal"
      data-region="runs"
      @keydown=${(event: KeyboardEvent) => onListKey(app, event)}
    >
      ${foundRuns(app).map(run => {
        const { isHidden, isHighlighted, colour, look } = lookOf(app, run);
        return html`
          <div
            class="chip ${isHighlighted ? 'highlighted' : ''} ${isHidden ? 'hidden-run' : ''}"
            role="option"
            id="run-${run.id}"
            tabindex=${isHighlighted ? 0 : -1}
            aria-selected=${isHighlighted}
            aria-checked=${!isHidden}
            data-run=${run.id}
            @click=${() => (isHighlighted ? app.toggleRun(run.id) : app.highlight(run.id))}
          >
            ${dashSample(run.slot, colour, 18)}<span class="chip-name" aria-hidden="true"
              >${run.name}</span
            >
            ${icon(look.icon, look.role, look.spins)} ${spoken(run, isHidden)}
          </div>
        `;
      })}
    </div>
  `;
}

/** How far the highlighted run is, over the plots of a narrow view. */
export function progressHead(run: RunFacts): TemplateResult {
  return html`
    <div class="progress-head">
      <strong>${run.name}</strong><span class="faint">${progressText(run)}</span>
      <span class="spacer"></span><span class="faint">${leftText(run)}</span>
      ${progressBar(run)}
    </div>
  `;
}

function foundRuns({ state }: CurvesApp): RunFacts[] {
  const wanted = (state.search ?? '').trim().toLowerCase();
  return [...state.runs.values()].filter(run => run.name.toLowerCase().includes(wanted));
}

function lookOf({ state }: CurvesApp, run: RunFacts) {
  return {
    isHidden: state.taste.hidden.includes(run.id),
    isHighlighted: run.id === state.taste.highlighted,
    colour: colourOf(run.slot, state.palette.theme),
    look: statusLook(run),
  };
}

function runRow(app: CurvesApp, run: RunFacts): TemplateResult {
  const { isHidden, isHighlighted, colour, look } = lookOf(app, run);
  return html`
    <div
      class="run ${isHighlighted ? 'highlighted' : ''} ${isHidden ? 'hidden-run' : ''} ${
        isWorking(run) ? 'working' : ''
      }"
      role="option"
      id="run-${run.id}"
      tabindex=${isHighlighted ? 0 : -1}
      aria-selected=${isHighlighted}
      aria-checked=${!isHidden}
      data-run=${run.id}
      @click=${() => app.highlight(run.id)}
    >
      <span
        class="tick"
        aria-hidden="true"
        title=${isHidden ? 'Show (Space)' : 'Hide (Space)'}
        @click=${(event: Event) => {
          event.stopPropagation();
          app.toggleRun(run.id);
        }}
        >${isHidden ? nothing : icon('check')}</span
      >
      ${dashSample(run.slot, colour)}
      <span class="run-name" aria-hidden="true" title=${run.id}>${run.name}</span>
      <span class="run-status" aria-hidden="true" title=${look.word}
        >${icon(look.icon, look.role, look.spins)}</span
      >
      <span class="run-summary" aria-hidden="true">${summaryText(run, isHidden)}</span>
      ${spoken(run, isHidden)} ${isWorking(run) ? progressBar(run) : nothing}
    </div>
  `;
}

/** The name of a row: all of it in one sentence, instead of the pieces that can be seen. */
const spoken = (run: RunFacts, isHidden: boolean): TemplateResult =>
  html`<span class="spoken visually-hidden">${spokenText(run, isHidden)}</span>`;

export function progressBar(run: RunFacts): TemplateResult {
  const share = run.maxSteps > 0 ? run.step / run.maxSteps : 0;
  const isUnknown = run.status === 'preparing';
  return html`<span class="progress ${isUnknown ? 'unknown' : ''}"
    ><span class="progress-done" ${css({ '--share': share.toFixed(4) })}></span
  ></span>`;
}

function onListKey(app: CurvesApp, event: KeyboardEvent): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const rows = [...(event.currentTarget as Element).querySelectorAll<HTMLElement>('[data-run]')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const run = rows[at]?.dataset['run'];
  if (run === undefined) return;
  const moves: Partial<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowRight: at + 1,
    ArrowUp: at - 1,
    ArrowLeft: at - 1,
    Home: 0,
    End: rows.length - 1,
  };
  const to = moves[event.key];
  if (to !== undefined) focusRow(rows[Math.min(Math.max(to, 0), rows.length - 1)]!, rows);
  else if (event.key === ' ') app.toggleRun(run);
  else if (event.key === 'Enter' || event.key === 'h' || event.key === 'H') app.highlight(run);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** One row can be reached by Tab: the one that had the focus last. */
function focusRow(row: HTMLElement, rows: readonly HTMLElement[]): void {
  for (const other of rows) other.tabIndex = other === row ? 0 : -1;
  row.focus();
}
