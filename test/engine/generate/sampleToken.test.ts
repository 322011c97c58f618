/** Sampling: the order of the rules and the shares they leave. */
import { describe, expect, it } from 'vitest';
import {
  chooseToken,
  GREEDY,
  sampleToken,
  type Sampling,
} from '../../../src/engine/generate/sampleToken';

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
