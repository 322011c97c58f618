/** A small Llama and adapters over it, as files: each changes other layers, and by other amounts. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { disk } from '../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import { familyParameters } from '../../src/engine/model/families';
import { readModelShape } from '../../src/engine/model/modelConfig';
import { sizeOf, type Tensor, tensor } from '../../src/engine/tensor/tensor';
import { randomNumbers } from '../durability/randomNumbers';

const CONFIG = {
  model_type: 'llama',
  vocab_size: 300,
  max_position_embeddings: 64,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  hidden_size: 64,
  intermediate_size: 96,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  hidden_act: 'silu',
};

type Sizes = Partial<Record<'hidden_size' | 'intermediate_size' | 'num_hidden_layers' | 'vocab_size', number>>; // prettier-ignore

export function writeBase(dir: string, sizes: Sizes = {}): string {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...CONFIG, ...sizes }));
  const random = randomNumbers(5);
  const weights = new Map(
    familyParameters(readModelShape(dir)).map(({ name, shape }) => [
      name,
      tensor(
        'float32',
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () => random() - 0.5),
      ),
    ]),
  );
  writeSafetensors(disk, join(dir, 'model.safetensors'), weights);
  return dir;
}

export interface AdapterParts {
  seed: number;
  rank: number;
  targets: readonly string[];
  /** Relative to its folder. */
  base?: string;
  rslora?: boolean;
  /** Another adapter's seed of which it takes this share. */
  like?: { seed: number; share: number };
  /** Of its base, where they are others. */
  sizes?: Sizes;
}

/** Each direction is weaker than the one before, and later layers change more. */
export function writeAdapter(dir: string, parts: AdapterParts): string {
  mkdirSync(dir, { recursive: true });
  const { rank, targets, base = '../base', rslora = false } = parts;
  const config = {
    ...{ peft_type: 'LORA', r: rank, lora_alpha: 2 * rank, target_modules: targets },
    ...{ base_model_name_or_path: base, use_rslora: rslora },
  };
  writeFileSync(join(dir, 'adapter_config.json'), JSON.stringify(config));
  const own = randomNumbers(parts.seed);
  const other = randomNumbers(parts.like?.seed ?? 0);
  const share = parts.like?.share ?? 0;
  const sizes = { ...CONFIG, ...parts.sizes };
  const weights = new Map<string, Tensor>();
  for (let layer = 0; layer < sizes.num_hidden_layers; layer++)
    for (const target of targets) {
      const [out, inp] = sizesOf(target, sizes);
      const path = `base_model.model.model.layers.${layer}.${target.endsWith('proj') && /gate|up|down/.test(target) ? 'mlp' : 'self_attn'}.${target}`;
      const numbers = (length: number, scale: (i: number) => number) =>
        Float32Array.from({ length }, (_, i) => {
          const [x, y] = [own() - 0.5, other() - 0.5];
          return ((1 - share) * x + share * y) * scale(i);
        });
      const a = numbers(rank * inp, () => 0.3);
      const b = numbers(out * rank, i => 0.05 * (1 + layer / 4) * 0.7 ** (i % rank));
      weights.set(`${path}.lora_A.weight`, tensor('float32', [rank, inp], a));
      weights.set(`${path}.lora_B.weight`, tensor('float32', [out, rank], b));
    }
  writeSafetensors(disk, join(dir, 'adapter_model.safetensors'), weights);
  return dir;
}

function sizesOf(target: string, sizes: typeof CONFIG): [out: number, input: number] {
  const { hidden_size: width, intermediate_size: inner } = sizes;
  if (target === 'down_proj') return [width, inner];
  return /gate|up/.test(target) ? [inner, width] : [width, width];
}
