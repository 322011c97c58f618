/**
 * Random numbers as pure functions of a key: the numbers of (seed, purpose, step, …) never depend on
 * what was drawn before, so a resumed run draws what the stopped one would have drawn.
 */

/** What a stream is for; part of its key, so that no two uses share numbers. */
export const purposes = {
  weights: 1,
  batches: 2,
  dropout: 3,
  sampling: 4,
  data: 5,
  epoch: 6,
} as const;

/** Uniform 32-bit integers: xoshiro128** (Blackman & Vigna 2018), seeded from the key by murmur3. */
export type RandomStream = () => number;

export function randomStream(
  seed: number,
  purpose: keyof typeof purposes,
  ...key: number[]
): RandomStream {
  let h = seed >>> 0;
  const words = [purposes[purpose], ...key];
  for (const word of words) h = mix(h ^ Math.imul(word + 1, 0xcc9e2d51));
  let a = (h = mix(h + 0x9e3779b9));
  let b = (h = mix(h + 0x9e3779b9));
  let c = (h = mix(h + 0x9e3779b9));
  let d = mix(h + 0x9e3779b9) | 1;
  return () => {
    const x = Math.imul(b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
}

function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** In [0, 1), 32 bits of it random. */
export const uniform = (next: RandomStream): number => next() / 2 ** 32;

/** In [0, n), n ≤ 2³², without bias worth speaking of (n / 2³²). */
export const below = (next: RandomStream, n: number): number => Math.floor((next() / 2 ** 32) * n);

/** Fills with N(0, std²) by Box and Muller. */
export function fillNormal(out: Float32Array, std: number, next: RandomStream): void {
  for (let i = 0; i < out.length; i += 2) {
    const radius = std * Math.sqrt(-2 * Math.log((next() + 1) / 2 ** 32));
    const angle = 2 * Math.PI * uniform(next);
    out[i] = radius * Math.cos(angle);
    if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
  }
}

export function fillUniform(out: Float32Array, bound: number, next: RandomStream): void {
  for (let i = 0; i < out.length; i++) out[i] = (2 * uniform(next) - 1) * bound;
}

/** Fills with 1/(1−p) or, with probability p (to 1/65536), 0. Two places per random number. */
export function fillDropoutMask(out: Float32Array, p: number, next: RandomStream): void {
  const threshold = Math.round(p * 65536);
  const kept = 65536 / (65536 - threshold);
  for (let i = 0; i < out.length; i += 2) {
    const bits = next();
    out[i] = (bits & 0xffff) < threshold ? 0 : kept;
    if (i + 1 < out.length) out[i + 1] = bits >>> 16 < threshold ? 0 : kept;
  }
}
