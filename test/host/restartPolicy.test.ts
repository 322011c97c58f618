import { describe, expect, it } from 'vitest';
import { RestartPolicy } from '../../src/host/restartPolicy';

/** Delays after crashes, each so long after the start before it. */
function delays(lives: number[]): (number | undefined)[] {
  const policy = new RestartPolicy();
  let now = 0;
  return lives.map(life => {
    policy.started(now);
    now += life;
    const delay = policy.crashed(now);
    now += delay ?? 0;
    return delay;
  });
}

describe('after a crash a process starts again', () => {
  it.each<[string, number[], (number | undefined)[]]>([
    [
      'at once, then later and later, and not a fifth time',
      [5, 5, 5, 5, 5],
      [0, 1e3, 4e3, 1e4, undefined],
    ],
    ['at once when it was stable in between', [5, 5, 11_000, 5], [0, 1e3, 0, 1e3]],
    [
      'not a fifth time in three minutes, however stable it was',
      [2e4, 2e4, 2e4, 2e4, 2e4],
      [0, 0, 0, 0, undefined],
    ],
    ['as often as it lives a minute', [6e4, 6e4, 6e4, 6e4, 6e4, 6e4], [0, 0, 0, 0, 0, 0]],
  ])('%s', (_, lives, expected) => expect(delays(lives)).toEqual(expected));

  it('whenever the user wants it', () => {
    const policy = new RestartPolicy();
    for (let n = 0; n < 5; n++) policy.crashed(n);
    policy.forget();
    expect(policy.crashed(6)).toBe(0);
  });
});
