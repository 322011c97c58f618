/**
 * The weight diff with all metrics beside NumPy on the same files, in one run, and beside what the
 * machine's memory gives. Files are in the page cache. The two take turns.
 *
 *   npx tsx bench/diff.ts [--megabytes 1536] [--rounds 2] [--threads 2] [--python /usr/bin/python3]
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { commonJsMeta } from '../scripts/commonJsMeta';
import { root } from '../scripts/project';
import { bytesText } from '../src/curves/numberText';
import type * as CompareModels from '../src/engine/compare/compareModels';
import { disk } from '../src/engine/files/fileSystem';
import { writeSafetensors } from '../src/engine/formats/safetensors';
import { narrowFloats } from '../src/engine/tensor/narrowFloats';
import { fillNormal, randomStream } from '../src/engine/tensor/random';
import { type Tensor, tensor } from '../src/engine/tensor/tensor';

const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1536' },
    rounds: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(Math.min(4, availableParallelism())) },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
});

const ROWS = 1024;
const COLUMNS = 4096;
const folder = join(root, '.cache', 'bench-diff');

interface Files {
  readonly what: string;
  readonly left: string;
  readonly right: string;
}

/** Of each kind the same numbers: equal, with noise, and rounded. */
function writeFiles(): Files[] {
  mkdirSync(folder, { recursive: true });
  const matrices = Math.max(
    1,
    Math.round((Number(options.megabytes) * 1e6) / (ROWS * COLUMNS * 4)),
  );
  const make = (change: (values: Float32Array) => Tensor) =>
    new Map(
      Array.from({ length: matrices }, (_, i): [string, Tensor] => {
        const values = new Float32Array(ROWS * COLUMNS);
        fillNormal(values, 0.02, randomStream(i, 'weights'));
        return [`layers.${i}.weight`, change(values)];
      }),
    );
  const write = (name: string, weights: Map<string, Tensor>): string => {
    const path = join(folder, `${name}.safetensors`);
    writeSafetensors(disk, path, weights);
    return path;
  };
  const shape = [ROWS, COLUMNS];
  const left = write(
    'left',
    make(values => tensor('float32', shape, values)),
  );
  const noisy = (values: Float32Array) => {
    for (let i = 0; i < values.length; i++) values[i]! += 1e-4 * Math.sin(i);
    return tensor('float32', shape, values);
  };
  const rounded = (values: Float32Array) =>
    tensor('bfloat16', shape, narrowFloats(values, 'bfloat16'));
  return [
    {
      what: 'equal, f32',
      left,
      right: write(
        'same',
        make(v => tensor('float32', shape, v)),
      ),
    },
    { what: 'noise, f32', left, right: write('noise', make(noisy)) },
    { what: 'f32 and bf16', left, right: write('rounded', make(rounded)) },
  ];
}

/** Bytes a second. */
interface Rates {
  ours: number;
  numpy: number;
}

/** As users run it: bundled, each thread beside it. */
function bundled(): typeof CompareModels {
  const outdir = join(folder, 'engine');
  buildSync({
    ...{ platform: 'node', format: 'cjs', target: 'node20', bundle: true, ...commonJsMeta },
    absWorkingDir: join(root, 'src', 'engine', 'compare'),
    entryPoints: ['compareModels.ts', 'compareWorker.ts'],
    outExtension: { '.js': '.cjs' },
    ...{ outdir, logLevel: 'error' },
  });
  return createRequire(import.meta.url)(join(outdir, 'compareModels.cjs')) as typeof CompareModels;
}

const { ModelComparison } = bundled();

async function ours({ left, right }: Files): Promise<number> {
  const comparison = new ModelComparison({ left, right }, { threads: Number(options.threads) });
  const { table } = await comparison.open();
  const bytes = new Float64Array(table.bytes).reduce((a, b) => a + b, 0);
  const began = performance.now();
  await comparison.compareAll(() => undefined);
  const rate = bytes / ((performance.now() - began) / 1000);
  comparison.close();
  return rate;
}

function numpy({ left, right }: Files, bytes: number): number {
  const script = join(root, 'bench', 'diff.py');
  const said = execFileSync(options.python, [script, left, right], { encoding: 'utf8' });
  return bytes / (JSON.parse(said) as { seconds: number }).seconds;
}

/** Reading memory as fast as it goes: both threads of it would share this. */
function memoryRate(): number {
  const [from, to] = [Buffer.alloc(1 << 28, 1), Buffer.alloc(1 << 28, 2)];
  const began = performance.now();
  let copied = 0;
  while (performance.now() - began < 1000) {
    from.copy(to);
    copied += 2 * from.byteLength; // read and written
  }
  return copied / ((performance.now() - began) / 1000);
}

const best = (rates: readonly number[]): number => Math.max(...rates);

async function main(): Promise<void> {
  const files = writeFiles();
  console.log(`load ${loadavg()[0]!.toFixed(1)}, ${options.threads} threads`);
  console.log(`memory ${bytesText(memoryRate())}/s copied by one thread`);
  for (const one of files) {
    const sizes = [one.left, one.right].map(path => disk.stat(path).bytes);
    const bytes = sizes.reduce((a, b) => a + b, 0);
    const rates: Rates[] = [];
    for (let round = 0; round < Number(options.rounds); round++)
      rates.push({ ours: await ours(one), numpy: numpy(one, bytes) });
    const [fast, slow] = [best(rates.map(r => r.ours)), best(rates.map(r => r.numpy))];
    console.log(
      `${one.what.padEnd(14)} ${bytesText(fast)}/s, NumPy ${bytesText(slow)}/s: ${(fast / slow).toFixed(1)}×`,
    );
  }
}

await main();
