/** A run that is told to stop and keep its best knows which that is, whenever it hears of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/engine/config/readConfig';
import { newestCheckpoint } from '../../src/engine/run/checkpointList';
import { executeRun } from '../../src/engine/run/executeRun';
import { createRunFolder } from '../../src/engine/run/runFolder';
import { readRunLog } from '../../src/engine/run/runLog';
import { type Execute, runProcess } from '../../src/engine/run/runProcess';
import { scratchFolder } from './scratchFolder';

const folder = scratchFolder();
process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
writeFileSync(
  join(folder, 'text.txt'),
  'the quick brown fox jumps over the lazy dog.\n'.repeat(60),
);

function createRun(name: string): string {
  const configPath = join(folder, `${name}.yaml`);
  const configText = [
    'weightroom: 1',
    'model: { family: slm, block_size: 16, n_layer: 1, n_head: 2, n_embed: 16 }',
    'data: { train: text.txt, format: text, tokenizer: bytes, validation_fraction: 0.2 }',
    'train: { max_steps: 1000, batch_size: 2, eval_every: 0, save_every: 0 }',
  ].join('\n');
  writeFileSync(configPath, configText);
  const { config, problems } = readConfig(configText, configPath);
  if (!config) throw new Error(JSON.stringify(problems));
  const runs = join(folder, 'runs');
  return createRunFolder(runs, { configText, configPath, name, resolved: { config } });
}

/** The run with the request at the n-th time that it looks for requests. */
const askedAt = (n: number): Execute =>
  async function* (input) {
    let looks = 0;
    yield* executeRun({ ...input, requests: () => (++looks === n ? ['stop-best'] : []) });
  };

describe('a run that is told to stop and keep its best', () => {
  // More looks than there are in two steps, so that each place where it looks is the first to hear.
  it.each(Array.from({ length: 9 }, (_, i) => 10 + i))('at its look %i', async n => {
    const runDir = createRun(`look-${n}`);
    const end = await runProcess(runDir, { execute: askedAt(n) });
    expect(end).toMatchObject({ outcome: 'stopped' });
    const { events } = readRunLog(runDir);
    const evaluated = events.findLast(e => e.type === 'eval');
    expect(evaluated?.step).toBe(end.step);
    expect(newestCheckpoint(runDir).checkpoint?.step).toBe(end.step);
    const notices = events.flatMap(e => (e.type === 'notice' ? [e.code] : []));
    expect(notices).toContain('train.best');
  });
});
