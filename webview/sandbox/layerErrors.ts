/** How far each layer of a column in few bits is from its weights: a picture of the model, and the worst in words. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { Column } from '../../src/protocol/sandboxView';
import { worstFirst } from '../../src/protocol/layerErrors';
import type { LayerError } from '../../src/protocol/runEvent';
import { type CellLook, modelGrid, steppedCell } from '../controls/modelGrid';
import { iconButton } from '../controls/toolkit';
import { css } from '../theme/cssProperties';
import { icon } from '../theme/icons';
import { cssColour, rampColour, rampGradient, textOn } from '../theme/ramp';
import { type ErrorMap, errorMap } from './errorMap';
import type { SandboxApp } from './sandboxApp';

/** What is shown of a column while it is open. */
export interface ShownErrors {
  readonly bits: Column['bits'];
  /** In the model's order; null while the model is being opened. */
  readonly found: readonly LayerError[] | null;
  /** Cell that is looked at by key. */
  readonly at: number | null;
}

const shareText = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`;

const wordsOf = ([layer, error]: LayerError): string => `${layer}: ${shareText(error)}`;

export function layerErrors(app: SandboxApp): TemplateResult | typeof nothing {
  const shown = app.state.layerErrors;
  if (!shown) return nothing;
  const close = () => app.set({ layerErrors: null });
  return html`
    <section
      class="help card layer-errors"
      role="dialog"
      aria-label="Error of each layer in int${shown.bits}"
      tabindex="-1"
    >
      <header>
        <h2>Error of each layer in int${shown.bits}</h2>
        ${iconButton({ icon: 'close', label: 'Close', onClick: close })}
      </header>
      ${shown.found ? content(app, shown, shown.found) : opening()}
    </section>
  `;
}

const opening = (): TemplateResult =>
  html`<p role="status">${icon('loading', 'active', true)} The model is being opened.</p>`;

function content(
  app: SandboxApp,
  { bits, at }: ShownErrors,
  errors: readonly LayerError[],
): TemplateResult {
  const sorted = worstFirst(errors);
  const [worst, least] = [sorted[0], sorted.at(-1)];
  if (!worst || !least) return html`<p>No layer of this model is held in few bits.</p>`;
  const map = errorMap(errors);
  const mean = errors.reduce((sum, [, error]) => sum + error, 0) / errors.length;
  const looked = at === null ? undefined : map.cells[at];
  const { theme } = app.state.palette;
  const look = (error: LayerError) => {
    const colour = rampColour(theme, (error[1] - least[1]) / (worst[1] - least[1] || 1));
    return { words: wordsOf(error), colours: { background: cssColour(colour), color: textOn(colour) } }; // prettier-ignore
  };
  return html`
    <p class="sums">
      ‖W − int${bits}(W)‖ / ‖W‖: ${shareText(mean)} on average, at most ${shareText(worst[1])} in
      <span class="layer-name">${worst[0]}</span>
    </p>
    ${map.layout.layers.length > 0 ? grid(app, map, look) : nothing}
    <div class="map-foot">
      ${map.others.map(({ label, error }) => {
        const { words, colours } = look(error);
        return html`<span class="map-cell" title=${words} ${css(colours)}
          >${label} ${shareText(error[1])}</span
        >`;
      })}
      <span class="faint" aria-live="polite">${looked ? wordsOf(looked) : ''}</span>
      <span class="spacer"></span>
      <div
        class="scale"
        role="img"
        aria-label="Colours from ${shareText(least[1])} to ${shareText(worst[1])}"
      >
        <span class="ramp" ${css({ background: rampGradient(theme) })}></span>
        <span class="tick start">${shareText(least[1])}</span>
        <span class="tick end">${shareText(worst[1])}</span>
      </div>
    </div>
  `;
}

const STEPS: Readonly<Record<string, readonly [down: number, across: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function grid(
  app: SandboxApp,
  { layout, cells }: ErrorMap,
  lookOf: (error: LayerError) => Pick<CellLook, 'words' | 'colours'>,
): TemplateResult {
  const shown = () => app.state.layerErrors!;
  const look = (at: number | null) => app.set({ layerErrors: { ...shown(), at } });
  const step = (event: KeyboardEvent) => {
    const by = STEPS[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    look(steppedCell(layout, shown().at, by));
  };
  return html`<div @keydown=${step}>
    ${modelGrid({
      id: 'layer-errors',
      label: 'Error of layers',
      layout,
      active: shown().at,
      look: at => {
        const error = cells[at];
        return error && { classes: [], mark: '', isChosen: false, ...lookOf(error) };
      },
      choose: look,
    })}
  </div>`;
}
