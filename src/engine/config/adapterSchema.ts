/** The schema of a config's `adapter` section. */
import * as z from 'zod';
import type { FieldHints } from './schema';

const hints = (values: FieldHints): Record<string, unknown> => ({ ...values });
const count = (max: number) => z.number().int().min(1).max(max);

export const adapterSchema = z.strictObject({
  kind: z.literal('lora').describe('LoRA: W + (alpha / r)·B·A with W frozen.'),
  r: count(4096).default(8).describe('Rank of the adapter: its inner width.'),
  alpha: z.number().positive().default(16).describe('The adapter is scaled by `alpha / r`.'),
  rslora: z.boolean().default(false).describe('Rank-stabilised: scaled by `alpha / √r` instead.'),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe("Probability of zeroing an adapted layer's input on its way into the adapter."),
  from: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder or file of an adapter to start from, also a notebook's `.pt`, of the same base, rank, alpha and layers. Default: A random, B zero.",
    )
    .meta(hints({ 'x-path': { kind: 'folder', extensions: [] } })),
  quantization: z
    .enum(['none', 'nf4'])
    .default('none')
    .describe(
      'How the frozen base is held: `none`, as float32; `nf4`, its linear layers in 4 bits (QLoRA), an eighth of their memory.',
    ),
  targets: z
    .array(z.string().min(1))
    .min(1)
    .max(64)
    .default(['qkv', 'proj'])
    .describe('Parts of names of the linear layers to adapt.')
    .meta({ examples: ['qkv', 'proj', 'fc', 'attn', 'mlp'] }),
});
