/**
 * Prompts that begin alike are read once, with the same text as ever; and nothing that was read with
 * other weights is ever found.
 */
import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { disk } from '../../../src/engine/files/fileSystem';
import { readSafetensors, writeSafetensors } from '../../../src/engine/formats/safetensors';
import { openGenerator } from '../../../src/engine/generate/generate';
import { KeyValueCache } from '../../../src/engine/generate/keyValueCache';
import {
  PREFIX_BLOCK,
  PrefixCache,
  type PrefixOwner,
} from '../../../src/engine/generate/prefixCache';
import { prefixOwnerOf } from '../../../src/engine/generate/prefixIdentity';
import { GREEDY } from '../../../src/engine/generate/sampleToken';
import { weightsOf } from '../../../src/engine/generate/weightsOf';
import type { BaseShape } from '../../../src/engine/model/families';
import {
  type AdapterSource,
  adaptersOf,
  openOver,
} from '../../../src/engine/model/combineAdapters';
import { openModel, readModelFolder } from '../../../src/engine/model/modelFolder';
import { openTextModel } from '../../../src/engine/sandbox/textModel';
import { scratchFolder } from '../../durability/scratchFolder';

const fixture = (path: string) => new URL(`../../fixtures/${path}`, import.meta.url).pathname;
const BASE = fixture('cache/mha/model');
const MIB = 2 ** 20;

const owner = (changes: Partial<PrefixOwner> = {}): PrefixOwner => ({
  ...{ base: 'b', adapter: null, device: 'cpu', bits: null, isCurrent: () => true },
  ...changes,
});

const idsOf = (count: number, seed = 1): number[] =>
  Array.from({ length: count }, (_, i) => (i * 37 + seed * 11 + i * i) % 131);

/** When files that were written just now are old. */
const later = () => Date.now() + 60_000;

interface Asked {
  dir: string;
  now?: number;
  adapterDir?: string;
  adapters?: readonly AdapterSource[];
  ids: readonly number[];
}

/** Greedy tokens of a prompt, and how many of its tokens were not read. */
async function ask(cache: PrefixCache, { ids, now, ...of }: Asked) {
  const adapters = adaptersOf(of);
  const opened = openOver(of.dir, adapters);
  const adapterDirs = adapters.map(({ dir }) => dir);
  const found = prefixOwnerOf({ opened, adapterDirs, device: 'cpu', bits: undefined, now })!;
  const { weights } = await weightsOf(opened);
  const generator = openGenerator(opened.model, weights, { prefixes: cache.scope(found) });
  const tokens: number[] = [];
  let reused = 0;
  for await (const made of generator.generate([ids], { ...GREEDY, maxTokens: 12, seed: 1 })) {
    tokens.push(made.token);
    reused = made.reusedTokens;
  }
  await generator.dispose();
  opened.close();
  return { tokens, reused };
}

describe('a prompt that begins as another', () => {
  const cache = new PrefixCache(64 * MIB);
  const prompt = idsOf(100);

  it('is read from where they part, with the same text', async () => {
    const first = await ask(cache, { dir: BASE, ids: prompt });
    expect(first.reused).toBe(0);
    const again = await ask(cache, { dir: BASE, ids: prompt });
    expect(again).toEqual({ tokens: first.tokens, reused: 3 * PREFIX_BLOCK });
    const parting = [...prompt.slice(0, 70), ...idsOf(40, 5)];
    const fresh = await ask(new PrefixCache(0), { dir: BASE, ids: parting });
    const shared = await ask(cache, { dir: BASE, ids: parting });
    expect(shared).toEqual({ tokens: fresh.tokens, reused: 2 * PREFIX_BLOCK });
  });

  it('has always one token left to read', async () => {
    const whole = idsOf(2 * PREFIX_BLOCK, 9);
    await ask(cache, { dir: BASE, ids: whole });
    expect((await ask(cache, { dir: BASE, ids: whole })).reused).toBe(PREFIX_BLOCK);
  });

  it('is found in a batch, each row on its own', async () => {
    const { model, weights } = readModelFolder(BASE);
    const own = new PrefixCache(64 * MIB);
    const generator = openGenerator(model, weights, { prefixes: own.scope(owner()) });
    const plain = openGenerator(model, weights);
    const prompts = [idsOf(80), idsOf(40, 3), [...idsOf(64), 1, 2, 3]];
    const settings = { ...GREEDY, maxTokens: 8, seed: 1 };
    const texts = async (from: typeof generator) => {
      const made = prompts.map((): number[] => []);
      let reused = 0;
      for await (const g of from.generate(prompts, settings)) {
        made[g.sequence]!.push(g.token);
        reused = g.reusedTokens;
      }
      return { made, reused };
    };
    const expected = await texts(plain);
    expect(await texts(generator)).toEqual(expected);
    expect(await texts(generator)).toEqual({ made: expected.made, reused: 64 + 32 + 64 });
    await generator.dispose();
    await plain.dispose();
  });

  it('beyond the context is cropped and read anew', async () => {
    const long = idsOf(300, 4);
    const fresh = await ask(new PrefixCache(0), { dir: BASE, ids: long });
    await ask(cache, { dir: BASE, ids: long });
    expect(await ask(cache, { dir: BASE, ids: long })).toEqual({ ...fresh, reused: 0 });
  });
});

