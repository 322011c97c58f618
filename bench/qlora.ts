/**
 * Memory and time of adapters over models of Qwen2.5's shape at 512 tokens:
 * `npx tsx bench/qlora.ts [--sizes 0.5B,3B] [--steps 3] [--modes nf4,nf4+checkpointing,lora] [--folder DIR]`.
 * Models are written to the folder once (1 and 6 GB). Each run is a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { MALLOC_KEEPS_PAGES } from '../src/engine/processEnvironment';
import { type QwenSize, writeQwenShape } from './qwenShape';

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '0.5B' },
    steps: { type: 'string', default: '3' },
    modes: { type: 'string', default: 'nf4,nf4+checkpointing' },
    folder: { type: 'string', default: join(tmpdir(), 'weightroom-qwen') },
  },
});

interface Measured {
  seconds: number[];
  loss: number;
  peakBytes: number;
  memoryBytes: Record<string, number>;
  notice?: string;
}

const here = import.meta.dirname;
const engine = join(here, '..', '.cache', 'bench', 'qloraEngine.cjs');
buildSync({
  entryPoints: [join(here, 'qloraEngine.ts')],
  outfile: engine,
  ...{ bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'error' },
  external: ['onnxruntime-node'],
  banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.url': 'bundleUrl', 'import.meta.dirname': '__dirname' },
});
mkdirSync(options.folder, { recursive: true });
const tokens = Uint16Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 50_000);
writeFileSync(join(options.folder, 'data.bin'), tokens);

const configText = (size: string, mode: string): string => `weightroom: 1
model: { from: ${size} }
data: { train: data.bin, tokenizer: none, max_length: 512, validation_fraction: 0 }
train:
  max_steps: ${options.steps}
  batch_size: 1
  learning_rate: 1e-4
  eval_every: 0
  save_every: 0
  gradient_checkpointing: ${mode.includes('checkpointing')}
adapter:
  kind: lora
  r: 16
  alpha: 32
  rslora: true
  quantization: ${mode.startsWith('nf4') ? 'nf4' : 'none'}
  targets: [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]
`;

const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

for (const size of options.sizes.split(',') as QwenSize[]) {
  const model = join(options.folder, size);
  if (!existsSync(join(model, 'model.safetensors'))) writeQwenShape(size, model);
  for (const mode of options.modes.split(',')) {
    const config = join(options.folder, `${size}-${mode}.yaml`);
    writeFileSync(config, configText(size, mode));
    const result = spawnSync('node', [engine, config, join(options.folder, 'runs')], {
      encoding: 'utf8',
      env: { ...process.env, ...MALLOC_KEEPS_PAGES },
    });
    if (result.status !== 0) throw new Error(result.stderr);
    const { seconds, loss, peakBytes, memoryBytes } = JSON.parse(
      result.stdout.trimEnd().split('\n').at(-1) ?? '',
    ) as Measured;
    const planned = memoryBytes['peak'] ?? NaN;
    const each = seconds.map(s => s.toFixed(1)).join(', ');
    console.log(
      `${size} ${mode}: peak ${mb(peakBytes)}, planned ${mb(planned)} (${(planned / peakBytes).toFixed(2)}), steps ${each} s, loss ${loss.toFixed(3)}`,
    );
  }
}
