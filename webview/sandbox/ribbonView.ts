/**
 * The answer first: how far two texts are the same, and the probabilities of their tokens mirrored
 * on one axis. With one column, how sure the model was.
 */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import type { Outcome } from '../../src/protocol/sandboxView';
import { dashes } from '../../src/curves/seriesStyle';
import { icon } from '../theme/icons';
import { isOver, leastLikely } from './comparison';
import { axisLabels, barPath, slotAt, type Slots, slotCount, slotStart } from './ribbonShape';
import type { Pair, SandboxApp } from './sandboxApp';
import { probabilityText, visibleText } from './words';

const HEIGHT = 26;

/** Pixels in which a verdict leaves room for more. */
const ROOMY = 720;

export function ribbonView(app: SandboxApp): TemplateResult {
  const { pair } = app;
  const [first] = app.exchange?.outcomes ?? [];
  const outcomes = pair ? pair.outcomes : first ? [first] : [];
  const count = Math.max(0, ...outcomes.map(({ tokens }) => tokens.length));
  const isGrowing = outcomes.some(outcome => !isOver(outcome));
  const slots = { width: app.state.ribbonWidth, count: slotCount(count, isGrowing) };
  return html`
    <section
      class="ribbon ${app.document.columns.length === 1 ? 'alone' : ''}"
      aria-label="Comparison"
    >
      <div class="verdict">
        ${pair ? verdict(app, pair) : alone(app, first)}
        <span class="spacer"></span>
        ${app.state.ribbonWidth < ROOMY ? nothing : html`<span class="faint">probability of each picked token</span>`}
      </div>
      <div class="ribbon-row">
        ${
          app.document.columns.length === 1
            ? nothing
            : html`<div class="ribbon-names" aria-hidden="true">
                ${namesOf(app).map(name => html`<span>${name}</span>`)}
              </div>`
        }
        <div
          class="ribbon-plot"
          @pointermove=${(event: PointerEvent) => point(app, event, slots, outcomes, false)}
          @pointerleave=${() => leave(app)}
          @click=${(event: PointerEvent) => point(app, event, slots, outcomes, true)}
        >
          ${plot(app, outcomes, slots, pair)}
        </div>
      </div>
    </section>
  `;
}

/** The first up, the one that it is compared with down. */
function namesOf(app: SandboxApp): string[] {
  const { columns } = app.document;
  const second = Math.max(1, columns.indexOf(app.column));
  return [app.names[0]!, app.names[second]!];
}

function verdict(app: SandboxApp, pair: Pair): TemplateResult {
  const { equal, divergesAt, endsFirst, isDecided, names, outcomes } = pair;
  const tokens = `${equal} ${equal === 1 ? 'token' : 'tokens'}`;
  if (divergesAt !== null) {
    const picked = outcomes.map(({ tokens }, i) => {
      const { piece, probability } = tokens[divergesAt]!;
      return html`${i === 0 ? '' : ', '}${names[i]} picked <b>${visibleText(piece)}</b> at
        ${probabilityText(probability)}`;
    });
    return html`
      <button
        class="verdict-pill differs"
        title="Go to where they part (D)"
        @click=${() => app.focusToken(app.column.id, divergesAt)}
      >
        ${icon('gitCompare', 'warn')}${
          equal === 0 ? 'Diverges at the first token' : `Equal for ${tokens}, diverges here`
        }
      </button>
      ${app.state.room === 'narrow' ? nothing : html`<span class="faint picked">${picked}</span>`}
    `;
  }
  if (endsFirst !== null)
    return html`<span class="verdict-pill differs"
      >${icon('gitCompare', 'warn')}Equal for ${tokens}, then ${names[endsFirst]} ends</span
    >`;
  if (!isDecided && equal === 0)
    return html`<span class="verdict-pill"
      >${icon('gitCompare', 'faint')}Nothing to compare yet</span
    >`;
  return html`<span class="verdict-pill ${isDecided ? 'same' : ''}"
    >${icon(isDecided ? 'pass' : 'gitCompare', isDecided ? 'ok' : 'faint')}Equal for
    ${isDecided ? `all ${tokens}` : `${tokens} so far`}</span
  >`;
}

function alone(app: SandboxApp, outcome: Outcome | undefined): TemplateResult {
  const at = outcome && leastLikely(outcome);
  if (!outcome || at === undefined)
    return html`<span class="verdict-pill"
      >${icon('gitCompare', 'faint')}Nothing is written yet</span
    >`;
  const { piece, probability } = outcome.tokens[at]!;
  return html`
    <button
      class="verdict-pill"
      title="Go to the least likely token (D)"
      @click=${() => app.focusToken(outcome.column, at)}
    >
      ${icon('info', 'faint')}Least sure of token ${at + 1}
    </button>
    <span class="faint picked"
      ><b>${visibleText(piece)}</b> at ${probabilityText(probability)}</span
    >
  `;
}

