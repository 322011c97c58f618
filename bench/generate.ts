/**
 * Tokens per second of generation beside llama.cpp (node-llama-cpp) and transformers.js, the same
 * weights and threads, in one run. The engines take turns in rounds, so that a noisy machine disturbs
 * all alike; medians over the rounds. First they must say the same tokens.
 *
 *   npm --prefix bench ci
 *   npx tsx bench/generate.ts [--models 110m,1b] [--widths f32,f16,bf16,int8,int4] [--contexts 128,2048]
 *     [--rounds 5] [--tokens 16] [--prompt 512] [--engines ours,llama.cpp,transformers.js]
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { EngineSettings } from './generate/engine';
import {
  type EngineName,
  engineNames,
  openBandwidth,
  type OpenedEngine,
  openEngine,
  requireCompetitors,
} from './generate/engineProcess';
import { requireSameTokens } from './generate/sameTokens';
import { shapes, type Width, widths } from './generate/shapes';
import { bytesPerToken, promptOf } from './generate/work';
import { prepareModel } from './generate/weights';

const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: '110m' },
    widths: { type: 'string', default: 'f32,f16,bf16,int8,int4' },
    contexts: { type: 'string', default: '128,2048' },
    rounds: { type: 'string', default: '5' },
    tokens: { type: 'string', default: '16' },
    prompt: { type: 'string', default: '512' },
    threads: { type: 'string', default: '2' },
    engines: { type: 'string', default: engineNames.join() },
  },
});
const threads = Number(options.threads);
const rounds = Number(options.rounds);
const engines = options.engines.split(',') as EngineName[];

const median = (xs: readonly number[]): number => {
  const sorted = xs.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
};

/** Every engine in turn, in another order each round. @returns the times of each */
async function turns(
  opened: readonly OpenedEngine[],
  measure: (engine: OpenedEngine) => Promise<number>,
  between?: () => Promise<void>,
): Promise<Map<EngineName, number[]>> {
  const times = new Map(opened.map(e => [e.name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const i of opened.keys()) {
      const engine = opened[(i + round) % opened.length]!;
      times.get(engine.name)!.push(await measure(engine));
    }
    await between?.();
  }
  return times;
}

function report(label: string, perSecond: ReadonlyMap<EngineName, number[]>, note = ''): void {
  const ours = perSecond.get('ours');
  const cells = [...perSecond].map(([name, speeds]) => {
    const ratio =
      name === 'ours' || !ours
        ? ''
        : `  ${median(ours.map((x, i) => x / speeds[i]!)).toFixed(2)}×`.padEnd(8);
    return `${name} ${median(speeds).toFixed(1).padStart(7)}${ratio}`;
  });
  console.log(`  ${label.padEnd(16)}${cells.join('  ')}  ${note}`);
}

async function measureWidth(model: string, width: Width): Promise<void> {
  const shape = shapes[model]!;
  const paths = prepareModel(model, shape, width);
  const contexts = options.contexts.split(',').map(Number);
  const promptLength = Number(options.prompt);
  const count = Number(options.tokens);
  const context = Math.max(promptLength, ...contexts) + (rounds + 1) * count + 1;
  const settings: EngineSettings = { paths, width, threads, context };
  const opened: OpenedEngine[] = [];
  const bandwidth = width === 'f32' ? openBandwidth(threads) : undefined;
  console.log(`${model} ${width}, load ${loadavg()[0]!.toFixed(1)}`);
  try {
    for (const name of engines) opened.push(await openEngine(name, settings));
    for (const engine of opened) await engine.start(promptOf(shape, promptLength));
    const reading = await turns(opened, async engine => {
      const { seconds } = await engine.start(promptOf(shape, promptLength));
      return promptLength / seconds;
    });
    report(`prefill ${promptLength}`, reading);
    for (const held of contexts) {
      for (const engine of opened) {
        await engine.start(promptOf(shape, held));
        await engine.decode(2);
      }
      const measured: number[] = [];
      const speeds = await turns(
        opened,
        async engine => count / (await engine.decode(count)).seconds,
        async () => void (bandwidth && measured.push(await bandwidth.measure())),
      );
      const bytes = bytesPerToken(shape, width, held);
      const share = (median(speeds.get('ours') ?? [NaN]) * bytes) / median(measured);
      const note = bandwidth
        ? `${(100 * share).toFixed(0)} % of ${(median(measured) / 1e9).toFixed(1)} GB/s`
        : '';
      report(`decode at ${held}`, speeds, note);
    }
  } finally {
    for (const engine of opened) await engine.end();
    await bandwidth?.end();
  }
}

requireCompetitors();
await requireSameTokens(engines, threads);
console.log(`tokens/s with ${threads} threads, and how many times those of the others ours are`);
for (const model of options.models.split(','))
  for (const width of options.widths.split(',') as Width[]) {
    if (!(width in widths) || !(model in shapes)) throw new Error(`no ${model} in ${width}`);
    await measureWidth(model, width);
  }
