/** A plot with its canvas, what lies over it, and the pointer. The same for large and small ones. */
import { type TemplateResult, html, nothing } from 'lit/html.js';
import type { CurvesApp } from './curvesApp';
import { type OverlayOptions, overlay } from './overlay';
import { PlotPointer } from './plotPointer';

const pointers = new WeakMap<CurvesApp, PlotPointer>();

function pointerOf(app: CurvesApp): PlotPointer {
  let pointer = pointers.get(app);
  if (!pointer) pointers.set(app, (pointer = new PlotPointer(app)));
  return pointer;
}

export interface FrameOptions extends OverlayOptions {
  /** What a screen reader says of the picture. */
  summary: string;
  /** Reached by Tab; one plot is enough, as all share the cursor. */
  isStop?: boolean;
  /** HTML over the plot: cards and buttons. */
  cards?: TemplateResult | readonly TemplateResult[] | typeof nothing;
}

export function plotFrame(app: CurvesApp, options: FrameOptions): TemplateResult {
  const { plot } = options;
  const pointer = pointerOf(app);
  return html`
    <div class="plot ${plot}">
      <div
        class="plot-area"
        @pointerdown=${(event: PointerEvent) => pointer.down(plot, event)}
        @pointermove=${(event: PointerEvent) => pointer.move(plot, event)}
        @pointerup=${() => pointer.up()}
        @pointerleave=${() => pointer.leave()}
        @pointercancel=${() => pointer.cancel()}
        @dblclick=${() => app.zoomTo(null)}
      >
        <wr-plot
          .onResize=${(size: { width: number; height: number }) => app.setSize(plot, size)}
          .spec=${app.scene.plots[plot].spec}
        ></wr-plot>
        ${overlay(app, options)}
        <div
          class="plot-focus"
          role="img"
          tabindex=${options.isStop ? 0 : nothing}
          data-region=${options.isStop ? 'plot' : nothing}
          aria-label=${options.summary}
          aria-describedby=${options.isStop ? 'read-out' : nothing}
        ></div>
        ${options.cards ?? nothing}
      </div>
    </div>
  `;
}
