/**
 * Rotary positions (Su et al. 2021): the angles by which the halves of a head are turned, with the
 * scalings that transformers 4.46 knows (modeling_rope_utils.py). Pure arithmetic.
 */
import { type Tensor, tensor } from '../tensor/tensor';

export type RopeScaling =
  | { readonly kind: 'none' }
  | { readonly kind: 'linear'; readonly factor: number }
  /** NTK: the base grows with the sequence when it is longer than `original`. */
  | { readonly kind: 'dynamic'; readonly factor: number; readonly original: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly original: number;
    };

export interface Rope {
  readonly headSize: number;
  readonly base: number;
  readonly scaling: RopeScaling;
}

/** Radians by which the pair i of a head turns per position, i < headSize/2. */
export function ropeFrequencies(rope: Rope, sequenceLength: number): Float64Array {
  const { headSize: D, scaling } = rope;
  const base = scaling.kind === 'dynamic' ? dynamicBase(rope, scaling, sequenceLength) : rope.base;
  return Float64Array.from({ length: D / 2 }, (_, i) => {
    // transformers computes these in float32; the difference would show in late positions
    const frequency = Math.fround(1 / Math.fround(base ** Math.fround((2 * i) / D)));
    if (scaling.kind === 'linear') return Math.fround(frequency / scaling.factor);
    return scaling.kind === 'llama3' ? llama3Frequency(frequency, scaling) : frequency;
  });
}

function dynamicBase(
  { base, headSize: D }: Rope,
  { factor, original }: Extract<RopeScaling, { kind: 'dynamic' }>,
  length: number,
): number {
  const longest = Math.max(length, original);
  return base * ((factor * longest) / original - (factor - 1)) ** (D / (D - 2));
}

/** Long waves are stretched by `factor`, short ones kept, those between go over smoothly. */
function llama3Frequency(frequency: number, s: Extract<RopeScaling, { kind: 'llama3' }>): number {
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < s.original / s.highFrequencyFactor) return frequency;
  if (wavelength > s.original / s.lowFrequencyFactor) return Math.fround(frequency / s.factor);
  const smooth =
    (s.original / wavelength - s.lowFrequencyFactor) /
    (s.highFrequencyFactor - s.lowFrequencyFactor);
  return Math.fround(((1 - smooth) * frequency) / s.factor + smooth * frequency);
}

/** Cosines and sines for the positions, float32 [positions, headSize/2] each. */
export function rotaryTables(
  rope: Rope,
  positions: ArrayLike<number>,
  sequenceLength = positions.length,
): { cos: Tensor<'float32'>; sin: Tensor<'float32'> } {
  const frequencies = ropeFrequencies(rope, sequenceLength);
  const half = frequencies.length;
  const table = (f: (angle: number) => number) =>
    tensor(
      'float32',
      [positions.length, half],
      Float32Array.from({ length: positions.length * half }, (_, i) =>
        f(positions[Math.floor(i / half)]! * frequencies[i % half]!),
      ),
    );
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
