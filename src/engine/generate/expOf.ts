/** e to the power of many numbers: several times as fast as `Math.exp`, which is a call each time. */

const PARTS = 64;
const STEPS_PER_NAT = PARTS / Math.LN2;
/** What `Math.LN2` lacks. */
const LN2_REST = 2.3190468138462996e-17;
/** ln 2 / 64 in two parts: the first times any number of steps is exact. */
const STEP_HIGH = Math.floor((Math.LN2 / PARTS) * 2 ** 40) / 2 ** 40;
const STEP_LOW = Math.LN2 / PARTS - STEP_HIGH + LN2_REST / PARTS;
/** 2^(i/64) */
const fractions = Float64Array.from({ length: PARTS }, (_, i) => 2 ** (i / PARTS));
/** 2^−i, down to the least number above 0. */
const halvings = Float64Array.from({ length: 1076 }, (_, i) => 2 ** -i);
const LEAST = -745;

/** e^x for x ≤ 0, within 2 units of the last place. NaN for NaN. */
export function expOf(x: number): number {
  if (x < LEAST) return 0;
  const steps = (x * STEPS_PER_NAT - 0.5) | 0; // to the nearest
  const r = x - steps * STEP_HIGH - steps * STEP_LOW;
  const more = r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120)))));
  const fraction = fractions[steps & (PARTS - 1)]!;
  return (fraction + fraction * more) * halvings[-(steps >> 6)]!;
}