function plot(
  app: SandboxApp,
  outcomes: readonly Outcome[],
  slots: Slots,
  pair: Pair | undefined,
): TemplateResult | typeof nothing {
  const { width } = slots;
  if (width === 0) return nothing;
  const isMirrored = app.document.columns.length > 1;
  const marked = pair?.divergesAt ?? null;
  const depth = isMirrored ? 2 * HEIGHT : HEIGHT;
  return html`<svg
    class="ribbon-bars"
    width=${width}
    height=${depth + 22}
    role="img"
    aria-label=${spokenRibbon(pair, outcomes)}
  >
    <g transform="translate(0 ${HEIGHT + 2})">
      <line class="ribbon-grid" x2=${width} y1=${-HEIGHT} y2=${-HEIGHT} />
      ${isMirrored ? svg`<line class="ribbon-grid" x2=${width} y1=${HEIGHT} y2=${HEIGHT} />` : nothing}
      ${outcomes.map((outcome, i) => barsOf(app, outcome, slots, { pair, isUp: i === 0 }))}
      <line class="ribbon-axis" x2=${width} />
      ${spotMark(app, slots, depth)}
      ${
        marked === null
          ? nothing
          : svg`<line class="ribbon-mark" x1=${slotStart(slots, marked)} x2=${slotStart(slots, marked)}
              y1=${-HEIGHT - 2} y2=${HEIGHT + 4} />`
      }
      ${axisLabels(slots, marked).map(
        label =>
          svg`<text class="tick-label" x=${slotStart(slots, label - 1) + 1} y=${depth - HEIGHT + 14}>${label}</text>`,
      )}
      ${
        marked === null
          ? nothing
          : svg`<text class="tick-label marked" x=${slotStart(slots, marked)} y=${depth - HEIGHT + 14}>${marked + 1}</text>`
      }
    </g>
  </svg>`;
}

function barsOf(
  app: SandboxApp,
  { column, tokens }: Outcome,
  slots: Slots,
  { pair, isUp }: { pair: Pair | undefined; isUp: boolean },
) {
  const slot = app.document.columns.findIndex(({ id }) => id === column);
  const values = tokens.map(token => token.probability);
  const height = isUp ? -HEIGHT : HEIGHT;
  const same = pair && pair.divergesAt !== null ? pair.equal : 0;
  return svg`
    <path class="bars series-${slot} equal" d=${barPath(values, slots, { from: 0, to: same, height })} />
    <path class="bars series-${slot}" d=${barPath(values, slots, { from: same, to: values.length, height })} />`;
}

function spotMark({ state }: SandboxApp, slots: Slots, depth: number) {
  if (!state.spot) return nothing;
  const x = slotStart(slots, state.spot.at);
  const width = Math.max(2, slots.width / slots.count);
  return svg`<rect class="ribbon-spot" x=${x - 0.5} width=${width} y=${-HEIGHT - 1} height=${depth + 2} />`;
}

function spokenRibbon(pair: Pair | undefined, outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return 'No tokens yet';
  if (!pair) return `Probabilities of ${outcomes[0]!.tokens.length} picked tokens`;
  const { equal, divergesAt, names } = pair;
  const same = `Probabilities of picked tokens, ${names[0]} up, ${names[1]} down. Equal for ${equal} tokens`;
  return divergesAt === null ? same : `${same}, they diverge at token ${divergesAt + 1}`;
}

function point(
  app: SandboxApp,
  event: PointerEvent,
  slots: Slots,
  outcomes: readonly Outcome[],
  isPressed: boolean,
): void {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const at = slotAt(slots, event.clientX - box.left);
  const isLower = event.clientY - box.top > HEIGHT + 2;
  const outcome = outcomes[isLower ? 1 : 0] ?? outcomes[0];
  if (!outcome || at >= outcome.tokens.length) return;
  if (isPressed) app.focusToken(outcome.column, at);
  else if (!app.state.spot?.isPinned) app.look({ column: outcome.column, at, isPinned: false });
}

function leave(app: SandboxApp): void {
  if (app.state.spot && !app.state.spot.isPinned) app.look(null);
}

/** How a column is drawn everywhere: its hue and its dashes. */
export const lineSample = (slot: number): TemplateResult =>
  html`<svg class="line-sample series-${slot}" width="26" height="4" aria-hidden="true">
    <line
      x1="0"
      x2="26"
      y1="2"
      y2="2"
      stroke-dasharray=${(dashes[slot] ?? []).join(' ') || nothing}
    />
  </svg>`;
