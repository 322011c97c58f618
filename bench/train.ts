/**
 * Training speed and memory of the SLM of 26.38 M parameters, batch 4 × 256, beside PyTorch in one
 * run: `npx tsx bench/train.ts [--steps N] [--rounds N] [--dropout P] [--kinds lora,full]`. Each measurement is a
 * process of its own with two threads; engine and PyTorch take turns, so that a noisy machine
 * disturbs both alike.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { MALLOC_KEEPS_PAGES } from '../src/engine/processEnvironment';

interface Measured {
  /** Seconds of each step after the warm-up. */
  seconds: number[];
  /** Loss of the last step, so that both can be seen to train. */
  loss: number;
  peakBytes: number;
}

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    dropout: { type: 'string', default: '0' },
    kinds: { type: 'string', default: 'lora,full' },
  },
});

const THREADS = 2;
const PYTHON = process.env['WEIGHTROOM_PYTHON'] ?? '/usr/bin/python3';
const here = import.meta.dirname;

function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): string {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: String(THREADS), ...env },
    maxBuffer: 1 << 26,
  });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${result.status}: ${result.stderr}`);
  return result.stdout;
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

function bundle(name: string): string {
  const outfile = join(here, '..', '.cache', 'bench', `${name}.cjs`);
  buildSync({
    entryPoints: [join(here, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['onnxruntime-node'],
    logLevel: 'error',
  });
  return outfile;
}

const median = (xs: readonly number[]): number => {
  const sorted = xs.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
};

interface Gemm {
  peak: number;
}

const engine = bundle('trainEngine');
const work = [options.steps, options.dropout, String(THREADS)];
const ours = (kind: string) =>
  JSON.parse(
    lastLine(run(process.execPath, [engine, kind, ...work], MALLOC_KEEPS_PAGES)),
  ) as Measured & {
    flops: number;
  };
const theirs = (kind: string) =>
  JSON.parse(lastLine(run(PYTHON, [join(here, 'train.py'), kind, ...work]))) as Measured;
const gemm = () => JSON.parse(lastLine(run(process.execPath, [engine, 'gemm', ...work]))) as Gemm;

console.log(
  `SLM of 26.38 M parameters, batch 4 × 256, dropout ${options.dropout}, ${THREADS} threads`,
);
console.log('        step/s            ratio   peak MB          of GEMM peak');
console.log('        engine  PyTorch           engine  PyTorch');
for (const kind of options.kinds.split(',')) {
  const rounds = Array.from({ length: Number(options.rounds) }, () => {
    const peak = gemm().peak;
    return { ours: ours(kind), theirs: theirs(kind), peak };
  });
  const a = median(rounds.flatMap(r => r.ours.seconds));
  const b = median(rounds.flatMap(r => r.theirs.seconds));
  const peak = Math.max(...rounds.map(r => r.peak));
  const memory = (which: 'ours' | 'theirs') => median(rounds.map(r => r[which].peakBytes)) / 1e6;
  const flops = rounds[0]?.ours.flops ?? 0;
  console.log(
    [
      kind.padEnd(6),
      (1 / a).toFixed(3).padStart(7),
      (1 / b).toFixed(3).padStart(8),
      `${(b / a).toFixed(2)}×`.padStart(9),
      memory('ours').toFixed(0).padStart(8),
      memory('theirs').toFixed(0).padStart(8),
      `${((100 * flops) / a / peak).toFixed(0)} % of ${(peak / 1e9).toFixed(0)} GFLOP/s`.padStart(
        24,
      ),
    ].join(' '),
  );
  const fastest = (which: 'ours' | 'theirs') => Math.min(...rounds.flatMap(r => r[which].seconds));
  console.log(
    `       fastest step ${fastest('ours').toFixed(3)} s and ${fastest('theirs').toFixed(3)} s: ${(fastest('theirs') / fastest('ours')).toFixed(2)}×; memory ${((100 * memory('ours')) / memory('theirs')).toFixed(0)} %; last loss ${rounds[0]?.ours.loss.toFixed(4)} and ${rounds[0]?.theirs.loss.toFixed(4)}`,
  );
}
