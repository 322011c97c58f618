/** Sampling: the order of the rules and the shares they leave. */
import { describe, expect, it } from 'vitest';
import { expOf } from '../../../src/engine/generate/expOf';
import {
  type Chosen,
  chooseToken,
  type Drawing,
  GREEDY,
  sampleToken,
  type Sampling,
} from '../../../src/engine/generate/sampleToken';
import { randomNumbers } from '../../durability/randomNumbers';

/** Probabilities 0.1, 0.5, 0.1, 0.3. */
const logits = Float32Array.from([0.1, 0.5, 0.1, 0.3], Math.log);
const all: Sampling = { temperature: 1, topK: 0, topP: 1 };

const drawn = (sampling: Partial<Sampling>) => {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 1000; i++)
    counts[sampleToken(logits, { ...all, ...sampling }, (i + 0.5) / 1000)]!++;
  return counts.map(n => n / 1000);
};

describe('sampleToken', () => {
  it.each<[string, Partial<Sampling>, number[]]>([
    ['draws by probability', {}, [0.1, 0.5, 0.1, 0.3]],
    ['keeps the k most likely, the first of equals', { topK: 3 }, [1 / 9, 5 / 9, 0, 3 / 9]],
    ['keeps the fewest that reach p', { topP: 0.75 }, [0, 5 / 8, 0, 3 / 8]],
    ['always keeps one', { topP: 0.01 }, [0, 1, 0, 0]],
    ['applies top-p after top-k', { topK: 2, topP: 0.6 }, [0, 1, 0, 0]],
    ['sharpens at low temperature', { temperature: 0.5 }, [1, 25, 1, 9].map(x => x / 36)],
  ])('%s', (_, sampling, shares) => {
    drawn(sampling).forEach((share, id) => expect(share).toBeCloseTo(shares[id]!, 2));
  });

  it('tells how many tokens it left, and how undecided the model was', () => {
    const of = (sampling: Partial<Sampling>) =>
      chooseToken(logits, { ...all, ...sampling }, { random: 0, alternatives: 2 });
    const nats = -[0.1, 0.5, 0.1, 0.3].reduce((sum, p) => sum + p * Math.log(p), 0);
    expect(of({}).entropy).toBeCloseTo(nats, 6);
    expect(of({ temperature: 0 }).entropy).toBeCloseTo(nats, 6);
    expect(of({}).survivors).toBe(4);
    expect(of({ topK: 3, topP: 0.75 }).survivors).toBe(2);
    expect(of({ temperature: 0 }).survivors).toBe(1);
    expect(chooseToken(Float32Array.of(0, -Infinity), all, { random: 0, alternatives: 1 })).toEqual(
      {
        token: 0,
        probability: 1,
        alternatives: [{ id: 0, probability: 1 }],
        survivors: 1,
        entropy: 0,
      },
    );
  });

  it('is greedy at temperature 0, the first of equals', () => {
    expect(sampleToken(logits, GREEDY, 0.99)).toBe(1);
    expect(sampleToken(Float32Array.of(2, 7, 7), GREEDY, 0.99)).toBe(1);
  });
});

