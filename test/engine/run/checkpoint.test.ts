import {
  cpSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { ProblemError } from '../../../src/engine/problem';
import { loadCheckpoint, saveCheckpoint } from '../../../src/engine/run/checkpoint';
import {
  listCheckpoints,
  newestCheckpoint,
  pruneCheckpoints,
  sweepTemporary,
} from '../../../src/engine/run/checkpointList';
import { requireSpace } from '../../../src/engine/files/requireSpace';
import { tensor } from '../../../src/engine/tensor/tensor';
import { randomNumbers } from '../../durability/randomNumbers';
import { filesUnder, sampleCheckpoint } from '../../durability/sampleCheckpoint';
import { scratchFolder } from '../../durability/scratchFolder';

const scratch = scratchFolder();
let runs = 0;
function runWith(...steps: number[]): string {
  const runDir = join(scratch, String(runs++));
  disk.mkdir(runDir);
  for (const step of steps) saveCheckpoint(disk, runDir, sampleCheckpoint(step));
  return runDir;
}
const folderOf = (runDir: string, step: number) =>
  join(runDir, 'checkpoints', `step-${String(step).padStart(6, '0')}`);

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code;
    throw error;
  }
  return 'none';
}

describe('a saved checkpoint', () => {
  it('comes back to the bit', () => {
    const runDir = runWith(250);
    expect(loadCheckpoint(folderOf(runDir, 250))).toEqual(sampleCheckpoint(250));
  });

  it('comes back with an adapter and with extra files', () => {
    const runDir = runWith();
    const saved = {
      ...sampleCheckpoint(7),
      weightsFile: 'adapter_model.safetensors' as const,
      extraFiles: new Map([
        ['adapter_config.json', '{}'],
        ['tokenizer.json', '{"é":1}'],
      ]),
    };
    saveCheckpoint(disk, runDir, saved);
    expect(loadCheckpoint(folderOf(runDir, 7))).toEqual(saved);
  });

  it('leaves nothing temporary behind', () => {
    const runDir = runWith(1, 2, 2);
    expect(readdirSync(join(runDir, 'checkpoints'))).toEqual(['step-000001', 'step-000002']);
  });

  it('says where it is and how many bytes it takes', () => {
    const runDir = runWith();
    const entry = saveCheckpoint(disk, runDir, sampleCheckpoint(5));
    const files = [...filesUnder(entry.dir)].filter(([name]) => name !== 'manifest.json');
    const bytes = files.reduce((sum, [, file]) => sum + file.byteLength, 0);
    expect(entry).toEqual({
      step: 5,
      dir: folderOf(runDir, 5),
      path: 'checkpoints/step-000005',
      bytes,
    });
    expect(listCheckpoints(runDir)).toEqual([entry]);
  });
});

const notFinite: [string, Float32Array | Uint16Array, 'float32' | 'float16' | 'bfloat16'][] = [
  ['NaN', Float32Array.of(1, NaN, 2), 'float32'],
  ['infinity', Float32Array.of(1, -Infinity, 2), 'float32'],
  ['a bfloat16 NaN', Uint16Array.of(0x3f80, 0x7fc0, 0), 'bfloat16'],
  ['a float16 infinity', Uint16Array.of(0x3c00, 0xfc00, 0), 'float16'],
];
it.each(notFinite)('refuses %s and names its place', (_, data, dtype) => {
  const runDir = runWith(1);
  const bad = new Map([['blocks.0.ln1.weight', tensor(dtype, [3], data as never)]]);
  for (const part of ['weights', 'optimizer'] as const) {
    const act = () => saveCheckpoint(disk, runDir, { ...sampleCheckpoint(2), [part]: bad });
    expect(codeOf(act)).toBe('checkpoint.non-finite');
    expect(act).toThrow(/blocks\.0\.ln1\.weight\[1\]/);
  }
  expect(listCheckpoints(runDir).map(c => c.step)).toEqual([1]);
});

it.each([
  ['the largest float', Float32Array.of(3.4e38, -3.4e38, 1e-45), 'float32'],
  ['the largest half', Uint16Array.of(0x7bff, 0xfbff), 'float16'],
] as const)('takes %s', (_, data, dtype) => {
  const weights = new Map([['a', tensor(dtype, [data.length], data as never)]]);
  expect(saveCheckpoint(disk, runWith(), { ...sampleCheckpoint(2), weights }).step).toBe(2);
});

