/** Notices a step whose gradient or loss is far outside the recent ones. */

const WINDOW = 100;
const FEWEST = 30;
/** Times the median of the window. */
const NORM_FACTOR = 8;
const LOSS_FACTOR = 1.5;

export class SpikeWatch {
  readonly #norms: number[] = [];
  readonly #losses: number[] = [];

  /** @returns what is unusual, for people; undefined otherwise. Call once per step. */
  check(loss: number, gradNorm: number): string | undefined {
    const norm = median(this.#norms);
    const usual = median(this.#losses);
    const isKnown = this.#norms.length >= FEWEST;
    remember(this.#norms, gradNorm);
    remember(this.#losses, loss);
    if (!isKnown) return undefined;
    if (gradNorm > NORM_FACTOR * norm)
      return `Gradient norm ${gradNorm.toPrecision(3)}, ${Math.round(gradNorm / norm)}× the median`;
    if (loss > LOSS_FACTOR * usual)
      return `Loss ${loss.toPrecision(4)}, ${(loss / usual).toFixed(1)}× the median`;
    return undefined;
  }
}

function remember(window: number[], value: number): void {
  window.push(value);
  if (window.length > WINDOW) window.shift();
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
