/** Anomalies over the loss plot: an icon at the top, a line down to the point, a card. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { type EventGroup, groupEvents } from '../../src/curves/eventGroups';
import { countText } from '../../src/curves/numberText';
import type { RunFacts } from '../../src/protocol/curves';
import type { Notable } from '../../src/protocol/runState';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import type { CurvesApp } from './curvesApp';
import { eventIcon, eventWord, groupWord, isAnomaly, stepsText } from './runText';

interface Mark {
  run: RunFacts;
  /** The first of its group. */
  event: Notable;
  title: string;
  /** Pixels from the left. */
  at: number;
  isMuted: boolean;
}

/** Closer icons would cover each other: the first one of them stands. */
const ICON_DISTANCE = 18;

export const anomalyMarks = {
  /** The dotted lines, as SVG. */
  lines: (app: CurvesApp) => marksOf(app).map(mark => lineOf(app, mark)),
  /** The icons, as buttons for the pointer; the events list has them for the keyboard. */
  buttons: (app: CurvesApp): TemplateResult[] => marksOf(app).map(mark => buttonOf(app, mark)),
};

function marksOf(app: CurvesApp): Mark[] {
  const { x } = app.scene.plots.loss;
  const { width } = app.state.sizes.loss;
  const { muted } = app.state.taste;
  const marks = app.scene.runs
    .flatMap(({ facts }) => groupEvents(facts.notables).map(group => ({ run: facts, group })))
    .filter(({ group }) => isAnomaly(group.event))
    .map(({ run, group, group: { event } }) => ({
      run,
      event,
      title: `${groupWord(group)} at ${placeOf(group)} in ${run.name}`,
      at: x.toPixel(app.positionOf(run, event.step)),
      isMuted: muted.includes(`${run.id}:${event.seq}`),
    }))
    .filter(({ at }) => at >= 0 && at <= width)
    .sort((a, b) => a.at - b.at);
  let last = -Infinity;
  return marks.filter(({ at, isMuted }) => {
    if (isMuted || at - last < ICON_DISTANCE) return false;
    last = at;
    return true;
  });
}

function lineOf(app: CurvesApp, { run, event, at }: Mark) {
  const { y } = app.scene.plots.loss;
  const shown = app.scene.runs.find(({ facts }) => facts.id === run.id);
  const window = shown?.window.windows.loss;
  const { height } = app.state.sizes.loss;
  const position = app.positionOf(run, event.step);
  let row = window?.x.findIndex(value => value >= position) ?? -1;
  // What is not a number has no place: the last number before it has.
  while (window && row >= 0 && Number.isNaN(window.line[row]!)) row--;
  const top = window && row >= 0 ? y.toPixel(window.max[row]!) : NaN;
  const bottom = window && row >= 0 ? y.toPixel(window.line[row]!) : NaN;
  const end = Number.isNaN(top) ? height : top;
  return svg`
    <line class="anomaly-line ${event.kind}" x1=${at} x2=${at} y1="20" y2=${Math.max(20, end)} />
    ${
      Number.isNaN(bottom) || event.kind !== 'spike'
        ? nothing
        : svg`<line x1=${at} x2=${at} y1=${end} y2=${bottom} stroke=${shown!.colour} stroke-width="1.5" />`
    }
  `;
}

function buttonOf(app: CurvesApp, { run, event, title, at }: Mark): TemplateResult {
  const [name, role] = eventIcon(event);
  return html`<button
    class="anomaly"
    tabindex="-1"
    title=${title}
    aria-label=${title}
    ${css({ left: `${at}px` })}
    @click=${() => app.showEvent(run, event)}
  >
    ${icon(name, role)}
  </button>`;
}

const placeOf = (group: EventGroup): string =>
  `${group.count > 1 ? 'steps' : 'step'} ${stepsText(group)}`;

const CARD = { width: 250, height: 120 };

/** Where the open card is, in pixels of the plot. */
export function openCardPlace(
  app: CurvesApp,
): { left: number; width: number; height: number } | undefined {
  const at = openEventAt(app);
  if (at === undefined) return undefined;
  const { width } = app.state.sizes.loss;
  const left = at + 14 + CARD.width <= width ? at + 14 : Math.max(0, at - 14 - CARD.width);
  return { left, ...CARD };
}

function openEventAt(app: CurvesApp): number | undefined {
  const { openEvent, runs, sizes } = app.state;
  const run = openEvent && runs.get(openEvent.run);
  const event = run?.notables.find(one => one.seq === openEvent?.seq);
  if (!run || !event) return undefined;
  const at = app.scene.plots.loss.x.toPixel(app.positionOf(run, event.step));
  return at >= -1 && at <= sizes.loss.width + 1 ? at : undefined;
}

/** What, how much, where, and what can be done. */
export function anomalyCard(app: CurvesApp): TemplateResult | typeof nothing {
  const { openEvent } = app.state;
  const run = openEvent && app.state.runs.get(openEvent.run);
  const event = run?.notables.find(one => one.seq === openEvent?.seq);
  const place = openCardPlace(app);
  if (!run || !event || !place) return nothing;
  const group = groupEvents(run.notables).find(one => one.event === event);
  const title = group ? `${groupWord(group)} at ${placeOf(group)}` : eventWord(event);
  return html`
    <div
      class="card anomaly-card"
      role="group"
      aria-label=${title}
      ${css({ left: `${place.left}px` })}
      @pointermove=${stop}
      @pointerdown=${stop}
    >
      <h3>${title}</h3>
      <p>${group && group.count > 1 ? `First: ${event.message}` : event.message}</p>
      ${event.batch ? html`<p>${batchText(event.batch)}</p>` : nothing}
      <p class="card-actions">
        <button class="link" @click=${() => zoomAround(app, run, event)}>Zoom here</button>
        <button
          class="link"
          @click=${() => void app.ask('showEvent', { run: run.id, seq: event.seq })}
        >
          Go to event
        </button>
        ${
          isAnomaly(event)
            ? html`<button
                class="link"
                @click=${() => app.muteEvent({ run: run.id, seq: event.seq })}
              >
                Mute
              </button>`
            : nothing
        }
      </p>
    </div>
  `;
}

const stop = (event: Event) => event.stopPropagation();

/** Start offsets of the rows in the training bin: enough to look them up. */
function batchText(batch: readonly (readonly number[])[]): string {
  const rows = batch.flat();
  const named = rows.slice(0, 3).map(countText).join(', ');
  const more = rows.length > 3 ? ` and ${rows.length - 3} more` : '';
  return `${rows.length === 1 ? 'Row' : 'Rows'} at token ${named}${more}`;
}

/** A hundred steps on both sides. */
function zoomAround(app: CurvesApp, run: RunFacts, { step }: Notable): void {
  const from = app.positionOf(run, Math.max(step - 100, 1));
  const to = app.positionOf(run, step + 100);
  if (from < to) app.zoomTo([from, to]);
}
