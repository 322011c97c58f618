import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { saveCheckpoint } from '../../../src/engine/run/checkpoint';
import type { CheckpointChoice } from '../../../src/engine/run/chooseCheckpoint';
import { chooseCheckpoint } from '../../../src/engine/run/chooseCheckpoint';
import { sampleCheckpoint } from '../../durability/sampleCheckpoint';
import { scratchFolder } from '../../durability/scratchFolder';

const runDir = scratchFolder();
const best = { step: 2, loss: 1.5 };
for (const step of [1, 2, 3, 4]) {
  const checkpoint = sampleCheckpoint(step);
  const state = step < 2 ? checkpoint.state : { ...checkpoint.state, bestEval: best };
  saveCheckpoint(disk, runDir, { ...checkpoint, state });
}
rmSync(join(runDir, 'checkpoints/step-000004/config.json'));

it.each<[CheckpointChoice, number]>([
  ['best', 2],
  ['newest', 3],
  [1, 1],
])('%s is step %i, past what is damaged', (choice, step) =>
  expect(chooseCheckpoint(runDir, choice).step).toBe(step),
);

it.each<[CheckpointChoice, RegExp]>([
  [4, /step-000004 cannot be used: .*config\.json/],
  [9, /no checkpoint of step 9; there are 1, 2, 3/],
])('%s is refused', (choice, why) => expect(() => chooseCheckpoint(runDir, choice)).toThrow(why));

it('best is the newest when the best one is gone', () => {
  rmSync(join(runDir, 'checkpoints/step-000002'), { recursive: true });
  expect(chooseCheckpoint(runDir, 'best').step).toBe(3);
});

it('a run without a checkpoint says so', () =>
  expect(() => chooseCheckpoint(join(runDir, 'none'), 'best')).toThrow(/no sound checkpoint yet/));
