/** The loss of all visible runs: heading, plot, cards over it, and the checkpoint lane below. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { countText, lossText } from '../../src/curves/numberText';
import { icon } from '../theme/icons';
import { anomalyCard, anomalyMarks } from './anomalies';
import type { CurvesApp } from './curvesApp';
import { checkpointLane } from './checkpointLane';
import { endMark } from './overlay';
import { plotFrame } from './plotFrame';
import { readOutCard, spokenReading } from './readOut';
import type { Scene } from './scene';
import { valueTables } from './tableView';
import { waitingCard, waitingRun } from './waiting';

export function lossView(app: CurvesApp): TemplateResult {
  const { taste, room } = app.state;
  return html`
    <section class="loss-view" aria-labelledby="loss-title">
      <header class="plot-head">
        <h2 id="loss-title">Loss</h2>
        ${room === 'narrow' ? nothing : legend(app)}
        <span class="spacer"></span>
        <span class="faint scale-note">${taste.yLog ? 'log scale' : ''}</span>
      </header>
      ${taste.table ? valueTables(app) : lossPlot(app)}
      <p
        id="read-out"
        class="visually-hidden"
        aria-live=${app.state.isCursorSpoken ? 'polite' : 'off'}
      >
        ${spokenReading(app)}
      </p>
      ${checkpointLane(app)}
    </section>
  `;
}

function legend({ state }: CurvesApp): TemplateResult {
  const { smoothing, raw, validation } = state.taste;
  const average = smoothing > 0 ? 'train, EMA' : 'train';
  return html`
    <span class="legend"
      ><svg width="26" height="10" aria-hidden="true">
        ${raw ? svg`<rect class="legend-band" width="26" height="9" />` : nothing}
        <line class="legend-line" x2="26" y1="4.5" y2="4.5" /></svg
      >${average}${raw ? ' over min–max' : ''}</span
    >
    ${
      validation
        ? html`<span class="legend"
            ><svg width="26" height="10" aria-hidden="true">
              <line class="legend-thin" x2="26" y1="4.5" y2="4.5" />
              <circle class="legend-circle" cx="13" cy="4.5" r="3.5" /></svg
            >validation</span
          >`
        : nothing
    }
  `;
}

function lossPlot(app: CurvesApp): TemplateResult {
  const { scene } = app;
  const plot = scene.plots.loss;
  const waiting = waitingRun(app);
  return plotFrame(app, {
    plot: 'loss',
    metric: 'loss',
    compact: false,
    pill: true,
    isStop: true,
    summary: summaryOf(scene, app.state.taste.yLog),
    extra: svg`
      ${waiting ? expectedLine(app) : nothing}
      ${scene.runs.map(run => endMark(run, plot, 'loss'))}
      ${anomalyMarks.lines(app)}
    `,
    cards: html`
      ${waiting ? waitingCard(app, waiting) : nothing} ${anomalyMarks.buttons(app)}
      ${anomalyCard(app)} ${app.state.room === 'narrow' ? nothing : readOutCard(app)}
      ${emptyNote(app)}
    `,
  });
}

/** "Loss of 4 runs, steps 0 to 10 000. slm-base: training 2.647, validation 2.852." */
function summaryOf({ runs, range }: Scene, isLog: boolean): string {
  const each = runs.map(({ facts }) => {
    const train = facts.train ? ` training ${lossText(facts.train.ema)}` : ' no steps yet';
    const validation = facts.evaluation ? `, validation ${lossText(facts.evaluation.loss)}` : '';
    return `${facts.name}:${train}${validation}.`;
  });
  const scale = isLog ? ', logarithmic' : '';
  return `Loss of ${runs.length} runs from ${countText(range[0])} to ${countText(range[1])}${scale}. ${each.join(' ')}`;
}

/** The loss of a model that knows nothing: the logarithm of its vocabulary. */
function expectedLine(app: CurvesApp) {
  const run = waitingRun(app);
  if (!run || run.vocabSize < 2 || run.trainable < run.parameters) return nothing;
  const { y } = app.scene.plots.loss;
  const { width, height } = app.state.sizes.loss;
  const expected = Math.log(run.vocabSize);
  const at = y.toPixel(expected);
  if (Number.isNaN(at) || at < 0 || at > height) return nothing;
  const colour = app.scene.runs.find(({ facts }) => facts.id === run.id)?.colour ?? 'currentColor';
  return svg`
    <line class="expected" x1="0" x2=${width} y1=${at} y2=${at} stroke=${colour} />
    <text class="tick-label" x=${width - 4} y=${at + 16} text-anchor="end"
      >expected at step 0: ln ${countText(run.vocabSize)} = ${expected.toFixed(2)}</text>
  `;
}

/** Why the plot is bare although runs are open. */
function emptyNote(app: CurvesApp): TemplateResult | typeof nothing {
  const { scene } = app;
  if (!scene.plots.loss.isEmpty || waitingRun(app)) return nothing;
  if (scene.runs.length === 0)
    return html`<p class="plot-note">All runs are hidden. Space shows the one in focus.</p>`;
  const isReading = scene.runs.some(({ facts }) => facts.readShare < 1 || facts.rows > 0);
  return html`<p class="plot-note appears-late">
    ${isReading ? html`${icon('loading', 'active', true)} Reading the log` : 'No steps yet.'}
  </p>`;
}
