/** The learning rate of each step: linear warm-up from 0, then cosine, linear or constant. */
import { warmupSteps } from '../config/configRules';
import type { TrainConfig } from '../config/schema';

export type Schedule = Pick<
  TrainConfig,
  'max_steps' | 'learning_rate' | 'schedule' | 'warmup_steps' | 'warmup_ratio' | 'min_lr_ratio'
>;

/** Step 0 has rate 0 when there is a warm-up; `min_lr_ratio` of the peak would be step `max_steps`. */
export function learningRate(schedule: Schedule, step: number): number {
  const { learning_rate: peak, min_lr_ratio: floor, max_steps } = schedule;
  const warmup = warmupSteps(schedule);
  if (step < warmup) return (peak * step) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, max_steps - warmup));
  switch (schedule.schedule) {
    case 'constant':
      return peak;
    case 'linear':
      return peak * (floor + (1 - floor) * (1 - progress));
    case 'cosine':
      return peak * (floor + ((1 - floor) * (1 + Math.cos(Math.PI * progress))) / 2);
  }
}
