/**
 * How long it takes to choose a token, beside PyTorch doing what transformers does, in one run. Each in
 * turn, several rounds, medians.
 *
 *   npx tsx bench/sample.ts [--rounds 5] [--times 100] [--python /usr/bin/python3]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { root } from '../scripts/project';
import type * as SampleToken from '../src/engine/generate/sampleToken';
import { fillNormal, randomStream } from '../src/engine/tensor/random';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    times: { type: 'string', default: '100' },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});
const times = Number(options.times);
const folder = join(root, '.cache', 'bench-sample');
mkdirSync(folder, { recursive: true });

/** As users run it: bundled. */
function bundled(): typeof SampleToken {
  const outfile = join(folder, 'sampleToken.cjs');
  buildSync({
    ...{ platform: 'node', format: 'cjs', target: 'node20', bundle: true, logLevel: 'error' },
    entryPoints: [join(root, 'src', 'engine', 'generate', 'sampleToken.ts')],
    outfile,
  });
  return createRequire(import.meta.url)(outfile) as typeof SampleToken;
}
const { chooseToken } = bundled();

interface Case {
  readonly vocabulary: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly alternatives: number;
}

const rules = [
  { temperature: 0.8, topK: 0, topP: 1, alternatives: 0 },
  { temperature: 0.8, topK: 40, topP: 1, alternatives: 0 },
  { temperature: 0.8, topK: 0, topP: 0.9, alternatives: 0 },
  { temperature: 0.8, topK: 40, topP: 0.9, alternatives: 10 },
];
const cases: Case[] = [32_000, 128_256].flatMap(vocabulary =>
  rules.map(rule => ({ vocabulary, ...rule })),
);

/** A few likely tokens over many that are not. */
const logits = new Map(
  [...new Set(cases.map(c => c.vocabulary))].map(vocabulary => {
    const values = new Float32Array(vocabulary);
    fillNormal(values, 2, randomStream(vocabulary, 'weights'));
    for (let i = 0; i < 50; i++) values[i * 37]! += 14 - 0.2 * i;
    const file = join(folder, `${vocabulary}.bin`);
    writeFileSync(file, new Uint8Array(values.buffer));
    return [vocabulary, { values, file }];
  }),
);

function ours({ vocabulary, alternatives, ...sampling }: Case): number {
  const { values } = logits.get(vocabulary)!;
  const choose = (i: number) =>
    chooseToken(values, sampling, { random: (i + 0.5) / times, alternatives });
  for (let i = 0; i < 5; i++) choose(i);
  const began = performance.now();
  for (let i = 0; i < times; i++) choose(i);
  return (performance.now() - began) / times;
}

function torch(): number[] {
  const list = join(folder, 'cases.json');
  const all = cases.map(c => ({ ...c, times, file: logits.get(c.vocabulary)!.file }));
  writeFileSync(list, JSON.stringify(all));
  const script = join(root, 'bench', 'sample.py');
  const said = execFileSync(options.python, [script, list, '2'], { encoding: 'utf8' });
  return (JSON.parse(said) as number[]).map(seconds => 1000 * seconds);
}

const median = (xs: readonly number[]): number => xs.toSorted((a, b) => a - b)[xs.length >> 1]!;

const rounds = Array.from({ length: Number(options.rounds) }, () => ({
  ours: cases.map(ours),
  torch: torch(),
}));
console.log('milliseconds a token; PyTorch has two threads, ours one');
for (const [i, { vocabulary, topK, topP, alternatives }] of cases.entries()) {
  const what = `top-k ${topK || 'off'}, top-p ${topP < 1 ? topP : 'off'}, ${alternatives} told`;
  const [a, b] = [median(rounds.map(r => r.ours[i]!)), median(rounds.map(r => r.torch[i]!))];
  console.log(
    `${String(vocabulary).padStart(7)}  ${what.padEnd(34)} ours ${a.toFixed(2)}, PyTorch ${b.toFixed(2)}: ${(b / a).toFixed(2)}×`,
  );
}
