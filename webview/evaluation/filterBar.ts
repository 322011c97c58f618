/** What narrows the samples down: words, what went wrong, what flipped. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countText } from '../../src/curves/numberText';
import { flagWords } from '../../src/curves/scoreText';
import { sampleFlags } from '../../src/protocol/evaluation';
import type { MenuItem } from '../controls/menu';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { EvaluationApp } from './evaluationApp';
import { menuOf, toggleMenu } from './menu';
import { SEARCH_ID } from './pageParts';
import { type Filter, filters } from './sampleTable';

const filterWords: Readonly<Record<Filter, string>> = {
  all: 'All',
  wrong: 'Wrong',
  disagree: 'Strict ≠ flexible',
  'ran-on': 'Ran on',
  arithmetic: 'Arithmetic error',
  flips: 'Flips',
};

/** Those that can say anything of this evaluation; keys count all. */
export const filtersOf = (app: EvaluationApp): Filter[] =>
  filters.filter(filter => {
    const { facts, baseline, taste } = app.state;
    if (filter === 'all' || filter === taste.filter) return true;
    if (filter === 'flips') return baseline !== null;
    if (filter === 'disagree') return facts?.plan.extract === 'gsm8k';
    return app.table.countIn(filter) > 0 || filter === 'wrong';
  });

export function filterBar(app: EvaluationApp): TemplateResult {
  const { taste, room, facts } = app.state;
  const isJudged = facts?.plan.metrics.includes('exact_match') ?? false;
  const chips = isJudged ? filtersOf(app) : [];
  return html`
    <div class="filters" role="search" aria-label="Samples">
      <label class="filter">
        ${icon('search', 'faint')}
        <input
          id=${SEARCH_ID}
          type="text"
          placeholder=${room === 'narrow' ? 'Search' : 'Search prompts and outputs'}
          aria-label="Search prompts, outputs and references"
          spellcheck="false"
          .value=${taste.words}
          @input=${(event: Event) => app.search((event.target as HTMLInputElement).value)}
        />
      </label>
      ${
        chips.length > 0
          ? html`<div class="chips" role="group" aria-label="Filter">
              ${chips.map(filter => chip(app, filter))}
            </div>`
          : nothing
      }
      ${flagChip(app)}
      <span class="spacer"></span>
      <span class="menu-anchor">
        ${iconButton({
          icon: 'filter',
          id: 'filter-button',
          label: 'More filters',
          isExpanded: app.state.menu === 'filter',
          isPressed: app.state.flag !== null,
          onClick: () => toggleMenu(app, 'filter'),
        })}
        ${menuOf(app, 'filter', 'Only samples with', () => flagItems(app))}
      </span>
      ${iconButton({
        icon: 'table',
        label: 'Scores as a table (T)',
        isPressed: taste.asTable,
        onClick: () => app.prefer({ asTable: !taste.asTable }),
      })}
    </div>
  `;
}

const chip = (app: EvaluationApp, filter: Filter): TemplateResult => html`
  <button
    class="chip ${app.state.taste.filter === filter ? 'on' : ''}"
    aria-pressed=${app.state.taste.filter === filter}
    title="${filterWords[filter]} (${filters.indexOf(filter) + 1})"
    @click=${() => app.filterBy(filter)}
  >
    ${filterWords[filter]} <span class="count">${countText(app.table.countIn(filter))}</span>
  </button>
`;

function flagChip(app: EvaluationApp): TemplateResult | typeof nothing {
  const { flag } = app.state;
  if (flag === null) return nothing;
  return html`
    <button
      class="chip on"
      aria-label="Only ${flagWords[flag]}: show all again"
      @click=${() => app.set({ flag: null, scrollTop: 0 })}
    >
      ${flagWords[flag]}${icon('close')}
    </button>
  `;
}

function flagItems(app: EvaluationApp): MenuItem[] {
  const { flag } = app.state;
  return sampleFlags.map(each => ({
    label: flagWords[each],
    keys: countText(app.table.countOf(each)),
    isChecked: each === flag,
    isDisabled: app.table.countOf(each) === 0 && each !== flag,
    choose: () => app.set({ flag: each === flag ? null : each, scrollTop: 0 }),
  }));
}
