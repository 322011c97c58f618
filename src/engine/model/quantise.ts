/**
 * Weights in blocks of few bits, symmetric about zero, as ONNX Runtime's MatMulNBits reads them:
 * each block of a row has one scale, and a value is (q − middle) · scale. Pure; knows nothing of
 * files.
 */
import type { LinearLayout } from './parts';

export type Bits = 4 | 8;

/** Along a row: small blocks are exact enough for 4 bits, large ones are faster with 8. */
export const blockSize: Readonly<Record<Bits, number>> = { 4: 32, 8: 128 };

/** Under which names the parts of a quantised weight are stored. */
export const packedName = (weight: string): string => `${weight}.packed`;
export const scalesName = (weight: string): string => `${weight}.scales`;

export interface QuantisedMatrix {
  /** [out, blocks, block bytes]; of 4 bits the first of a pair is the low half of its byte. */
  readonly packed: Uint8Array;
  /** [out · blocks] */
  readonly scales: Float32Array;
  /** ‖W − dequantised‖ / ‖W‖. */
  readonly error: number;
}

/** @param weights [out, in], or [in, out] by its layout */
export function quantise(
  weights: Float32Array,
  [out, inp]: readonly [number, number],
  bits: Bits,
  layout: LinearLayout = 'out-in',
): QuantisedMatrix {
  const size = blockSize[bits];
  const blocks = Math.ceil(inp / size);
  const bytes = (size * bits) / 8;
  const packed = new Uint8Array(out * blocks * bytes).fill(middleByte(bits));
  const scales = new Float32Array(out * blocks);
  const row = new Float32Array(inp);
  let [lost, total] = [0, 0];
  for (let o = 0; o < out; o++) {
    if (layout === 'out-in') row.set(weights.subarray(o * inp, (o + 1) * inp));
    else for (let i = 0; i < inp; i++) row[i] = weights[i * out + o]!;
    for (let k = 0; k < blocks; k++) {
      const block = row.subarray(k * size, Math.min((k + 1) * size, inp));
      const at = o * blocks + k;
      const scale = scaleOf(block, bits);
      scales[at] = scale;
      lost += packBlock(block, scale, bits, packed.subarray(at * bytes, (at + 1) * bytes));
    }
    for (const w of row) total += w * w;
  }
  return { packed, scales, error: total === 0 ? 0 : Math.sqrt(lost / total) };
}

/** The value farthest from zero becomes the lowest level, of which there is one more below zero. */
function scaleOf(block: Float32Array, bits: Bits): number {
  let farthest = 0;
  for (const w of block) if (Math.abs(w) > Math.abs(farthest)) farthest = w;
  return Math.fround(farthest / -(2 ** (bits - 1)));
}

/** @returns the sum of squared differences */
function packBlock(block: Float32Array, scale: number, bits: Bits, into: Uint8Array): number {
  const middle = 2 ** (bits - 1);
  const most = 2 * middle - 1;
  const inverse = scale === 0 ? 0 : 1 / scale;
  let lost = 0;
  for (let i = 0; i < block.length; i++) {
    const w = block[i]!;
    const q = Math.min(most, Math.max(0, Math.round(w * inverse) + middle));
    const difference = w - (q - middle) * scale;
    lost += difference * difference;
    if (bits === 8) into[i] = q;
    else if (i % 2 === 0) into[i >> 1] = (into[i >> 1]! & 0xf0) | q;
    else into[i >> 1] = (into[i >> 1]! & 0x0f) | (q << 4);
  }
  return lost;
}

/** Zeros, so that what pads the last block of a row adds nothing. */
const middleByte = (bits: Bits): number => (bits === 4 ? 0x88 : 0x80);

/** The inverse, [out, in]. */
export function dequantise(
  { packed, scales }: Pick<QuantisedMatrix, 'packed' | 'scales'>,
  [out, inp]: readonly [number, number],
  bits: Bits,
): Float32Array {
  const size = blockSize[bits];
  const blocks = Math.ceil(inp / size);
  const bytes = (size * bits) / 8;
  const middle = 2 ** (bits - 1);
  return Float32Array.from({ length: out * inp }, (_, at) => {
    const [o, i] = [Math.floor(at / inp), at % inp];
    const block = o * blocks + Math.floor(i / size);
    const within = i % size;
    const byte = packed[block * bytes + (bits === 8 ? within : within >> 1)]!;
    const q = bits === 8 ? byte : within % 2 === 0 ? byte & 0x0f : byte >> 4;
    return (q - middle) * scales[block]!;
  });
}
