import { describe, expect, it } from 'vitest';
import { groupEvents } from '../../src/curves/eventGroups';
import type { Notable } from '../../src/protocol/runState';

const at = (step: number, kind: Notable['kind'] = 'spike'): Notable => ({
  kind,
  step,
  seq: step,
  message: '',
});

const cases: [
  claim: string,
  events: Notable[],
  groups: [first: number, count: number, last: number][],
][] = [
  ['nothing is nothing', [], []],
  ['spikes that follow closely are one', [at(455), at(456), at(480)], [[455, 3, 480]]],
  [
    'spikes far apart are two',
    [at(455), at(481)],
    [
      [455, 1, 455],
      [481, 1, 481],
    ],
  ],
  [
    'an event of another kind stands for itself and parts no stretch',
    [at(10), at(12, 'resumed'), at(14)],
    [
      [10, 2, 14],
      [12, 1, 12],
    ],
  ],
  [
    'a step that is made again begins anew',
    [at(90), at(80)],
    [
      [90, 1, 90],
      [80, 1, 80],
    ],
  ],
  [
    'other kinds are never joined',
    [at(5, 'notice'), at(5, 'notice')],
    [
      [5, 1, 5],
      [5, 1, 5],
    ],
  ],
];

describe('of the events of a run', () => {
  it.each(cases)('%s', (_, events, groups) => {
    expect(
      groupEvents(events).map(({ event, count, lastStep }) => [event.step, count, lastStep]),
    ).toEqual(groups);
  });
});