describe('a damaged checkpoint', () => {
  const good = runWith(1, 2);
  const names = readdirSync(folderOf(good, 2));

  it.each(names)('is found and passed over when a bit of %s is flipped', name => {
    const runDir = join(scratch, `flip-${name}`);
    cpSync(good, runDir, { recursive: true });
    const path = join(folderOf(runDir, 2), name);
    const bytes = readFileSync(path);
    const random = randomNumbers(3);
    for (let trial = 0; trial < 200; trial++) {
      const flipped = Buffer.from(bytes);
      flipped[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
      writeFileSync(path, flipped);
      expect(codeOf(() => loadCheckpoint(folderOf(runDir, 2)))).toBe('checkpoint.damaged');
    }
    const { checkpoint, skipped } = newestCheckpoint(runDir);
    expect(checkpoint?.step).toBe(1);
    expect(skipped.map(c => [c.step, c.why])).toEqual([[2, expect.stringContaining(name)]]);
  });

  const damages: [string, (dir: string) => void, RegExp][] = [
    ['a file is missing', dir => rmSync(join(dir, 'state.json')), /state\.json/],
    ['a file is short', dir => truncateSync(join(dir, 'optimizer.safetensors'), 9), /9 bytes, not/],
    ['its manifest is missing', dir => rmSync(join(dir, 'manifest.json')), /manifest\.json/],
    ['its manifest is empty', dir => truncateSync(join(dir, 'manifest.json'), 0), /manifest/],
    ['it was renamed', dir => renameSync(dir, dir.replace(/2$/, '3')), /it is of step 2/],
  ];
  it.each(damages)('is listed with the reason when %s', (_, damage, why) => {
    const runDir = runWith(1, 2);
    damage(folderOf(runDir, 2));
    const [first, second] = listCheckpoints(runDir);
    expect(first?.why).toBeUndefined();
    expect(second?.why).toMatch(why);
    expect(newestCheckpoint(runDir).checkpoint?.step).toBe(1);
  });

  it('does not make us read files outside its folder', () => {
    const runDir = runWith(1);
    const path = join(folderOf(runDir, 1), 'manifest.json');
    const hostile = readFileSync(path, 'utf8').replace('config.json', '../../x.json');
    writeFileSync(path, hostile);
    expect(listCheckpoints(runDir)[0]?.why).toBe('manifest.json is damaged');
  });
});

describe('pruning', () => {
  it.each([
    [2, undefined, [4, 5]],
    [2, 1, [1, 4, 5]],
    [2, 5, [4, 5]],
    [9, undefined, [1, 2, 3, 4, 5]],
  ])('keeps the newest %i and the best, %s', (keep, best, left) => {
    const runDir = runWith(1, 2, 3, 4, 5);
    const removed = pruneCheckpoints(disk, runDir, keep, best).map(c => c.step);
    expect(listCheckpoints(runDir).map(c => c.step)).toEqual(left);
    expect([...removed, ...left].sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it('does not count a damaged checkpoint as one that is kept', () => {
    const runDir = runWith(1, 2, 3);
    rmSync(join(folderOf(runDir, 3), 'state.json'));
    pruneCheckpoints(disk, runDir, 2);
    expect(listCheckpoints(runDir).map(c => c.step)).toEqual([1, 2, 3]);
  });
});

describe('sweeping', () => {
  const dead = '999999999-gone';
  it('removes what dead processes were building and nothing else', () => {
    const runDir = runWith(1);
    const folder = join(runDir, 'checkpoints');
    disk.mkdir(join(folder, `step-000002.tmp-${dead}`));
    writeFileSync(join(folder, `step-000002.tmp-${dead}`, 'model.safetensors'), 'x');
    writeFileSync(join(runDir, `resolved.json.tmp-${dead}`), 'x');
    disk.mkdir(join(folder, 'notes.tmp'));
    sweepTemporary(runDir);
    expect(readdirSync(folder)).toEqual(['notes.tmp', 'step-000001']);
    expect(readdirSync(runDir)).toEqual(['checkpoints']);
  });

  it('puts back a checkpoint whose successor never came', () => {
    const runDir = runWith(1);
    renameSync(folderOf(runDir, 1), `${folderOf(runDir, 1)}.old-${dead}`);
    sweepTemporary(runDir);
    expect(newestCheckpoint(runDir).checkpoint?.step).toBe(1);
  });
});

it('refuses to begin what will not fit', () => {
  const fs = { ...disk, freeBytes: () => 5e6 };
  expect(() => requireSpace(fs, scratch, 6e6)).toThrow(/6\.0 MB are needed .* 5\.0 MB are free/);
  expect(
    codeOf(() => saveCheckpoint({ ...disk, freeBytes: () => 0 }, runWith(1), sampleCheckpoint(2))),
  ).toBe('disk.full');
});
