/** The highlighted run's checkpoints below the axis: kept, deleted, best, last. */
import { type SVGTemplateResult, type TemplateResult, html, nothing, svg } from 'lit/html.js';
import { countText, lossText } from '../../src/curves/numberText';
import type { RunFacts } from '../../src/protocol/curves';
import { icon } from '../theme/icons';
import type { CurvesApp } from './curvesApp';
import { isWorking } from './scene';

const HEIGHT = 24;
const MIDDLE = HEIGHT / 2;
/** Closer marks would touch: kept ones stand before deleted ones. */
const DISTANCE = 8;
/** Room that the words need behind the last mark. */
const WORDS = 270;

interface Mark {
  step: number;
  at: number;
  kind: 'best' | 'last' | 'kept' | 'deleted';
}

export function checkpointLane(app: CurvesApp): TemplateResult | typeof nothing {
  const run = app.highlighted;
  const { width } = app.state.sizes.loss;
  if (!run) return nothing;
  const marks = marksOf(app, run);
  const colour = app.scene.runs.find(({ facts }) => facts.id === run.id)?.colour ?? 'currentColor';
  return html`
    <div class="lane">
      <span class="lane-icon" title="Checkpoints of ${run.name}">${icon('save')}</span>
      <svg class="lane-track" height=${HEIGHT} role="img" aria-label=${spokenLane(run)}>
        ${track(app, run, marks, colour)} ${marks.map(mark => markShape(mark, colour))}
        ${words(run, marks, width)}
      </svg>
    </div>
  `;
}

function marksOf(app: CurvesApp, run: RunFacts): Mark[] {
  const { x } = app.scene.plots.loss;
  const { width } = app.state.sizes.loss;
  const last = run.checkpoints.at(-1)?.step;
  const all = run.checkpoints
    .map(({ step, deleted }): Mark => {
      const kind =
        step === run.best?.step && !deleted
          ? 'best'
          : step === last
            ? 'last'
            : deleted
              ? 'deleted'
              : 'kept';
      return { step, at: x.toPixel(app.positionOf(run, step)), kind };
    })
    .filter(({ at }) => at >= 0 && at <= width + 0.5);
  const order: Mark['kind'][] = ['best', 'last', 'kept', 'deleted'];
  const placed: Mark[] = [];
  for (const mark of all.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind)))
    if (placed.every(other => Math.abs(other.at - mark.at) >= DISTANCE)) placed.push(mark);
  return placed.sort((a, b) => a.at - b.at);
}

/** Solid as far as the run has come, dotted where it will go. */
function track(app: CurvesApp, run: RunFacts, marks: readonly Mark[], colour: string) {
  const { x } = app.scene.plots.loss;
  const { width } = app.state.sizes.loss;
  const done = Math.min(width, Math.max(0, x.toPixel(app.positionOf(run, run.step)) || 0));
  return svg`
    ${marks.length > 0 ? svg`<line x1="0" x2=${done} y1=${MIDDLE} y2=${MIDDLE} stroke=${colour} stroke-opacity="0.7" />` : nothing}
    ${
      marks.length > 0 && isWorking(run)
        ? svg`<line class="lane-ahead" x1=${done} x2=${width} y1=${MIDDLE} y2=${MIDDLE} />`
        : nothing
    }
  `;
}

function markShape({ at, kind, step }: Mark, colour: string): SVGTemplateResult {
  const title = svg`<title>step ${countText(step)}, ${kind}</title>`;
  switch (kind) {
    case 'best':
      return svg`<path d=${STAR} transform="translate(${at} ${MIDDLE})" fill=${colour}>${title}</path>`;
    case 'last':
      return svg`<circle cx=${at} cy=${MIDDLE} r="4.5" fill=${colour}>${title}</circle>`;
    case 'kept':
      return svg`<path d=${DIAMOND} transform="translate(${at} ${MIDDLE})" fill=${colour}>${title}</path>`;
    case 'deleted':
      return svg`<path class="hollow" d=${DIAMOND} transform="translate(${at} ${MIDDLE})" stroke=${colour}>${title}</path>`;
  }
}

const DIAMOND = 'M0 -4.5L4.5 0L0 4.5L-4.5 0Z';
const STAR = Array.from({ length: 10 }, (_, i) => {
  const radius = i % 2 === 0 ? 8 : 3.4;
  const angle = (i * Math.PI) / 5 - Math.PI / 2;
  const [x, y] = [radius * Math.cos(angle), radius * Math.sin(angle)];
  return `${i === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`;
})
  .join('')
  .concat('Z');

function words(run: RunFacts, marks: readonly Mark[], width: number) {
  const last = run.checkpoints.at(-1);
  if (!last)
    return isWorking(run) && run.saveEvery > 0
      ? svg`<text class="lane-text" x="8" y="16">first checkpoint at step ${countText(run.saveEvery)}</text>`
      : svg`<text class="lane-text" x="8" y="16">no checkpoints yet</text>`;
  const from = (marks.at(-1)?.at ?? 0) + 34;
  const best = run.best && `best ${countText(run.best.step)}`;
  if (from + WORDS <= width)
    return svg`
      <rect class="lane-back" x=${from - 6} y="2" width=${WORDS - 16} height=${HEIGHT - 4} />
      <text class="lane-text" x=${from} y="16"><tspan class="lane-strong">${best ?? ''}</tspan>${
        run.best ? ` val ${lossText(run.best.loss)} · ` : ''
      }<tspan class="lane-strong">last ${countText(last.step)}</tspan> · ${keptText(run)}</text>`;
  if (best && from + 70 <= width)
    return svg`<text class="lane-text" x=${from} y="16">${best}</text>`;
  return nothing;
}

function keptText({ checkpoints }: RunFacts): string {
  return `${checkpoints.filter(one => !one.deleted).length} kept of ${checkpoints.length}`;
}

function spokenLane(run: RunFacts): string {
  if (run.checkpoints.length === 0) return `${run.name} has no checkpoints yet`;
  const best = run.best ? `, the best of step ${run.best.step}` : '';
  return `Checkpoints of ${run.name}: ${keptText(run)}${best}, the last of step ${run.checkpoints.at(-1)!.step}`;
}
