/** Training that goes on from an existing adapter, through the real engine. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/engine/config/readConfig';
import { disk } from '../../../src/engine/files/fileSystem';
import { loadCheckpoint } from '../../../src/engine/run/checkpoint';
import { newestCheckpoint } from '../../../src/engine/run/checkpointList';
import { request } from '../../../src/engine/run/control';
import { executeRun } from '../../../src/engine/run/executeRun';
import { createRunFolder } from '../../../src/engine/run/runFolder';
import { readRunLog } from '../../../src/engine/run/runLog';
import { type Execute, type ExecuteInput, runProcess } from '../../../src/engine/run/runProcess';
import { modelSizes, startWeights } from '../../../src/engine/run/runWeights';
import { modelWith } from '../../../src/engine/model/programs';
import { scratchFolder } from '../../durability/scratchFolder';

const folder = scratchFolder();
const SIZES = 'block_size: 16, n_layer: 1, n_head: 2, n_embed: 64';
const lines = Array.from({ length: 200 }, (_, i) => `${i} and ${i % 7} make ${i + (i % 7)}.\n`);
writeFileSync(join(folder, 'sums.txt'), lines.join(''));

interface Settings {
  model?: string;
  adapter?: string;
  train?: string;
}

function createRun(
  name: string,
  { model = `family: slm, ${SIZES}`, adapter = '', train = '' }: Settings = {},
): { runDir: string; input: ExecuteInput } {
  const configText = [
    'weightroom: 1',
    `model: { ${model} }`,
    'data: { train: sums.txt, tokenizer: bytes, validation_fraction: 0.2 }',
    `train: { max_steps: 6, batch_size: 2, learning_rate: 1e-2, eval_every: 3, save_every: 3${train} }`,
    `adapter: { kind: lora${adapter} }`,
  ].join('\n');
  const configPath = join(folder, `${name}.yaml`);
  writeFileSync(configPath, configText);
  const { config, problems } = readConfig(configText, configPath);
  if (!config) throw new Error(JSON.stringify(problems));
  const parts = { configText, configPath, name, resolved: { config } };
  const runDir = createRunFolder(join(folder, 'runs'), parts);
  const { signal } = new AbortController();
  return {
    runDir,
    input: { runDir, name, config, configPath, fs: disk, requests: () => [], signal },
  };
}

const execute = (runDir: string, resume = false) =>
  runProcess(runDir, { execute: executeRun, resume });
const evaluationsOf = (runDir: string) =>
  readRunLog(runDir).events.flatMap(event => (event.type === 'eval' ? [event] : []));

let [adapter, base, lastLoss] = ['', '', NaN];
beforeAll(async () => {
  const { runDir } = createRun('first', { adapter: ', r: 4, alpha: 8' });
  expect(await execute(runDir)).toMatchObject({ outcome: 'done' });
  adapter = newestCheckpoint(runDir).checkpoint!.dir;
  base = join(runDir, 'base');
  lastLoss = evaluationsOf(runDir).at(-1)!.loss;
});

/** A run over the first one's base, from its adapter. */
const second = (name: string, settings: Settings = {}) =>
  createRun(name, {
    model: `from: ${base}`,
    ...settings,
    adapter: `, ${settings.adapter ?? 'r: 4, alpha: 8'}, from: ${adapter}`,
  });

describe('an adapter that goes on from another one', () => {
  it.each(['', ', quantization: nf4'])('begins with its weights%s', quantization => {
    const { input } = second(`loaded${quantization.length}`, {
      adapter: `r: 4, alpha: 8${quantization}`,
    });
    const sizes = modelSizes(input.config, folder, disk);
    const { weights } = startWeights(input, modelWith(sizes, input.config.adapter), folder);
    const { weights: saved } = loadCheckpoint(adapter);
    expect([...saved.keys()].every(name => /\.lora_[AB]$/.test(name))).toBe(true);
    expect(saved.size).toBeGreaterThan(0);
    for (const [name, { data, shape }] of saved) expect(weights.get(name)).toMatchObject({ data, shape }); // prettier-ignore
  });

  it('evaluates before its first step as that one did after its last', async () => {
    const { runDir } = second('second');
    expect(await execute(runDir)).toMatchObject({ outcome: 'done', step: 6 });
    const [first] = evaluationsOf(runDir);
    expect(first).toMatchObject({ step: 0, loss: lastLoss });
  });

  it('needs it no more when it is resumed', async () => {
    const { runDir } = second('resumed');
    const stopping: Execute = async function* (input) {
      for await (const event of executeRun(input)) {
        if (event.type === 'step' && event.step === 3) request(runDir, 'stop');
        yield event;
      }
    };
    expect(await runProcess(runDir, { execute: stopping })).toMatchObject({ outcome: 'stopped' });
    renameSync(adapter, `${adapter}-moved`);
    try {
      expect(await execute(runDir, true)).toMatchObject({ outcome: 'done', step: 6 });
    } finally {
      renameSync(`${adapter}-moved`, adapter);
    }
  });

  it('takes the same base under another path', async () => {
    const { runDir } = second('same-seed', { model: `family: slm, ${SIZES}` });
    expect(await execute(runDir)).toMatchObject({ outcome: 'done' });
    expect(evaluationsOf(runDir)[0]).toMatchObject({ step: 0, loss: lastLoss });
  });

  const refused: [string, Settings, string, RegExp][] = [
    ['of another rank', { adapter: 'r: 8, alpha: 16' }, 'adapter.other-shape', /its rank is 4, adapter\.r is 8/], // prettier-ignore
    ['with another alpha', { adapter: 'r: 4, alpha: 16' }, 'adapter.other-shape', /alpha 8, the config says alpha 16/], // prettier-ignore
    ['with rslora', { adapter: 'r: 4, alpha: 8, rslora: true' }, 'adapter.other-shape', /alpha 8 and rslora/], // prettier-ignore
    ['of more layers', { adapter: 'r: 4, alpha: 8, targets: [qkv, fc]' }, 'adapter.other-shape', /adapter\.targets leaves out|it has no/], // prettier-ignore
    ['over other weights', { model: `family: slm, ${SIZES}`, train: ', seed: 7' }, 'adapter.other-base', /is another model: \S+ differs/], // prettier-ignore
  ];
  it.each(refused)('is refused %s', async (what, settings, code, message) => {
    const { runDir } = second(what.replaceAll(' ', '-'), settings);
    const end = await execute(runDir);
    expect(end).toMatchObject({ outcome: 'failed', step: 0, problem: { code } });
    expect(end.problem!.message).toMatch(message);
  });

  it('is refused where there is none', async () => {
    const { runDir } = createRun('none', { adapter: ', from: runs' });
    expect(await execute(runDir)).toMatchObject({ problem: { code: 'adapter.none' } });
  });
});
