/**
 * Caches of n adapters over one base, kept in full and as the base's with residuals: what they take,
 * what building and expanding one costs, and tokens per second of going on from it. The model has
 * random weights: nothing here depends on what they are.
 *
 *   npx tsx bench/cache.ts [--layers 8] [--width 512] [--kv-heads 4] [--rank 8] [--prefix 512]
 *                          [--adapters 1,2,4,8,16,32,64] [--tokens 32]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bytesText } from '../src/curves/numberText';
import { layerMaps } from '../src/engine/cacheStudy/keyValueMaps';
import { PrefixRunner } from '../src/engine/cacheStudy/prefixRun';
import { type CacheSource, expandCache, keepCache } from '../src/engine/cacheStudy/rebuild';
import { breakEven } from '../src/engine/cacheStudy/summarise';
import { disk } from '../src/engine/files/fileSystem';
import { ensureFolders, writeTextDurably } from '../src/engine/files/writeDurably';
import { writeSafetensors } from '../src/engine/formats/safetensors';
import { cachedBackend } from '../src/engine/generate/cachedDecoding';
import { KeyValueCache } from '../src/engine/generate/keyValueCache';
import { initializeParameters } from '../src/engine/model/initialize';
import type { LlamaShape } from '../src/engine/model/llama';
import { modelConfigText } from '../src/engine/model/modelConfig';
import { adapterConfigText, openModel, readModelFolder } from '../src/engine/model/modelFolder';
import { adapterParameters, baseParameters } from '../src/engine/model/modelShape';
import { tensor } from '../src/engine/tensor/tensor';
import { fillNormal, randomStream } from '../src/engine/tensor/random';
import type { StoreName, StrategyName } from '../src/protocol/cacheStudy';
import { llama } from './generate/shapes';

const { values: options } = parseArgs({
  options: {
    layers: { type: 'string', default: '8' },
    width: { type: 'string', default: '512' },
    'kv-heads': { type: 'string', default: '4' },
    rank: { type: 'string', default: '8' },
    prefix: { type: 'string', default: '512' },
    adapters: { type: 'string', default: '1,2,4,8,16,32,64' },
    tokens: { type: 'string', default: '32' },
  },
});
const number = (name: keyof typeof options): number => Number(options[name]);
const [layers, width, kvHeads] = [number('layers'), number('width'), number('kv-heads')];
const [rank, prefix, tokens] = [number('rank'), number('prefix'), number('tokens')];
const counts = options.adapters.split(',').map(Number);
const HEAD_SIZE = 64;

const folder = mkdtempSync(join(tmpdir(), 'weightroom-cache-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const base: LlamaShape = {
  ...llama,
  vocab_size: 4096,
  block_size: prefix + tokens + 8,
  n_layer: layers,
  n_head: width / HEAD_SIZE,
  n_kv_head: kvHeads,
  head_size: HEAD_SIZE,
  n_embed: width,
  n_inner: Math.round(width * 2.75),
  rope_base: 10000,
};
const lora = { r: rank, alpha: 2 * rank, targets: ['k_proj', 'v_proj'] };

function writeModels(): { baseDir: string; adapterDir: string } {
  const [baseDir, adapterDir] = [join(folder, 'base'), join(folder, 'adapter')];
  ensureFolders(disk, baseDir);
  ensureFolders(disk, adapterDir);
  writeTextDurably(disk, join(baseDir, 'config.json'), modelConfigText(base));
  const weights = initializeParameters(baseParameters({ base }), 1);
  writeSafetensors(disk, join(baseDir, 'model.safetensors'), weights);
  writeTextDurably(disk, join(adapterDir, 'adapter_config.json'), adapterConfigText(lora, baseDir));
  const own = adapterParameters({ base, lora }).map(({ name, shape }, i) => {
    const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
    fillNormal(data, 0.02, randomStream(7, 'weights', i));
    return [name, tensor('float32', shape, data)] as const;
  });
  writeSafetensors(disk, join(adapterDir, 'adapter_model.safetensors'), new Map(own));
  return { baseDir, adapterDir };
}

const ways: [strategy: StrategyName, store: StoreName][] = [
  ['full', 'fp32'],
  ['lowrank-v-pinv', 'fp32'],
  ['lowrank-kv', 'fp32'],
  ['lowrank-kv', 'int8'],
];

async function main(): Promise<void> {
  const { baseDir, adapterDir } = writeModels();
  const ids = Array.from({ length: prefix }, (_, i) => (i * 31) % base.vocab_size);
  const runner = new PrefixRunner({});
  const opened = openModel(adapterDir, { baseDir });
  const adapted = readModelFolder(adapterDir, { baseDir });
  const maps = layerMaps(opened);
  const shared = (await runner.read(readModelFolder(baseDir), ids)).piece;
  const names = maps.flatMap(({ k, v }) => [k!.linear, v!.linear]);
  const read = await runner.read(adapted, ids, names);
  await runner.dispose();
  const source: CacheSource = {
    ...{ base, tokens: prefix, shared, own: read.piece, maps, inner: read.inner },
  };
  const backend = cachedBackend({ model: adapted.model, weights: adapted.weights, options: {} });
  console.log(
    `${layers} layers, ${width} wide, ${kvHeads} key and value heads, rank ${rank}, prefix of ${prefix}; load ${loadavg()[0]!.toFixed(1)}`,
  );
  console.log(`reading the prefix with an adapter  ${(1000 * read.seconds).toFixed(0)} ms`);
  const full = shared.byteLength;
  for (const [strategy, store] of ways) {
    const built = performance.now();
    const kept = keepCache(source, {
      ...{ strategy, store, rank: 'own', scaling: 'outside' },
      layers: new Set(maps.keys()),
    });
    const expanding = performance.now();
    const piece = strategy === 'full' ? read.piece : expandCache(source, kept);
    const done = performance.now();
    const own = strategy === 'full' ? full : kept.bytes;
    const once = strategy === 'full' ? 0 : full;
    const speed = await tokensPerSecond(backend, ids, piece);
    const even = breakEven(once, own, full);
    console.log(
      `\n${strategy} ${store}: ${bytesText(own)} an adapter (${((100 * own) / full).toFixed(2)} % of a full cache)${even === null ? '' : `, pays from ${even}`}; build ${(expanding - built).toFixed(1)} ms, expand ${(done - expanding).toFixed(1)} ms, then ${speed.toFixed(1)} tokens/s`,
    );
    // Linear by construction: once + n·own; held for real up to the last count.
    const caches: unknown[] = [];
    for (const n of counts) {
      while (caches.length < n) caches.push(strategy === 'full' ? piece.slice() : copyOf(kept));
      const total = once + n * own;
      const ratio = `${((n * full) / total).toFixed(1)}×`;
      console.log(
        `  n = ${String(n).padStart(2)}  ${bytesText(total).padStart(9)}  ${ratio.padStart(6)}`,
      );
    }
  }
  await backend.dispose();
  opened.close();
}

const copyOf = (kept: object): unknown => structuredClone(kept);

async function tokensPerSecond(
  backend: ReturnType<typeof cachedBackend>,
  ids: readonly number[],
  piece: Float32Array,
): Promise<number> {
  const cache = new KeyValueCache(base, 1);
  cache.put(0, piece, ids.length);
  const decoding = backend.start([[...ids, 1]], cache);
  await decoding.next(); // opens the program
  decoding.push([2]);
  const began = performance.now();
  for (let i = 0; i < tokens; i++) {
    await decoding.next();
    decoding.push([3]);
  }
  return (1000 * tokens) / (performance.now() - began);
}

await main();
