/**
 * From nothing to the first token, and the memory that takes, beside llama.cpp (node-llama-cpp) and
 * transformers.js: the same weights, threads and prompt, in one run. Each opening is a process of its
 * own; the engines take turns. Files are in the page cache, as after a download.
 *
 *   npm --prefix bench ci
 *   npx tsx bench/load.ts [--models 110m,1b] [--widths f32,f16,bf16,int8,int4] [--rounds 5] [--prompt 16]
 */
import { statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { bytesText } from '../src/curves/numberText';
import type { Memory } from './generate/engine';
import {
  type EngineName,
  engineNames,
  openEngine,
  requireCompetitors,
} from './generate/engineProcess';
import { shapes, type Width, widths } from './generate/shapes';
import { prepareModel } from './generate/weights';
import { promptOf } from './generate/work';

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: '110m' },
    widths: { type: 'string', default: 'f32,f16,bf16,int8,int4' },
    rounds: { type: 'string', default: '5' },
    prompt: { type: 'string', default: '16' },
    threads: { type: 'string', default: '2' },
    engines: { type: 'string', default: engineNames.join() },
  },
});

interface Opening {
  /** From starting the process to the first token. */
  readonly seconds: number;
  readonly memory: Memory;
}

async function open(name: EngineName, model: string, width: Width): Promise<Opening> {
  const shape = shapes[model]!;
  const paths = prepareModel(model, shape, width);
  const threads = Number(options.threads);
  const began = performance.now();
  const engine = await openEngine(name, { paths, width, threads, context: 2048 });
  const { memory } = await engine.start(promptOf(shape, Number(options.prompt)));
  const seconds = (performance.now() - began) / 1000;
  await engine.end();
  return { seconds, memory };
}

const median = (xs: readonly number[]): number => {
  const sorted = xs.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
};

const report = (name: EngineName, openings: readonly Opening[]): void => {
  const of = (value: (o: Opening) => number) => median(openings.map(value));
  const memory = (key: keyof Memory) => bytesText(of(o => o.memory[key]));
  console.log(
    `  ${name.padEnd(16)}${of(o => o.seconds).toFixed(2)} s   peak ${memory('peakResident')}, ` +
      `then ${memory('proportional')}, of that ${memory('anonymous')} not backed by a file`,
  );
};

requireCompetitors();
const names = options.engines.split(',') as EngineName[];
for (const model of options.models.split(','))
  for (const width of options.widths.split(',') as Width[]) {
    if (!(width in widths) || !(model in shapes)) throw new Error(`no ${model} in ${width}`);
    const { gguf } = prepareModel(model, shapes[model]!, width);
    const bytes = statSync(gguf).size;
    console.log(`${model} ${width}, ${bytesText(bytes)} as GGUF, load ${loadavg()[0]!.toFixed(1)}`);
    for (const name of names) await open(name, model, width); // makes what is kept between openings
    const openings = new Map(names.map(name => [name, [] as Opening[]]));
    for (let round = 0; round < Number(options.rounds); round++)
      for (const i of names.keys()) {
        const name = names[(i + round) % names.length]!;
        openings.get(name)!.push(await open(name, model, width));
      }
    for (const [name, all] of openings) report(name, all);
  }
