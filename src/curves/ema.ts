/**
 * Exponential moving average with bias correction: m ← β·m + (1 − β)·x, shown as m / (1 − βᵗ), t
 * counting the finite points. A point that is not finite leaves m alone and is shown as NaN.
 * (Kingma & Ba, 2015, section 3.)
 */

export class Ema {
  #mean = 0;
  /** 1 − βᵗ */
  #weight = 0;

  constructor(readonly beta: number) {}

  /** Takes the next point and returns the average there. */
  next(value: number): number {
    if (!Number.isFinite(value)) return NaN;
    this.#mean = this.beta * this.#mean + (1 - this.beta) * value;
    this.#weight = this.beta * this.#weight + (1 - this.beta);
    return this.#mean / this.#weight;
  }
}

/** The average at every point. */
export function emaOf(values: ArrayLike<number>, beta: number): Float64Array {
  const ema = new Ema(beta);
  return Float64Array.from(values, value => ema.next(value));
}
