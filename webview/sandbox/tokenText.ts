/**
 * What a model wrote, token by token: tinted, dimmed as far as another column has the same, each one
 * reachable. Drawn in chunks, so that a new token costs no more than its chunk.
 */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { guard } from 'lit/directives/guard.js';
import type { Outcome, Token } from '../../src/protocol/sandboxView';
import { isOver } from './comparison';
import type { SandboxApp } from './sandboxApp';
import { type Tint, tintLevel } from './tint';
import { spokenText } from './words';

const CHUNK = 48;

interface Look {
  tint: Tint;
  /** Tokens before it are the same in the other column. */
  equal: number;
  /** Where the two part. */
  divergesAt: number | null;
  /** The token that is looked at. */
  spot: number | null;
  /** The one that Tab reaches. */
  entry: number;
  /** Tokens from here on are the stop text: they do not count. */
  over: number;
  isForcedAt: number;
}

export function tokenText(app: SandboxApp, outcome: Outcome): TemplateResult {
  const { tokens } = outcome;
  const look = lookOf(app, outcome);
  const chunks = Array.from({ length: Math.ceil(tokens.length / CHUNK) }, (_, i) => i * CHUNK);
  return html`<p class="written">
    ${chunks.map(from => chunk(tokens, from, look))}${
      isOver(outcome) ? nothing : html`<span class="caret" aria-hidden="true"></span>`
    }
  </p>`;
}

function lookOf(app: SandboxApp, outcome: Outcome): Look {
  const { pair } = app;
  const { spot, taste } = app.state;
  const compared = pair?.outcomes.includes(outcome) && pair.divergesAt !== null ? pair : undefined;
  const own = spot?.column === outcome.column ? spot.at : null;
  const divergesAt = compared?.divergesAt ?? null;
  return {
    tint: taste.tint,
    equal: compared?.equal ?? 0,
    divergesAt,
    spot: own,
    entry: own ?? divergesAt ?? 0,
    over: overAt(outcome),
    isForcedAt: outcome.continued - 1,
  };
}

/** The first token of which nothing counts: the text ends before it. */
function overAt({ text, tokens }: Outcome): number {
  if (text === null) return tokens.length;
  let length = 0;
  const at = tokens.findIndex(({ shown }) => (length += shown.length) > text.length);
  return at < 0 ? tokens.length : at;
}

function chunk(tokens: readonly Token[], from: number, look: Look): unknown {
  const to = Math.min(tokens.length, from + CHUNK);
  const inside = (at: number | null) => (at !== null && at >= from && at < to ? at : -1);
  const until = (at: number) => Math.min(to, Math.max(from, at));
  const depends = [
    tokens[from],
    to,
    look.tint,
    until(look.equal),
    inside(look.divergesAt),
    inside(look.spot),
    inside(look.entry),
    until(look.over),
    inside(look.isForcedAt),
  ];
  return guard(depends, () =>
    tokens.slice(from, to).map((token, i) => tokenSpan(token, from + i, look)),
  );
}

function tokenSpan(token: Token, at: number, look: Look): TemplateResult {
  const level = at < look.equal ? 0 : tintLevel(token, look.tint);
  const classes = [
    'token',
    level > 0 ? `t${level}` : '',
    at < look.equal ? 'equal' : '',
    at === look.divergesAt ? 'parts' : '',
    at === look.spot ? 'spot' : '',
    at >= look.over ? 'cut-off' : '',
    at === look.isForcedAt ? 'forced' : '',
    token.shown === '' ? 'unseen' : '',
    token.shown.startsWith('\n') ? 'break' : '',
  ].filter(name => name !== '');
  // Only the one that Tab reaches is a button: thousands of them would be no text any more.
  if (at === look.entry)
    return html`<span
      class=${classes.join(' ')}
      data-at=${at}
      role="button"
      tabindex="0"
      aria-haspopup="dialog"
      aria-label=${spokenToken(token, at)}
      >${token.shown}</span
    >`;
  return html`<span class=${classes.join(' ')} data-at=${at}>${token.shown}</span>`;
}

const spokenToken = ({ piece, probability }: Token, at: number): string =>
  `${spokenText(piece)}, token ${at + 1}, probability ${probability.toFixed(2)}`;
