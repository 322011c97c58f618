/**
 * Writes a folder of Qwen2.5's shape with random weights in bfloat16, as large as the real one:
 * `npx tsx bench/qwenShape.ts 0.5B|3B FOLDER`. Knows nothing of training.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileDurably } from '../src/engine/files/writeDurably';
import { disk } from '../src/engine/files/fileSystem';
import { encodeHeader } from '../src/engine/formats/encodeSafetensors';
import { hfConfigOf } from '../src/engine/model/hfConfig';
import { type LlamaShape, llamaParameters } from '../src/engine/model/llama';
import { narrowFloats } from '../src/engine/tensor/narrowFloats';
import { fillNormal, randomStream } from '../src/engine/tensor/random';
import { sizeOf } from '../src/engine/tensor/tensor';

const shape = (n_embed: number, n_inner: number, n_layer: number, n_head: number): LlamaShape => ({
  ...{ family: 'qwen2', vocab_size: 151936, block_size: 32768, n_layer, n_head, n_kv_head: 2 },
  ...{ head_size: n_embed / n_head, n_embed, n_inner, norm_epsilon: 1e-6, rope_base: 1e6 },
  ...{ rope_scaling: { kind: 'none' }, tied: true, qkv_bias: true, output_bias: false },
  ...{ mlp_bias: false, dropout: 0 },
});

export const QWEN_SHAPES = {
  '0.5B': shape(896, 4864, 24, 14),
  '3B': shape(2048, 11008, 36, 16),
} as const;
export type QwenSize = keyof typeof QWEN_SHAPES;

/** Numbers that are drawn once and then repeat: drawing billions would take minutes. */
const DRAWN = 1 << 20;

export function writeQwenShape(size: QwenSize, folder: string): void {
  const specs = llamaParameters(QWEN_SHAPES[size]);
  const drawn = new Float32Array(DRAWN);
  fillNormal(drawn, 0.02, randomStream(1, 'data'));
  const normal = narrowFloats(drawn, 'bfloat16');
  const ones = narrowFloats(new Float32Array(DRAWN).fill(1), 'bfloat16');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(hfConfigOf(QWEN_SHAPES[size])));
  writeFileDurably(
    disk,
    join(folder, 'model.safetensors'),
    (function* () {
      const heads = specs.map(p => ({ ...p, dtype: 'BF16', bytes: 2 * sizeOf(p.shape) }));
      yield encodeHeader(heads);
      for (const { shape: dims, init } of specs) {
        const from = init.kind === 'ones' ? ones : normal;
        for (let left = sizeOf(dims); left > 0; left -= DRAWN)
          yield new Uint8Array(from.buffer, from.byteOffset, 2 * Math.min(left, DRAWN));
      }
    })(),
  );
}

const [size, folder] = process.argv.slice(2);
if (process.argv[1]?.endsWith('qwenShape.ts')) {
  if (!size || !folder || !(size in QWEN_SHAPES))
    throw new Error('usage: npx tsx bench/qwenShape.ts 0.5B|3B FOLDER');
  writeQwenShape(size as QwenSize, folder);
}
