/** A config that trains a LoRA adapter over a model. Plain text; a test reads it back. */
import type { BaseShape } from '../../engine/model/families';

/** What a model can be taught with: `bins` where nobody knows its tokenizer. */
export type TaughtWith = 'chat' | 'completion' | 'bins';

export interface Base {
  /** Of its folder, as the config names it. */
  from: string;
  shape: BaseShape;
  data: TaughtWith;
}

export function fineTuneConfig({ from, shape, data }: Base): string {
  const family = shape.family ?? 'slm';
  return `weightroom: 1
model:
  from: ${scalar(from)}
data:
${dataOf[data]}adapter:
  kind: lora
  r: 8
  alpha: 16
  targets: [${targetsOf(family).join(', ')}]
train:
  max_steps: 500
  batch_size: 4
  gradient_accumulation: 4
  learning_rate: ${family === 'slm' ? '1e-3' : '2e-4'}
  warmup_ratio: 0.05
`;
}

const dataOf: Readonly<Record<TaughtWith, string>> = {
  chat: `  # a conversation a line: {"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}
  train: data/train.jsonl
  format: chat
  tokenizer: model
`,
  completion: `  # an example a line: {"prompt": "…", "completion": "…"}
  train: data/train.jsonl
  format: completion
  tokenizer: model
`,
  bins: `  # ids that the model's own tokenizer made: uint16, little-endian
  train: data/train.bin
  tokenizer: none
`,
};

/** The products that make queries, keys, values and what follows them. */
function targetsOf(family: NonNullable<BaseShape['family']>): string[] {
  switch (family) {
    case 'slm':
      return ['qkv', 'proj'];
    case 'gpt2':
      return ['c_attn', 'c_proj'];
    case 'llama':
    case 'qwen2':
    case 'mistral':
      return ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
  }
}

/** Text that YAML would take for something else stands in quotes, which JSON's are. */
const scalar = (text: string): string =>
  /^[A-Za-z./][\w.-]*\/[\w./-]*$/.test(text) ? text : JSON.stringify(text);
