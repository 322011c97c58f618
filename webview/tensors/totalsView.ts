/** What the tensors below each prefix come to: an outline that opens level by level. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { amountText, bytesText, countOf, countText } from '../../src/curves/numberText';
import type { TotalsRow } from '../../src/protocol/tensors';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import type { TensorsApp } from './tensorsApp';

export function totalsView(app: TensorsApp, totals: readonly TotalsRow[]): TemplateResult {
  const [whole] = totals;
  if (!whole || totals.length === 1)
    return html`<p class="none-chosen faint">
      The names of the tensors have no prefixes in common.
    </p>`;
  const rows = visible(totals, app.state.opened);
  const parents = parentsOf(totals);
  return html`
    <div class="totals-head" aria-hidden="true">
      <span>Prefix</span><span>Tensors</span><span>Parameters</span><span>Bytes</span>
    </div>
    <div class="totals" role="tree" aria-label="Totals by prefix">
      ${rows.map((row, i) => totalsRow(app, row, { whole, parent: parents.get(row) ?? '', hasParts: hasParts(totals, row), isFirst: i === 0 }))}
    </div>
  `;
}

/** The first level is open; others when they were opened, and what they are in is. */
function visible(totals: readonly TotalsRow[], opened: ReadonlySet<string>): TotalsRow[] {
  let hidden = Infinity;
  return totals.filter(({ prefix, level }) => {
    if (level > hidden) return false;
    hidden = level === 0 || opened.has(prefix) ? Infinity : level;
    return true;
  });
}

/** Prefix of the row in which a row is; none in the whole. */
function parentsOf(totals: readonly TotalsRow[]): Map<TotalsRow, string> {
  const path: string[] = [];
  const parents = new Map<TotalsRow, string>();
  for (const row of totals) {
    parents.set(row, row.level > 1 ? path[row.level - 1]! : '');
    path[row.level] = row.prefix;
  }
  return parents;
}

function hasParts(totals: readonly TotalsRow[], row: TotalsRow): boolean {
  const next = totals[totals.indexOf(row) + 1];
  return next !== undefined && next.level > row.level;
}

interface RowFacts {
  whole: TotalsRow;
  /** Prefix of the row that it is a part of: its name goes on from there. */
  parent: string;
  hasParts: boolean;
  isFirst: boolean;
}

function totalsRow(
  app: TensorsApp,
  { prefix, level, tensors, parameters, bytes }: TotalsRow,
  { whole, parent, hasParts, isFirst }: RowFacts,
): TemplateResult {
  const isOpen = level === 0 || app.state.opened.has(prefix);
  const isShown = app.state.prefix === (level === 0 ? null : prefix);
  const own = parent === '' ? prefix : prefix.slice(parent.length + 1);
  const spoken = `${prefix || 'All'}: ${countOf(tensors, 'tensor')}, ${amountText(parameters)} parameters, ${bytesText(bytes)}`;
  return html`
    <div
      class="total ${isShown ? 'chosen' : ''}"
      role="treeitem"
      tabindex=${isFirst ? 0 : -1}
      aria-level=${level + 1}
      aria-expanded=${hasParts && level > 0 ? isOpen : nothing}
      aria-selected=${isShown}
      title=${spoken}
      data-prefix=${prefix}
      @click=${() => app.look({ prefix: level === 0 ? null : prefix })}
      @keydown=${(event: KeyboardEvent) => onKey(app, event, { prefix, level, hasParts })}
    >
      <span class="total-name" ${css({ 'padding-left': `${Math.max(0, level - 1) * 14}px` })}
        >${
          level === 0
            ? 'All'
            : html`<span
                  class="twistie"
                  @click=${(event: Event) => {
                    event.stopPropagation();
                    if (hasParts) app.togglePrefix(prefix);
                  }}
                  >${hasParts ? icon(isOpen ? 'chevronDown' : 'chevronRight') : nothing}</span
                ><span class="own"
                  >${spokenOnly(prefix.slice(0, prefix.length - own.length))}${own}</span
                >`
        }</span
      ><span>${countText(tensors)}${spokenOnly(tensors === 1 ? ' tensor,' : ' tensors,')}</span
      ><span>${amountText(parameters)}${spokenOnly(' parameters,')}</span
      ><span class="total-bytes"
        >${bytesText(bytes)}<span class="bar" aria-hidden="true"
          ><span ${css({ width: `${(bytes / Math.max(1, whole.bytes)) * 100}%` })}></span></span
      ></span>
    </div>
  `;
}

const spokenOnly = (words: string): TemplateResult =>
  html`<span class="visually-hidden">${words}</span>`;

interface KeyFacts {
  prefix: string;
  level: number;
  hasParts: boolean;
}

function onKey(app: TensorsApp, event: KeyboardEvent, { prefix, level, hasParts }: KeyFacts): void {
  const isOpen = level === 0 || app.state.opened.has(prefix);
  const row = event.currentTarget as HTMLElement;
  const focus = (to: Element | null | undefined) => (to as HTMLElement | null | undefined)?.focus();
  const siblings = [...row.parentElement!.children];
  switch (event.key) {
    case 'ArrowDown':
      focus(row.nextElementSibling);
      break;
    case 'ArrowUp':
      focus(row.previousElementSibling);
      break;
    case 'Home':
      focus(siblings[0]);
      break;
    case 'End':
      focus(siblings.at(-1));
      break;
    case 'ArrowRight':
      if (hasParts && !isOpen) app.togglePrefix(prefix);
      else if (hasParts) focus(row.nextElementSibling);
      break;
    case 'ArrowLeft':
      if (hasParts && isOpen && level > 0) app.togglePrefix(prefix);
      else focus(parentOf(siblings, row, level));
      break;
    case 'Enter':
    case ' ':
      app.look({ prefix: level === 0 ? null : prefix });
      break;
    default:
      return;
  }
  event.preventDefault();
  event.stopPropagation();
}

const parentOf = (siblings: Element[], row: Element, level: number): Element | undefined =>
  siblings
    .slice(0, siblings.indexOf(row))
    .findLast(other => Number(other.getAttribute('aria-level')) <= level);