describe('what was read with other weights', () => {
  const scratch = scratchFolder();
  const cache = new PrefixCache(64 * MIB);
  const ids = idsOf(100, 2);
  const adapterDir = join(scratch, 'adapter');
  cpSync(fixture('cache/mha/adapter-qkvo'), adapterDir, { recursive: true });

  it('is not found by an adapter, nor by its base, nor by another adapter', async () => {
    await ask(cache, { dir: BASE, ids });
    const adapted = await ask(cache, { dir: BASE, adapterDir, ids });
    expect(adapted.reused).toBe(0);
    const other = await ask(cache, { dir: BASE, adapterDir: fixture('cache/mha/adapter-qv'), ids });
    expect(other.reused).toBe(0);
    expect((await ask(cache, { dir: BASE, ids })).reused).toBe(96);
    expect((await ask(cache, { dir: BASE, adapterDir, ids })).reused).toBe(96);
  });

  it('is found by a copy of the same adapter: it is the content that counts', async () => {
    const copy = join(scratch, 'copy');
    cpSync(adapterDir, copy, { recursive: true });
    expect((await ask(cache, { dir: BASE, adapterDir: copy, ids })).reused).toBe(96);
  });

  it('is not found by other weights of the same adapters, nor by one of them more', async () => {
    const qv = fixture('cache/mha/adapter-qv');
    const weighted = (first: number, ...second: number[]) => [
      { dir: adapterDir, weight: first },
      ...second.map(weight => ({ dir: qv, weight })),
    ];
    const own = idsOf(100, 7);
    const reused = async (adapters: readonly AdapterSource[]) =>
      (await ask(cache, { dir: BASE, adapters, ids: own })).reused;
    for (const adapters of [
      weighted(1),
      weighted(0.5),
      weighted(1, 1),
      weighted(1, 0.5),
      weighted(0.5, 1),
    ])
      // prettier-ignore
      expect(await reused(adapters), JSON.stringify(adapters)).toBe(0);
    const weights = weighted(0.5, 1);
    expect(await reused(weights)).toBe(96);
    const fresh = await ask(new PrefixCache(0), { dir: BASE, adapters: weights, ids: own });
    expect((await ask(cache, { dir: BASE, adapters: weights, ids: own })).tokens).toEqual(
      fresh.tokens,
    );
  });

  it.each([
    ['folder', (dir: string) => dir],
    ['file', (dir: string) => join(dir, 'adapter_model.safetensors')],
  ])('is not kept once the last of several adapters changed, a %s', (kind, pathIn) => {
    const second = join(scratch, `second-${kind}`);
    cpSync(fixture('cache/mha/adapter-qv'), second, { recursive: true });
    const sources = [adapterDir, pathIn(second)].map(dir => ({ dir, weight: 1 }));
    const opened = openOver(BASE, sources);
    const adapterDirs = sources.map(({ dir }) => dir);
    const found = prefixOwnerOf({ opened, adapterDirs, device: 'cpu', bits: undefined })!;
    expect(found.isCurrent()).toBe(true);
    writeFileSync(join(second, 'adapter_model.safetensors'), 'another');
    expect(found.isCurrent()).toBe(false);
    opened.close();
  });

  it('is not found when the adapter was trained again in its folder, even at the same time', async () => {
    const file = join(adapterDir, 'adapter_model.safetensors');
    const all = readSafetensors(file);
    const last = [...all.keys()].at(-1)!;
    (all.get(last)!.data as Float32Array)[0]! += 0.5;
    writeSafetensors(disk, file, all);
    utimesSync(file, new Date(0), new Date(0));
    const fresh = await ask(new PrefixCache(0), { dir: BASE, adapterDir, ids });
    expect(await ask(cache, { dir: BASE, adapterDir, ids })).toEqual(fresh);
  });

  it('is not found when only the adapter’s scaling changed', async () => {
    const path = join(adapterDir, 'adapter_config.json');
    await ask(cache, { dir: BASE, adapterDir, ids });
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...config, lora_alpha: 3 }));
    expect((await ask(cache, { dir: BASE, adapterDir, ids })).reused).toBe(0);
  });

  /** A copy of the base, with its weights' file and what asks it once the file is old. */
  const copyOfBase = (name: string) => {
    const dir = join(scratch, name);
    cpSync(BASE, dir, { recursive: true });
    const file = join(dir, 'model.safetensors');
    utimesSync(file, new Date(0), new Date(0));
    return { dir, file, asked: () => ask(cache, { dir, ids, now: later() }) };
  };
  const flipped = (file: string): Buffer => {
    const bytes = readFileSync(file);
    bytes[bytes.length - 11]! ^= 0x40; // of a fraction: the model still answers
    return bytes;
  };

  it('is not found when the base’s file is another, with the same name, size and time', async () => {
    const { file, asked } = copyOfBase('model');
    await asked();
    expect((await asked()).reused).toBe(96);
    writeFileSync(`${file}.new`, flipped(file));
    renameSync(`${file}.new`, file);
    utimesSync(file, new Date(0), new Date(0));
    expect((await asked()).reused).toBe(0);
  });

  it('is not found when a byte of the base was changed in place, with its time set back', async () => {
    const { file, asked } = copyOfBase('in-place');
    const before = statSync(file);
    await asked();
    expect((await asked()).reused).toBe(96);
    writeFileSync(file, flipped(file));
    utimesSync(file, before.atime, before.mtime);
    const { ino, size, mtimeMs } = statSync(file);
    expect({ ino, size, mtimeMs }).toEqual({ ino: before.ino, size: before.size, mtimeMs: before.mtimeMs }); // prettier-ignore
    expect((await asked()).reused).toBe(0);
    expect((await asked()).reused).toBe(96);
  });

  it('is not found by another opening of a base that changed just now: its clock may tick too slowly', async () => {
    const { dir, file } = copyOfBase('young');
    const now = statSync(file).ctimeMs + 100;
    await ask(cache, { dir, ids, now });
    expect((await ask(cache, { dir, ids, now })).reused).toBe(0);
  });

  it('is no longer current for a model that was open while its base changed', () => {
    const { dir, file } = copyOfBase('changed');
    const opened = openModel(dir);
    const found = prefixOwnerOf({ opened, adapterDirs: [], device: 'cpu', bits: undefined })!;
    expect(found.isCurrent()).toBe(true);
    writeFileSync(`${file}.new`, flipped(file));
    renameSync(`${file}.new`, file);
    utimesSync(file, new Date(0), new Date(0));
    expect(found.isCurrent()).toBe(false);
    opened.close();
  });

  it('is neither found nor kept once the files changed under the open model', () => {
    let current = true;
    const own = new PrefixCache(MIB);
    const scope = own.scope(owner({ isCurrent: () => current }));
    const shape = readModelFolder(BASE).model.base;
    scope.keep(filled(shape, 64), 0, idsOf(64));
    expect(scope.restore(new KeyValueCache(shape, 1), 0, idsOf(64))).toBe(64);
    current = false;
    expect(scope.restore(new KeyValueCache(shape, 1), 0, idsOf(64))).toBe(0);
    scope.keep(filled(shape, 96), 0, idsOf(96, 7));
    expect(own.statistics.entries).toBe(2);
  });

  it('is refused with what differs', () => {
    const own = new PrefixCache(MIB);
    const shape = readModelFolder(BASE).model.base;
    own.scope(owner({ adapter: 'old' })).keep(filled(shape, 64), 0, idsOf(64));
    expect(own.explain(owner({ adapter: 'old' }), idsOf(70))).toEqual({ tokens: 64, refused: [] });
    const { tokens, refused } = own.explain(owner({ adapter: 'new', device: 'webgpu' }), idsOf(70));
    expect(tokens).toBe(0);
    expect(refused).toMatchObject([{ tokens: 64, differs: ['adapter', 'device'] }]);
  });

  it('has no place with keys that depend on the length of the text', () => {
    const dynamic = join(scratch, 'dynamic');
    mkdirSync(dynamic);
    cpSync(BASE, dynamic, { recursive: true });
    const path = join(dynamic, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8')) as object;
    const rope_scaling = { rope_type: 'dynamic', factor: 2 };
    writeFileSync(path, JSON.stringify({ ...config, rope_scaling }));
    const opened = openModel(dynamic);
    const of = { opened, adapterDirs: [], device: 'cpu', bits: undefined };
    expect(prefixOwnerOf(of)).toBeUndefined();
    opened.close();
  });
});

