/** Bounds as sliders: a slider's place and the number that it means. */
import type { Profile } from '../../src/protocol/diffMetrics';
import type { BoundName } from './taste';

export interface BoundSlider {
  readonly label: string;
  /** "at least" or "at most". */
  readonly word: 'least' | 'most';
  /** Ends and step of the slider. */
  readonly range: readonly [from: number, to: number, step: number];
  readonly start: number;
  numberAt(place: number): number;
  placeOf(bound: number): number;
  text(bound: number): string;
}

const rounded = (value: number, digits: number): number => Number(value.toPrecision(digits));

/** 1e−3, 2.5e−3 */
function powers(label: string, from: number, to: number, start: number): BoundSlider {
  return {
    label,
    word: 'most',
    range: [from, to, 0.1],
    start,
    numberAt: place => rounded(10 ** place, 2),
    placeOf: bound => Math.log10(Math.max(bound, 10 ** from)),
    text: bound =>
      bound >= 1e-3 && bound < 1e4
        ? String(bound)
        : bound
            .toExponential(bound === rounded(bound, 1) ? 0 : 1)
            .replace('e-', 'e−')
            .replace('+', ''),
  };
}

export const sliders: Readonly<Record<BoundName, BoundSlider>> = {
  // by nines: 0.9, 0.99, 0.999
  pcc: {
    label: 'PCC',
    word: 'least',
    range: [0, 7, 0.1],
    start: 0.99,
    numberAt: place => 1 - rounded(10 ** -place, 2),
    placeOf: bound => Math.min(7, -Math.log10(Math.max(1 - bound, 1e-7))),
    text: bound => String(rounded(bound, 8)),
  },
  relL2: powers('Relative L2', -8, 0, 1e-2),
  maxAbs: powers('Max abs', -9, 2, 1e-2),
  ulp99: {
    label: 'ULP p99',
    word: 'most',
    range: [0, 16, 1],
    start: 2,
    numberAt: place => (place === 0 ? 0 : 2 ** (place - 1)),
    placeOf: bound => (bound === 0 ? 0 : Math.round(Math.log2(bound)) + 1),
    text: bound => String(bound),
  },
};

/** Moving a slider makes a profile one's own; a profile of bits or tolerances loses these. */
export function withBound(
  { pcc, relL2, maxAbs, ulp99 }: Profile,
  name: BoundName,
  bound: number | undefined,
): Profile {
  const bounds = { pcc, relL2, maxAbs, ulp99, [name]: bound };
  const kept = Object.entries(bounds).filter(([, value]) => value !== undefined);
  return { name: 'own', ...Object.fromEntries(kept) };
}

/** The one bound whose slider stands above the table. */
export const mainBound = ({ pcc, relL2, ulp99, maxAbs }: Profile): BoundName =>
  pcc !== undefined
    ? 'pcc'
    : relL2 !== undefined
      ? 'relL2'
      : ulp99 !== undefined
        ? 'ulp99'
        : maxAbs !== undefined
          ? 'maxAbs'
          : 'pcc';
