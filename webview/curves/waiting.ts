/** Before the first step: what the run has prepared, what it is at, and what is to come. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import { durationText } from '../../src/curves/numberText';
import type { RunFacts } from '../../src/protocol/curves';
import type { Phase } from '../../src/protocol/runEvent';
import { icon } from '../theme/icons';
import type { CurvesApp } from './curvesApp';

const phaseWords: Record<Phase, readonly [ended: string, under: string]> = {
  config: ['Config resolved', 'Resolving the config'],
  data: ['Data ready', 'Preparing the data'],
  weights: ['Weights initialised', 'Initialising the weights'],
  graph: ['Training graph built', 'Building the training graph'],
  warmup: ['Warmed up', 'Warming up'],
};

/** The run that is being waited for: all that is visible is still preparing. */
export function waitingRun({ scene, state, highlighted }: CurvesApp): RunFacts | undefined {
  const runs = scene.runs.map(({ facts }) => facts);
  if (runs.length === 0 || !runs.every(run => run.status === 'preparing' && run.rows === 0))
    return undefined;
  const chosen =
    highlighted && !state.taste.hidden.includes(highlighted.id) ? highlighted : runs[0];
  return chosen?.status === 'preparing' ? chosen : undefined;
}

export function waitingCard(app: CurvesApp, run: RunFacts): TemplateResult {
  const now = Date.now() + app.state.clockOffset;
  const since = (from: number) => durationText(Math.max(0, Math.round((now - from) / 1000)));
  return html`
    <div class="card waiting appears-late" role="status">
      <header>
        <h3>Waiting for the first step</h3>
        <span class="faint">${run.startedAt > 0 ? since(run.startedAt) : nothing}</span>
      </header>
      <ol>
        ${run.phases.map(({ phase, state, detail, seconds, began }) => {
          const isDone = state === 'end';
          return html`
            <li>
              ${isDone ? icon('pass', 'ok') : icon('sync', 'active', true)}
              <span>${phaseWords[phase][isDone ? 0 : 1]}</span>
              <span class="faint detail">${detail}</span>
              <span class="faint"
                >${isDone ? (seconds > 0 ? durationText(seconds) : '') : since(began)}</span
              >
            </li>
          `;
        })}
        <li class="to-come">
          <span class="icon hollow-dot" aria-hidden="true"></span>
          <span>First step</span>
          <span class="faint detail">${usualWait(app)}</span>
        </li>
      </ol>
    </div>
  `;
}

/** How long other runs took from the end of their preparation to their first step. */
function usualWait({ state }: CurvesApp): string {
  const waits = [...state.runs.values()].map(run => run.firstStepSeconds).filter(wait => wait > 0);
  if (waits.length === 0) return '';
  const [least, most] = [Math.min(...waits), Math.max(...waits)].map(durationText);
  return least === most
    ? `usually ${least} after the preparation`
    : `usually ${least} to ${most} after the preparation`;
}
