/** What narrows the table down, and the bound that judges it, as a slider that works at once. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { iconButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { mainBound, sliders, withBound } from './bounds';
import type { DiffApp } from './diffApp';
import type { Show } from './diffTable';
import { FILTER_ID } from './pageParts';
import { type BoundName, boundNames } from './taste';

export function filterBar(app: DiffApp): TemplateResult {
  const { taste, room, open } = app.state;
  const isNarrow = room === 'narrow';
  const name = mainBound(taste.profile);
  return html`
    <div class="filters" role="search" aria-label="Parameters">
      <label class="filter">
        ${icon('filter', 'faint')}
        <input
          id=${FILTER_ID}
          type="text"
          placeholder=${isNarrow ? 'Filter' : 'Filter by name'}
          aria-label="Filter by name; * stands for anything"
          spellcheck="false"
          .value=${taste.words}
          @input=${(event: Event) => app.look({ words: (event.target as HTMLInputElement).value })}
        />
      </label>
      ${chips(app)}
      <span class="spacer"></span>
      ${isNarrow ? nothing : html`<span class="threshold">${slider(app, name, true)}</span>`}
      <span class="menu-anchor"
        >${iconButton({
          icon: 'gear',
          label: 'Bounds',
          isPressed: open === 'bounds',
          onClick: () => app.set({ open: open === 'bounds' ? null : 'bounds' }),
        })}
        ${open === 'bounds' ? boundsCard(app) : nothing}</span
      >
    </div>
  `;
}

function chips(app: DiffApp): TemplateResult {
  const counts = app.table.counts();
  const all: [Show, string, number][] = [
    ['all', 'All', app.table.size],
    ['mismatched', 'Mismatched', counts.mismatch],
    ['missing', 'Missing', counts.missing + counts.unused],
    ['transformed', 'Transformed', counts.transformed],
  ];
  const shown = app.state.room === 'narrow' ? all.slice(0, 3) : all;
  return html`${shown.map(([show, label, count]) => {
    const isOn = app.state.taste.show === show;
    return html`
      <button
        class="chip ${isOn ? 'on' : ''}"
        aria-pressed=${isOn}
        @click=${() => app.look({ show })}
      >
        ${label} <span class="count">${countText(count)}</span>
      </button>
    `;
  })}`;
}

function slider(app: DiffApp, name: BoundName, isMain: boolean): TemplateResult {
  const { profile } = app.state.taste;
  const { label, range, start, numberAt, placeOf, text, word } = sliders[name];
  const [from, to, step] = range;
  const bound = profile[name];
  const place = placeOf(bound ?? start);
  const words = bound === undefined ? noBound(profile.name) : `${label} ${text(bound)}`;
  return html`
    <input
      type="range"
      aria-label="${label}, at ${word}"
      aria-valuetext=${words}
      min=${from}
      max=${to}
      step=${step}
      .value=${String(place)}
      ${css({ '--share': `${((place - from) / (to - from)) * 100}%` })}
      @input=${(event: Event) =>
        app.judge(
          withBound(profile, name, numberAt(Number((event.target as HTMLInputElement).value))),
        )}
    />
    ${isMain ? html`<span class="bound-text">${words}</span>` : nothing}
  `;
}

const noBound = (profile: string): string =>
  profile === 'bit-exact' ? 'every bit' : profile === 'polygraphy' ? '1e−5' : 'none';

/** All bounds, each of which can be left out. */
const boundsCard = (app: DiffApp): TemplateResult => html`
  <div class="card bounds-card" role="dialog" aria-label="Bounds">
    ${boundNames.map(name => {
      const { profile } = app.state.taste;
      const { label, word, text, start } = sliders[name];
      const bound = profile[name];
      return html`
        <div class="bound-row">
          <label
            ><input
              type="checkbox"
              .checked=${bound !== undefined}
              @change=${(event: Event) =>
                app.judge(
                  withBound(
                    profile,
                    name,
                    (event.target as HTMLInputElement).checked ? start : undefined,
                  ),
                )}
            />${label}</label
          >
          ${slider(app, name, false)}
          <span class="bound-text ${bound === undefined ? 'faint' : ''}"
            >${bound === undefined ? 'not asked' : `at ${word} ${text(bound)}`}</span
          >
        </div>
      `;
    })}
    ${
      app.state.taste.profile.allclose
        ? html`<p class="faint">
            The profile also asks |a − b| ≤ ${app.state.taste.profile.allclose.atol} +
            ${app.state.taste.profile.allclose.rtol}·|b|. Moving a slider leaves only the bounds
            above.
          </p>`
        : nothing
    }
  </div>
`;
