/** Learning rate, gradient norm and speed: small plots that share the cursor and the range. */
import { type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { groupEvents } from '../../src/curves/eventGroups';
import { countText, shortText } from '../../src/curves/numberText';
import { icon } from '../theme/icons';
import { css } from '../theme/cssProperties';
import type { CurvesApp } from './curvesApp';
import { dashSample } from './dashSample';
import { plotFrame } from './plotFrame';
import { shownReadings } from './readOut';
import type { SceneRun } from './scene';
import type { PlotName } from './viewState';

type SmallPlot = Exclude<PlotName, 'loss'>;

const plots: readonly { name: SmallPlot; title: string; text: (value: number) => string }[] = [
  { name: 'learningRate', title: 'Learning rate', text: shortText },
  { name: 'gradientNorm', title: 'Gradient norm', text: value => value.toFixed(2) },
  { name: 'tokensPerSecond', title: 'Tokens/s', text: countText },
];

/** In pixels: what the plot leaves to its scale, a sample of a line with its gaps, a character. */
const HEADING = { scale: 40, sample: 26, character: 7.5 };

/** Values in a heading, one to three, as many as there is room for beside the title. */
function headingValues(plotWidth: number, title: string, values: readonly string[]): number {
  const { scale, sample, character } = HEADING;
  const longest = Math.max(0, ...values.map(text => text.length));
  const room = plotWidth + scale - title.length * character;
  return Math.min(3, Math.max(1, Math.floor(room / (sample + longest * character))));
}

export const smallPlots = (app: CurvesApp): TemplateResult => html`
  <div class="small-plots">${plots.map(plot => smallPlot(app, plot))}</div>
`;

function smallPlot(app: CurvesApp, { name, title, text }: (typeof plots)[number]): TemplateResult {
  const readings = shownReadings(app).filter(reading => Number.isFinite(reading[name]));
  const id = `${name}-title`;
  const texts = readings.map(reading => text(reading[name]));
  const count = headingValues(app.state.sizes[name].width, title, texts);
  return html`
    <section class="small-plot" aria-labelledby=${id}>
      <header class="plot-head">
        <h3 id=${id}>${title}</h3>
        <span class="spacer"></span>
        ${foremost(readings, count).map(
          reading =>
            html`<span class="head-value" title=${reading.run.facts.name}
              >${dashSample(reading.run.facts.slot, reading.run.colour, 14)}${text(reading[name])}</span
            >`,
        )}
      </header>
      ${plotFrame(app, {
        plot: name,
        metric: name,
        compact: true,
        pill: false,
        summary: `${title}: ${readings.map(r => `${r.run.facts.name} ${text(r[name])}`).join(', ')}`,
        extra: name === 'gradientNorm' ? clipLine(app) : nothing,
        cards: name === 'gradientNorm' ? anomalyIcons(app) : nothing,
      })}
    </section>
  `;
}

/** As many as there is room for: the highlighted run is one of them, all stay in their order. */
function foremost<T extends { run: SceneRun }>(readings: readonly T[], count: number): T[] {
  const chosen = readings
    .toSorted((a, b) => Number(b.run.isHighlighted) - Number(a.run.isHighlighted))
    .slice(0, count);
  return readings.filter(reading => chosen.includes(reading));
}

/** Gradients above this norm are scaled down to it. */
function clipLine(app: CurvesApp) {
  const clip = app.highlighted?.clipNorm ?? 0;
  const { y } = app.scene.plots.gradientNorm;
  const { width, height } = app.state.sizes.gradientNorm;
  const at = y.toPixel(clip);
  if (clip === 0 || app.scene.plots.gradientNorm.isEmpty || !(at >= 0 && at <= height))
    return nothing;
  return svg`
    <line class="clip-line" x1="0" x2=${width} y1=${at} y2=${at} />
    <text class="tick-label over-lines" x=${width} y=${at < 16 ? at + 14 : at - 5} text-anchor="end"
      >clip ${clip % 1 === 0 ? clip.toFixed(1) : String(clip)}</text>
  `;
}

function anomalyIcons(app: CurvesApp): TemplateResult[] {
  const { x } = app.scene.plots.gradientNorm;
  const { width } = app.state.sizes.gradientNorm;
  return app.scene.runs.flatMap(({ facts }) =>
    groupEvents(facts.notables)
      .filter(({ event }) => event.kind === 'spike')
      .filter(({ event }) => !app.state.taste.muted.includes(`${facts.id}:${event.seq}`))
      .map(({ event }) => x.toPixel(app.positionOf(facts, event.step)))
      .filter(at => at >= 0 && at <= width)
      .slice(0, 20)
      .map(
        at =>
          html`<span class="small-anomaly" ${css({ left: `${at}px` })}
            >${icon('warning', 'warn')}</span
          >`,
      ),
  );
}
