/** Configs to start from. Plain text: what they mean is the schema's; a test reads each one. */

export interface Template {
  readonly id: 'slm' | 'bytes' | 'lora' | 'bins';
  readonly text: string;
}

export const templates: readonly Template[] = [
  {
    id: 'slm',
    text: `weightroom: 1
model:
  family: slm
  block_size: 256
  n_layer: 4
  n_head: 6
  n_embed: 384
data:
  # question/answer records, one JSON object a line
  train: data/train.jsonl
  validation: data/validation.jsonl
  format: gsm8k
  tokenizer: gpt2
train:
  max_steps: 2000
  batch_size: 4
  gradient_accumulation: 8
  learning_rate: 3e-4
  warmup_ratio: 0.05
  eval_every: 100
  save_every: 250
`,
  },
  {
    id: 'bytes',
    text: `weightroom: 1
model:
  family: slm
  block_size: 128
  n_layer: 4
  n_head: 4
  n_embed: 128
data:
  # any plain text; a part of its end is held out for validation
  train: data/input.txt
  format: text
  tokenizer: bytes
train:
  max_steps: 2000
  batch_size: 16
  learning_rate: 1e-3
  warmup_ratio: 0.05
  eval_every: 100
  sample_every: 500
`,
  },
  {
    id: 'lora',
    text: `weightroom: 1
model:
  # a checkpoint of a run, or any folder with config.json and model.safetensors
  from: runs/NAME/checkpoints/step-002000
data:
  train: data/train.jsonl
  format: gsm8k
  tokenizer: gpt2
adapter:
  kind: lora
  r: 8
  alpha: 16
  targets: [qkv, proj]
train:
  max_steps: 500
  batch_size: 4
  gradient_accumulation: 4
  learning_rate: 1e-3
  warmup_ratio: 0.05
`,
  },
  {
    id: 'bins',
    text: `weightroom: 1
model:
  family: slm
  vocab_size: 50257
  block_size: 256
  n_layer: 4
  n_head: 6
  n_embed: 384
data:
  # tokens as they are: uint16, little-endian, as numpy's memmap reads them
  train: data/train.bin
  validation: data/validation.bin
  tokenizer: none
train:
  max_steps: 2000
  batch_size: 4
  gradient_accumulation: 8
  learning_rate: 3e-4
  warmup_ratio: 0.05
`,
  },
];
