/** The learning rate over a run. */
import { describe, expect, it } from 'vitest';
import { learningRate, type Schedule } from '../../../src/engine/train/schedule';

const base: Schedule = { max_steps: 100, learning_rate: 1, schedule: 'cosine', min_lr_ratio: 0.1 };

describe('learningRate', () => {
  it.each<[string, Partial<Schedule>, Record<number, number>]>([
    ['starts at 0 with warm-up and rises in a line', { warmup_steps: 10 }, { 0: 0, 5: 0.5, 10: 1 }],
    ['starts at the peak without warm-up', {}, { 0: 1 }],
    ['counts a ratio in steps', { warmup_ratio: 0.05 }, { 0: 0, 4: 0.8, 5: 1 }],
    ['falls by a cosine to the floor', { warmup_steps: 20 }, { 20: 1, 60: 0.55, 100: 0.1 }],
    ['falls in a line to the floor', { schedule: 'linear' }, { 50: 0.55, 100: 0.1 }],
    ['stays', { schedule: 'constant', warmup_steps: 2 }, { 1: 0.5, 2: 1, 99: 1 }],
    ['survives a warm-up as long as the run', { warmup_steps: 100 }, { 50: 0.5, 100: 1 }],
  ])('%s', (_, changes, expected) => {
    for (const [step, rate] of Object.entries(expected))
      expect(learningRate({ ...base, ...changes }, Number(step)), `step ${step}`).toBeCloseTo(
        rate,
        12,
      );
  });
});
