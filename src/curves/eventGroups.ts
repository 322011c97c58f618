/**
 * Events of a run as people count them: a stretch of spikes is one thing to look at, however many of
 * its steps are out of line. Pure.
 */
import type { Notable } from '../protocol/runState';

export interface EventGroup {
  /** Its first event, which stands for it. */
  event: Notable;
  /** How many events it is, and the step of the last. */
  count: number;
  lastStep: number;
}

/** Spikes with fewer steps between them belong together. */
const CLOSE_STEPS = 25;

/** In the order of their first events. */
export function groupEvents(notables: readonly Notable[]): EventGroup[] {
  const groups: EventGroup[] = [];
  let stretch: EventGroup | undefined;
  for (const event of notables) {
    if (event.kind === 'spike') {
      const distance = stretch ? event.step - stretch.lastStep : NaN;
      if (stretch && distance >= 0 && distance <= CLOSE_STEPS) {
        stretch.count++;
        stretch.lastStep = event.step;
        continue;
      }
    }
    const group = { event, count: 1, lastStep: event.step };
    if (event.kind === 'spike') stretch = group;
    groups.push(group);
  }
  return groups;
}
