/** A menu under a button: arrows move, Enter chooses, Escape closes and gives the focus back. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { type IconName, icon } from '../theme/icons';

export interface MenuItem {
  label: string;
  /** In a second line. */
  detail?: string;
  icon?: IconName;
  /** As shown at its right: "Ctrl+C". */
  keys?: string;
  isChecked?: boolean;
  isDisabled?: boolean;
  /** A line above it. */
  startsGroup?: boolean;
  choose(): void;
}

export interface Menu {
  label: string;
  items: readonly MenuItem[];
  /** Of those with a check mark: one of them holds, or any. */
  checks: 'one' | 'any';
  close(): void;
}

export function menuView({ label, items, checks, close }: Menu): TemplateResult {
  const closeFrom = (event: Event) => {
    const anchor = (event.target as HTMLElement).closest('.menu-anchor');
    close();
    anchor?.querySelector<HTMLElement>('vscode-button, button')?.focus();
  };
  const choose = (event: Event, item: MenuItem) => {
    if (item.isDisabled) return;
    closeFrom(event);
    item.choose();
  };
  const checked = checks === 'one' ? 'menuitemradio' : 'menuitemcheckbox';
  return html`
    <div
      class="menu"
      role="menu"
      aria-label=${label}
      @keydown=${(e: KeyboardEvent) => onKey(e, closeFrom)}
    >
      ${items.map(
        item => html`
          ${item.startsGroup ? html`<div class="menu-line" role="separator"></div>` : nothing}
          <div
            class="menu-item ${item.detail === undefined ? '' : 'two-lines'}"
            role=${item.isChecked === undefined ? 'menuitem' : checked}
            tabindex="-1"
            aria-checked=${item.isChecked ?? nothing}
            aria-disabled=${item.isDisabled ?? nothing}
            @click=${(event: Event) => choose(event, item)}
            @keydown=${(event: KeyboardEvent) => {
              if (event.key !== 'Enter' && event.key !== ' ') return;
              event.preventDefault();
              event.stopPropagation();
              choose(event, item);
            }}
          >
            <span class="menu-icon"
              >${item.isChecked ? icon('check') : item.icon ? icon(item.icon) : nothing}</span
            >
            <span class="menu-label"
              >${item.label}${
                item.detail === undefined
                  ? nothing
                  : html`<span class="menu-detail">${item.detail}</span>`
              }</span
            >
            <span class="menu-keys">${item.keys ?? ''}</span>
          </div>
        `,
      )}
    </div>
  `;
}

/** Puts the focus into a menu that has just been opened. */
export function focusOpenMenu(): void {
  const open = document.querySelector<HTMLElement>('[role=menu]');
  if (!open) return;
  // A menu that leaves the window could not be reached: it scrolls in the room below its button.
  open.style.setProperty('--wr-menu-top', `${open.getBoundingClientRect().top}px`);
  if (!open.contains(document.activeElement)) itemsIn(open)[0]?.focus();
}

const itemsIn = (menu: Element): HTMLElement[] => [
  ...menu.querySelectorAll<HTMLElement>('.menu-item'),
];

function onKey(event: KeyboardEvent, close: (event: Event) => void): void {
  const items = itemsIn(event.currentTarget as Element);
  const at = items.indexOf(document.activeElement as HTMLElement);
  const moves: Partial<Record<string, number>> = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  };
  const to = moves[event.key];
  if (to !== undefined) items[to]?.focus();
  else if (event.key === 'Escape' || event.key === 'Tab') close(event);
  else return;
  if (event.key !== 'Tab') event.preventDefault();
  event.stopPropagation();
}
