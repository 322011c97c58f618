/** The bar below the view: how fresh the data is, how much of it is drawn, what just happened. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { countOf, countText, durationText } from '../../src/curves/numberText';
import type { RunFacts } from '../../src/protocol/curves';
import { iconButton } from '../controls/toolkit';
import { icon } from '../theme/icons';
import type { CurvesApp } from './curvesApp';
import { isAnomaly, isSilent } from './runText';
import { isWorking } from './scene';

export function footer(app: CurvesApp): TemplateResult {
  return html`
    <footer class="footer">
      <span class="freshness">${freshness(app)}</span>
      ${notice(app)}
      <span class="spacer"></span>
      ${app.state.room === 'narrow' ? lastAnomaly(app) : nothing}
      <span>${shownText(app)}</span>
      ${app.state.room === 'narrow' ? nothing : html`<span>${drawnText(app)}</span>`}
    </footer>
  `;
}

function freshness(app: CurvesApp): TemplateResult | typeof nothing {
  const { connection, clockOffset, room } = app.state;
  const runs = [...app.state.runs.values()];
  if (connection !== 'ready')
    return connection === 'silent'
      ? html`${icon('warning', 'warn')} The extension does not answer yet; trying again`
      : html`Connecting`;
  const reading = runs.filter(run => run.readShare < 1);
  if (reading.length > 0) {
    const share = reading.reduce((sum, run) => sum + run.readShare, 0) / reading.length;
    return html`${icon('loading', 'active', true)} Reading the log, ${Math.floor(share * 100)} %`;
  }
  const silent = runs.find(isSilent);
  if (silent)
    return html`${icon('warning', 'warn')} ${silent.name}: no heartbeat for
    ${durationText(silent.silentSeconds)}`;
  const working = runs.filter(isWorking);
  const lead = working.find(run => run.id === app.state.taste.highlighted) ?? working[0];
  if (!lead) return html`<span class="dot idle"></span> ${idleText(runs)}`;
  if (lead.status === 'preparing' && lead.rows === 0)
    return html`<span class="dot starting"></span> Starting
      ${
        lead.pid > 0 && room !== 'narrow'
          ? html`<span class="aside"
              >the run process ${countText(lead.pid)} continues if this window closes</span
            >`
          : nothing
      }`;
  const age = Math.max(0, (Date.now() + clockOffset - lead.updatedAt) / 1000);
  return html`<span class="dot live"></span> Live
    ${room === 'narrow' ? nothing : html`<span class="aside">updated ${durationText(age)} ago</span>`}`;
}

const idleText = (runs: readonly RunFacts[]): string =>
  runs.length === 0 ? 'No runs open' : 'Nothing is training';

function notice(app: CurvesApp): TemplateResult | typeof nothing {
  if (!app.state.notice) return nothing;
  const { kind, text } = app.state.notice;
  return html`<span class="notice ${kind}" role="status"
    >${icon(kind, kind === 'error' ? 'bad' : 'faint')}<span>${text}</span>${iconButton({
      icon: 'close',
      label: 'Dismiss',
      onClick: () => app.set({ notice: null }),
    })}</span
  >`;
}

function lastAnomaly(app: CurvesApp): TemplateResult | typeof nothing {
  const events = app.scene.runs.flatMap(({ facts }) =>
    facts.notables.filter(isAnomaly).map(event => ({ facts, event })),
  );
  const last = events.toSorted((a, b) => a.event.step - b.event.step).at(-1);
  if (!last) return nothing;
  const word = last.event.kind === 'spike' ? 'Spike' : 'Not a number';
  return html`<button class="footer-event" @click=${() => app.showEvent(last.facts, last.event)}>
    ${icon('warning', 'warn')} ${word} at ${countText(last.event.step)}
  </button>`;
}

function shownText({ scene, state }: CurvesApp): string {
  const all = state.runs.size;
  if (all === 0) return '';
  return `${scene.runs.length} of ${countOf(all, 'run')}${state.room === 'narrow' ? '' : ' shown'}`;
}

/** Counts what the plots are made of: rows of pixel columns, for the points of all metrics. */
function drawnText({ scene }: CurvesApp): string {
  if (scene.points === 0) return '';
  const isAll = scene.pointsDrawn >= scene.points;
  return isAll
    ? `all ${countText(scene.points)} points drawn`
    : `${countText(scene.pointsDrawn)} points drawn of ${countText(scene.points)}, extremes kept`;
}
