/** The columns side by side, one below the other where it is narrow. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { repeat } from 'lit/directives/repeat.js';
import { shortName, wholeName } from '../../src/protocol/pickedModel';
import type { Column, Exchange, Outcome } from '../../src/protocol/sandboxView';
import { columnHead } from './columnHead';
import { meanProbability, partingText } from './comparison';
import { columnProblem } from './problemCallout';
import type { SandboxApp } from './sandboxApp';
import { tokenText } from './tokenText';
import { TokenPointer } from './tokenPointer';
import { cacheText, probabilityText, secondsText, speedText, writtenBy } from './words';

export const columnsView = (app: SandboxApp): TemplateResult => html`
  <div class="columns n${app.document.columns.length}">
    ${repeat(
      app.document.columns,
      ({ id }) => id,
      (column, slot) => columnView(app, column, slot),
    )}
  </div>
`;

function columnView(app: SandboxApp, column: Column, slot: number): TemplateResult {
  const name = app.names[slot]!;
  return html`
    <section
      class="column series-${slot}"
      aria-label="Column ${slot + 1}: ${name}"
      @pointerdown=${() => {
        if (app.column.id !== column.id) app.prefer({ column: column.id });
      }}
    >
      ${columnHead(app, column, slot)}
      <div
        class="texts"
        role="log"
        aria-live="off"
        aria-label="Text of ${name}"
        data-column=${column.id}
        @pointerover=${(event: PointerEvent) => TokenPointer.over(app, column.id, event)}
        @pointerleave=${() => TokenPointer.leave(app)}
        @click=${(event: PointerEvent) => TokenPointer.press(app, column.id, event)}
        @scroll=${(event: Event) => scrollOthers(app, event)}
      >
        ${app.exchanges.map((exchange, i) =>
          exchangeText(app, column, exchange, i === app.exchanges.length - 1),
        )}
        ${app.exchanges.length === 0 ? nothingYet(app) : nothing} ${columnProblem(app, column)}
      </div>
      ${app.state.room === 'narrow' ? nothing : stats(app, column)}
    </section>
  `;
}

/** Of a chat, what was said and what was answered; of a completion, only what was written. */
function exchangeText(
  app: SandboxApp,
  column: Column,
  exchange: Exchange,
  isLast: boolean,
): TemplateResult {
  const outcome = exchange.outcomes.find(each => each.column === column.id);
  const said =
    exchange.mode === 'chat'
      ? html`<p class="said-by">You</p>
          <p class="said-text">${exchange.user}</p>
          <p class="said-by">${outcome ? shortName(outcome.model) : ''}</p>`
      : nothing;
  if (!outcome) return html`${said}`;
  return isLast
    ? html`${said}${formerModel(column, outcome)}${tokenText(app, outcome)}`
    : html`${said}
        <p class="written plain">${writtenBy(outcome)}</p>`;
}

/** A text stays when its column gets another model, or other adapters. */
function formerModel({ model }: Column, outcome: Outcome): TemplateResult | typeof nothing {
  const former = wholeName(outcome.model);
  if (model && former === wholeName(model)) return nothing;
  return html`<p class="written-by faint">Written by ${former}</p>`;
}

const nothingYet = (app: SandboxApp): TemplateResult =>
  html`<p class="faint">
    ${app.document.mode === 'chat' ? 'What the model answers' : 'What the model writes'} stands
    here.
  </p>`;

function stats(app: SandboxApp, column: Column): TemplateResult {
  const outcome = app.outcomeOf(column.id);
  const told = outcome?.stats;
  const mean = outcome ? meanProbability(outcome) : NaN;
  const values: [label: string, value: string, title: string][] = [
    [
      'First token',
      told ? secondsText(told.secondsToFirst) : '–',
      told && told.secondsOpening > 0.05
        ? `Opening programs took ${secondsText(told.secondsOpening)} before that`
        : 'From the prompt to the first token',
    ],
    ['Speed', told ? speedText(told.tokensPerSecond) : '–', 'After the first token'],
    ['Tokens', outcome ? String(outcome.tokens.length) : '–', 'New tokens'],
    ['Cache', told ? cacheText(told.cacheBytes) : '–', 'Keys and values that are kept'],
    [
      'Mean p',
      Number.isNaN(mean) ? '–' : probabilityText(mean),
      'Mean of the probabilities of the picked tokens',
    ],
    ...parting(app, column),
  ];
  return html`<dl class="stats ${app.areColumnsTight ? 'tight' : ''}">
    ${values.map(
      ([label, value, title]) =>
        html`<div title=${title}>
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** With two columns the line above them says it. */
function parting(app: SandboxApp, column: Column): [string, string, string][] {
  const [first, ...others] = app.document.columns;
  if (others.length < 2 || !others.includes(column)) return [];
  const [a, b] = [app.outcomeOf(first!.id), app.outcomeOf(column.id)];
  const value = a && b ? partingText(a, b) : '–';
  return [['Parts at', value, 'The first token that is another one than in the first column']];
}

/** In one line, in the head of a narrow view. */
export function statsLine(app: SandboxApp, column: Column): string {
  const outcome = app.outcomeOf(column.id);
  if (!outcome?.stats) return outcome ? `${outcome.tokens.length} tokens` : '';
  const { secondsToFirst, tokensPerSecond, cacheBytes } = outcome.stats;
  const parts = [secondsText(secondsToFirst), speedText(tokensPerSecond)];
  return [...parts, ...(cacheBytes > 0 ? [cacheText(cacheBytes)] : [])].join(' · ');
}

/** By share of what there is to scroll: texts differ in length. */
function scrollOthers(app: SandboxApp, event: Event): void {
  const scrolled = event.target as HTMLElement;
  if (!app.state.taste.scrollTogether || !scrolled.matches(':hover, :focus-within')) return;
  const room = (box: HTMLElement) => box.scrollHeight - box.clientHeight;
  if (room(scrolled) <= 0) return;
  const share = scrolled.scrollTop / room(scrolled);
  for (const other of document.querySelectorAll<HTMLElement>('.texts'))
    if (other !== scrolled) other.scrollTop = share * room(other);
}