/** The rules word for word, over all tokens in their order. */
function slowly(scores: Float32Array, sampling: Sampling, drawing: Drawing): Chosen {
  const t = sampling.temperature || 1;
  const highest = Math.max(...scores);
  const weight = (id: number) => Math.exp((scores[id]! - highest) / t);
  const ids = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const mass = ids.reduce((sum, id) => sum + weight(id), 0);
  const drawable = ids.filter(id => scores[id]! >= highest - 30 * t);
  const topK = sampling.topK > 0 ? drawable.slice(0, sampling.topK) : drawable;
  const enough = sampling.topP * topK.reduce((sum, id) => sum + weight(id), 0);
  let reached = 0;
  const at = topK.findIndex(id => (reached += weight(id)) >= enough);
  const topP = sampling.topP < 1 && at >= 0 ? topK.slice(0, at + 1) : topK;
  const minP = topP.filter(id => weight(id) >= (sampling.minP ?? 0));
  const left = sampling.temperature === 0 ? ids.slice(0, 1) : minP;
  let rest = drawing.random * left.reduce((sum, id) => sum + weight(id), 0);
  const token = left.find(id => (rest -= weight(id)) < 0) ?? left.at(-1)!;
  const told = ids.slice(0, drawing.alternatives);
  if (!told.includes(token)) told.push(token);
  const cutOf = (rank: number) =>
    rank < left.length ? undefined : rank >= topK.length ? 'top-k' : rank >= topP.length ? 'top-p' : 'min-p'; // prettier-ignore
  return {
    token,
    probability: weight(token) / mass,
    survivors: left.length,
    alternatives: told.map((id, rank) => {
      const cut = sampling.temperature === 0 || id === token ? undefined : cutOf(rank);
      return { id, probability: weight(id) / mass, ...(cut && { cut }) };
    }),
    entropy: Math.max(0, -ids.reduce((sum, id) => {
      const p = weight(id) / mass;
      return p > 0 ? sum + p * Math.log(p) : sum;
    }, 0)), // prettier-ignore
  };
}

describe('sorting no more than is asked for', () => {
  const random = randomNumbers(7);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  /** Flat, peaked, with equals, with tokens that are forbidden, far below, all the same. */
  const scoresOf = (kind: string, n: number) =>
    Float32Array.from({ length: n }, (_, id) => {
      const x = random() - 0.5;
      if (kind === 'equals') return Math.round(x * 8);
      if (kind === 'forbidden') return id > 0 && random() < 0.3 ? -Infinity : x * 10;
      return { flat: 0.01 * x, peaked: 90 * x, same: 1 }[kind] ?? 10 * x;
    });
  const rounds = Array.from({ length: 400 }, (_, round) => {
    const kind = pick(['flat', 'peaked', 'equals', 'forbidden', 'same', 'plain']);
    const sampling: Sampling = {
      temperature: pick([0, 0.1, 0.8, 1, 2.5]),
      topK: pick([0, 0, 1, 7, 40, 5000]),
      topP: pick([1, 1, 0.95, 0.5, 0]),
      minP: pick([0, 0, 0.05, 1]),
    };
    const drawing = { random: random(), alternatives: pick([1, 5, 20]) };
    return { round, kind, scores: scoresOf(kind, pick([1, 3, 50, 700])), sampling, drawing };
  });

  it('chooses and tells what sorting everything does', () => {
    const digits = (x: Chosen) => ({
      ...x,
      ...{ probability: x.probability.toPrecision(10), entropy: x.entropy!.toFixed(9) },
      alternatives: x.alternatives.map(a => ({ ...a, probability: a.probability.toPrecision(10) })),
    });
    for (const { round, kind, scores, sampling, drawing } of rounds) {
      const room = { ...drawing, alternatives: Math.min(drawing.alternatives, scores.length) };
      const what = `round ${round}: ${kind} ${scores.length} ${JSON.stringify({ sampling, drawing })}`;
      expect(digits(chooseToken(scores, sampling, room)), what).toEqual(
        digits(slowly(scores, sampling, room)),
      );
    }
  });

  it('has exponentials to the last places', () => {
    const depths = Array.from({ length: 100_000 }, (_, i) => -random() * (i % 2 ? 700 : 30));
    const worst = depths.reduce(
      (most, x) => Math.max(most, Math.abs(expOf(x) / Math.exp(x) - 1)),
      0,
    );
    expect(worst).toBeLessThan(2 * Number.EPSILON);
    expect([0, -746, -Infinity, NaN].map(expOf)).toEqual([1, 0, 0, NaN]);
  });

  it.each([
    ['NaN', Float32Array.of(1, NaN, 2)],
    ['infinite', Float32Array.of(1, Infinity)],
    ['nothing but forbidden tokens', Float32Array.of(-Infinity, -Infinity)],
  ])('refuses %s', (_, scores) => {
    const refused = expect.objectContaining({ code: 'generate.not-finite' }) as unknown;
    expect(() => chooseToken(scores, all, { random: 0 })).toThrow(
      expect.objectContaining({ problem: refused }) as Error,
    );
  });
});
