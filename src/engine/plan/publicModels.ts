/** Sizes of models that people load onto devices, to say of which one a buffer may be. From their config.json. */

export interface PublicModel {
  readonly name: string;
  readonly hidden: number;
  readonly inner: number;
  readonly kv: number;
  readonly vocabulary: number;
  readonly parameters: number;
}

const model = (
  name: string,
  hidden: number,
  inner: number,
  kv: number,
  vocabulary: number,
  parameters: number,
): PublicModel => ({ name, hidden, inner, kv, vocabulary, parameters });

export const PUBLIC_MODELS: readonly PublicModel[] = [
  model('GPT-2', 768, 3072, 768, 50257, 0.124e9),
  model('TinyLlama-1.1B', 2048, 5632, 256, 32000, 1.1e9),
  model('Llama-3.2-1B', 2048, 8192, 512, 128256, 1.24e9),
  model('Llama-3.2-3B', 3072, 8192, 1024, 128256, 3.21e9),
  model('Llama-3.1-8B', 4096, 14336, 1024, 128256, 8.03e9),
  model('Llama-3.1-70B', 8192, 28672, 1024, 128256, 70.6e9),
  model('Llama-2-7B', 4096, 11008, 4096, 32000, 6.74e9),
  model('Mistral-7B', 4096, 14336, 1024, 32000, 7.24e9),
  model('Ministral-8B', 4096, 12288, 1024, 131072, 8.02e9),
  model('Qwen2.5-3B', 2048, 11008, 256, 151936, 3.09e9),
  model('Qwen2.5-7B', 3584, 18944, 512, 152064, 7.62e9),
  model('Qwen2.5-72B', 8192, 29568, 1024, 152064, 72.7e9),
  model('Qwen3-8B', 4096, 12288, 1024, 151936, 8.19e9),
  model('gpt-oss-120b', 2880, 2880, 512, 201088, 117e9),
];
