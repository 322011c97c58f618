/** The pointer over a plot: hover reads, drag zooms, Shift+drag pans, double-click shows all. */
import { shiftRange } from '../../src/curves/scale';
import type { CurvesApp } from './curvesApp';
import type { PlotName } from './viewState';

/** Shorter drags are clicks. */
const DRAG_PIXELS = 5;

interface Drag {
  plot: PlotName;
  kind: 'zoom' | 'pan';
  from: number;
  range: readonly [number, number];
}

export class PlotPointer {
  readonly #app: CurvesApp;
  #drag: Drag | undefined;

  constructor(app: CurvesApp) {
    this.#app = app;
  }

  down(plot: PlotName, event: PointerEvent): void {
    if (event.button !== 0 || (event.target as Element).closest('button')) return;
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    const kind = event.shiftKey ? 'pan' : 'zoom';
    this.#drag = { plot, kind, from: offsetOf(event), range: this.#app.scene.range };
  }

  move(plot: PlotName, event: PointerEvent): void {
    const { x } = this.#app.scene.plots[plot];
    const at = offsetOf(event);
    const drag = this.#drag;
    if (!drag) {
      this.#app.moveCursor(x.toValue(at));
      return;
    }
    if (drag.kind === 'pan') {
      const { width } = this.#app.state.sizes[plot];
      this.#app.zoomTo(shiftRange(x.kind, drag.range, (drag.from - at) / width));
    } else if (Math.abs(at - drag.from) >= DRAG_PIXELS)
      this.#app.set({ selection: this.#selectionTo(drag, at), cursor: null });
  }

  up(): void {
    const { selection } = this.#app.state;
    this.#drag = undefined;
    if (!selection) return;
    this.#app.set({ selection: null });
    if (selection[0] < selection[1]) this.#app.zoomTo(selection);
  }

  leave(): void {
    if (!this.#drag) this.#app.moveCursor(null);
  }

  cancel(): void {
    this.#drag = undefined;
    this.#app.set({ selection: null });
  }

  #selectionTo({ plot, from }: Drag, at: number): [number, number] {
    const { x } = this.#app.scene.plots[plot];
    const { width } = this.#app.state.sizes[plot];
    const [left, right] = [Math.min(from, at), Math.max(from, at)];
    return [x.toValue(Math.max(0, left)), x.toValue(Math.min(width, right))];
  }
}

/** Pixels from the left edge of the element that listens. */
const offsetOf = (event: PointerEvent): number =>
  event.clientX - (event.currentTarget as Element).getBoundingClientRect().left;