describe('the budget', () => {
  const shape: BaseShape = readModelFolder(BASE).model.base;
  const blockBytes = 2 * 3 * 4 * 16 * PREFIX_BLOCK * 4;

  it('is never exceeded, and entries without those before them are never there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 0, max: 160 }), fc.boolean()), {
          maxLength: 24,
        }),
        steps => {
          const cache = new PrefixCache(5 * blockBytes);
          for (const [seed, length, isOther] of steps) {
            const scope = cache.scope(owner({ adapter: isOther ? 'x' : null }));
            const ids = idsOf(length, seed);
            scope.keep(filled(shape, length), 0, ids);
            expect(cache.statistics.bytes).toBeLessThanOrEqual(cache.budget);
            expect(cache.statistics.bytes).toBe(cache.statistics.entries * blockBytes);
            const found = scope.restore(new KeyValueCache(shape, 1), 0, ids);
            const whole = Math.floor(length / PREFIX_BLOCK);
            expect(found).toBe(Math.min(whole, 5) * PREFIX_BLOCK); // what was kept last is there
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('lets go what was not used for longest', () => {
    const cache = new PrefixCache(2 * blockBytes);
    const scope = cache.scope(owner());
    const [a, b, c] = [1, 2, 3].map(seed => idsOf(32, seed));
    const restored = (ids: number[]) => scope.restore(new KeyValueCache(shape, 1), 0, ids);
    scope.keep(filled(shape, 32), 0, a!);
    scope.keep(filled(shape, 32), 0, b!);
    expect(restored(a!)).toBe(32); // used again
    scope.keep(filled(shape, 32), 0, c!);
    expect([a, b, c].map(ids => restored(ids!))).toEqual([32, 0, 32]);
    expect(cache.statistics).toMatchObject({ evicted: 1, entries: 2 });
  });
});

const numbers = Float32Array.from({ length: 2 * 3 * 4 * 16 * 160 }, (_, i) => i);

/** A cache with one sequence of so many tokens. */
function filled(shape: BaseShape, tokens: number): KeyValueCache {
  const cache = new KeyValueCache(shape, 1);
  if (tokens > 0) cache.put(0, numbers.subarray(0, 2 * 3 * 4 * 16 * tokens), tokens);
  return cache;
}

it('a cache gives back what was put into it, a part at a time', () => {
  const { base } = readModelFolder(BASE).model;
  const cache = filled(base, 140);
  const part = cache.take(0, 100, 40);
  const again = new KeyValueCache(base, 1);
  again.put(0, cache.take(0, 0, 100), 100);
  again.put(0, part, 40);
  expect(again.take(0, 0, 140)).toEqual(numbers.subarray(0, 2 * 3 * 4 * 16 * 140));
});

describe('the model that is talked to', () => {
  const prefixes = new PrefixCache(64 * MIB);

  it('says how much of a prompt it knew, and goes on as it did', async () => {
    const model = await openTextModel({ dir: BASE, prefixes });
    const settings = {
      ...{ maxTokens: 10, temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
      ...{ seed: 1, stop: [], alternatives: 0 },
    };
    const write = async () => {
      const prompt = await model.prompt({ kind: 'ids', ids: idsOf(100) });
      const events = [];
      for await (const event of model.generate([prompt], settings)) events.push(event);
      return events;
    };
    const [first, again] = [await write(), await write()];
    await model.close();
    const idsIn = (events: typeof first) => events.find(e => e.type === 'end')!.ids;
    expect(idsIn(again)).toEqual(idsIn(first));
    expect(first.at(-1)).not.toHaveProperty('reusedTokens');
    expect(again.at(-1)).toMatchObject({ type: 'done', reusedTokens: 96 });
  });
});
