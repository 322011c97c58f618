/**
 * Fine-tuning on examples of which the last 30 % of the tokens are trained, beside PyTorch in one run:
 * the SLM of 26.38 M parameters, 96 examples of 60 to 256 tokens, LoRA and full. PyTorch pads each
 * batch of 8 to its longest and scores every position; the engine packs rows and scores what is trained.
 * Then what gradient checkpointing and moments in 8 bits cost and save. Engines take turns.
 *
 *   npx tsx bench/finetune.ts [--passes N] [--rounds N] [--kinds lora,full]
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { MALLOC_KEEPS_PAGES } from '../src/engine/processEnvironment';

interface Measured {
  /** Of each pass over all examples, after the first. */
  seconds: number[];
  loss: number;
  peakBytes: number;
}

const { values: options } = parseArgs({
  options: {
    passes: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    kinds: { type: 'string', default: 'lora,full' },
  },
});
const THREADS = '2';
const EXAMPLES = 96;
const here = import.meta.dirname;
const python = process.env['WEIGHTROOM_PYTHON'] ?? '/usr/bin/python3';

const outfile = join(here, '..', '.cache', 'bench', 'finetuneEngine.cjs');
buildSync({
  entryPoints: [join(here, 'finetuneEngine.ts')],
  ...{ outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node20' },
  external: ['onnxruntime-node'],
  logLevel: 'error',
});

function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Measured {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: THREADS, ...env },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Measured;
}

const ours = (kind: string, mode = '') =>
  run(process.execPath, [outfile, kind, options.passes, THREADS, '4', mode], MALLOC_KEEPS_PAGES);
const theirs = (kind: string) =>
  run(python, [join(here, 'finetune.py'), kind, options.passes, THREADS, '8']);

const median = (xs: readonly number[]): number => {
  const sorted = xs.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
};

for (const kind of options.kinds.split(',')) {
  const engines = {
    engine: () => ours(kind),
    PyTorch: () => theirs(kind),
    'engine, checkpointing': () => ours(kind, 'checkpointing'),
    'engine, 8-bit moments': () => ours(kind, '8bit'),
  };
  const all = new Map(Object.keys(engines).map(name => [name, [] as Measured[]]));
  for (let round = 0; round < Number(options.rounds); round++)
    for (const [name, measure] of Object.entries(engines)) all.get(name)!.push(measure());
  const speed = (name: string) =>
    EXAMPLES / median(all.get(name)!.flatMap(({ seconds }) => seconds));
  console.log(kind);
  for (const [name, measured] of all) {
    const memory = median(measured.map(m => m.peakBytes)) / 1e6;
    const ratio = name === 'PyTorch' ? '' : `${(speed(name) / speed('PyTorch')).toFixed(2)}×`;
    console.log(
      `  ${name.padEnd(24)}${speed(name).toFixed(2).padStart(6)} examples/s  ${ratio.padStart(6)}  ${memory.toFixed(0).padStart(5)} MB  last loss ${measured[0]!.loss.toFixed(3)}`,
    );
  }
}
