/**
 * What could have stood in the place of a token: how likely each was, here and in the other column,
 * what the rules cut off, and the way to branch.
 */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { Alternative } from '../../src/protocol/sandbox';
import type { Outcome, Token } from '../../src/protocol/sandboxView';
import { iconButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import type { SandboxApp } from './sandboxApp';
import { TokenPointer } from './tokenPointer';
import type { Spot } from './viewState';
import { probabilityText, ruleText, visibleText } from './words';

/** Letters of the text before a token that are shown. */
const CONTEXT = 24;

export function popover(app: SandboxApp): TemplateResult | typeof nothing {
  const { spot } = app.state;
  const outcome = spot && app.outcomeOf(spot.column);
  if (!spot || !outcome) return nothing;
  const token = outcome.tokens[spot.at];
  if (!token) return nothing;
  const slot = app.document.columns.findIndex(({ id }) => id === spot.column);
  const other = otherOf(app, spot);
  return html`
    <div
      class="popover series-${slot} ${spot.isPinned ? 'pinned' : ''}"
      role="dialog"
      aria-label="Token ${spot.at + 1}"
      @pointerenter=${() => TokenPointer.stay()}
      @pointerleave=${() => TokenPointer.leave(app)}
    >
      <header class="popover-head">
        <b>Token ${spot.at + 1}</b>
        <span class="faint context">${contextOf(outcome, spot.at)}</span>
        <span class="spacer"></span>
        ${legend(app, slot, other)}
        ${
          spot.isPinned && app.state.room === 'narrow'
            ? iconButton({ icon: 'close', label: 'Close', onClick: () => app.look(null) })
            : nothing
        }
      </header>
      ${token.isForced ? html`<p class="faint forced-note">${icon('gitBranch')} Put here by you</p>` : nothing}
      <div class="alternatives" role="listbox" aria-label="Alternatives">
        ${rows(app, spot, outcome, token, other)}
      </div>
      <footer class="popover-foot">
        ${facts(outcome, token).map(text => html`<span>${text}</span>`)}
        <span class="spacer"></span>
        <span class="hint">${spot.isPinned ? '↑ ↓ choose · Enter branch' : 'press to keep'}</span>
      </footer>
    </div>
  `;
}

interface Other {
  slot: number;
  name: string;
  /** By token id. */
  probabilities: ReadonlyMap<number, number>;
}

/** The other column at the same place, as long as both have read the same before it. */
function otherOf(app: SandboxApp, { column, at }: Spot): Other | undefined {
  const { pair } = app;
  if (!pair || at > pair.equal) return undefined;
  const which = pair.columns[0].id === column ? 1 : 0;
  if (pair.columns[1 - which]!.id !== column) return undefined;
  const token = pair.outcomes[which].tokens[at];
  if (!token) return undefined;
  return {
    slot: app.document.columns.indexOf(pair.columns[which]),
    name: pair.names[which],
    probabilities: new Map(token.alternatives.map(({ id, probability }) => [id, probability])),
  };
}

const legend = (app: SandboxApp, slot: number, other: Other | undefined): TemplateResult =>
  html`<span class="popover-legend"
    ><span class="swatch bar"></span><span>${app.names[slot]}</span>${
      other
        ? html`<span class="swatch tick series-${other.slot}"></span><span>${other.name}</span>`
        : nothing
    }</span
  >`;

function contextOf({ tokens }: Outcome, at: number): TemplateResult | typeof nothing {
  const before = tokens
    .slice(Math.max(0, at - CONTEXT), at)
    .map(token => token.shown)
    .join('');
  if (before === '') return html`first of the text`;
  const near = before.slice(-CONTEXT);
  const isSpace = near.trim() === '';
  return html`after <code>${isSpace ? visibleText(near) : near.replaceAll('\n', '↵')}</code>`;
}

function rows(
  app: SandboxApp,
  spot: Spot,
  outcome: Outcome,
  token: Token,
  other: Other | undefined,
): (TemplateResult | typeof nothing)[] {
  const { alternatives } = token;
  const firstCut = alternatives.findIndex(({ cut }) => cut !== undefined);
  return alternatives.flatMap((alternative, i) => [
    i === firstCut ? cutLine(outcome, token, alternative) : nothing,
    row(app, spot, token, { alternative, i, other }),
  ]);
}

const cutLine = (
  { sampling }: Outcome,
  { survivors }: Token,
  { cut }: Alternative,
): TemplateResult => html`
  <div class="cut-line" role="presentation">
    <span
      >cut by ${cut ? ruleText(cut, sampling) : ''}, ${survivors}
      ${survivors === 1 ? 'survives' : 'survive'}</span
    >
  </div>
`;

interface Row {
  alternative: Alternative;
  i: number;
  other: Other | undefined;
}

function row(
  app: SandboxApp,
  spot: Spot,
  token: Token,
  { alternative, i, other }: Row,
): TemplateResult {
  const { id, text, probability, cut } = alternative;
  const isPicked = id === token.id;
  const isChosen = app.state.alternative === i;
  const mark = other?.probabilities.get(id);
  const branch = () => {
    if (!isPicked) app.branch(spot, id);
  };
  return html`
    <div
      class="alternative ${isPicked ? 'picked' : ''} ${cut ? 'cut' : ''} ${isChosen ? 'chosen' : ''}"
      role="option"
      aria-selected=${isChosen}
      @click=${branch}
    >
      <span class="rank">${i + 1}</span>
      <span class="piece">${visibleText(text)}</span>
      <span class="id">${id}</span>
      <span class="bar-track"
        ><span class="bar-fill" ${css({ '--share': `${probability * 100}%` })}></span>${
          mark === undefined
            ? nothing
            : html`<span
                class="bar-tick series-${other!.slot}"
                ${css({ '--share': `${mark * 100}%` })}
              ></span>`
        }</span
      >
      <span class="probability"
        >${probabilityText(probability)}${
          cut ? html`<span class="visually-hidden">, cut by ${cut}</span>` : nothing
        }${isPicked ? html`<span class="visually-hidden">, picked</span>` : nothing}</span
      >
      ${isPicked ? nothing : html`<span class="branch-here">${icon('gitBranch')}Branch here</span>`}
    </div>
  `;
}

/** What else is known of the choice. */
function facts({ sampling }: Outcome, { entropy, survivors, alternatives }: Token): string[] {
  const told = entropy === null ? [] : [`entropy ${entropy.toFixed(2)} nats`];
  if (sampling.greedy) return [...told, 'greedy: the likeliest'];
  const isCutByK = alternatives.some(({ cut }) => cut === 'top-k');
  if (sampling.topK > 0 && survivors < sampling.topK && !isCutByK)
    return [...told, `top-k ${sampling.topK} not reached`];
  return [...told, survivors === 1 ? '1 survives' : `${survivors} survive`];
}
