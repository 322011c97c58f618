/** Names of parameters across writers of the same model: what is the same said in another way. */

/** Segments that say who wrote a file, not which parameter it is. */
const WRAPPERS = new Set([
  'model',
  'module',
  'transformer',
  'base_model',
  '_orig_mod',
  'state_dict',
  'model_state_dict',
  'model_state',
  'llama',
  'nanogpt',
  'gpt2',
  'ema',
  'net',
]);

const SAME: Readonly<Record<string, string>> = {
  h: 'layers',
  blocks: 'layers',
  block: 'layers',
  layer: 'layers',
  llama_block: 'layers',
  gpt_block: 'layers',
  gamma: 'weight',
  beta: 'bias',
  self_attn: 'attn',
  attention: 'attn',
  wte: 'embed_tokens',
  tok_emb: 'embed_tokens',
  token_emb: 'embed_tokens',
  tok_embeddings: 'embed_tokens',
  word_embeddings: 'embed_tokens',
  wpe: 'pos_emb',
  ln_f: 'norm',
  ln_fc: 'norm',
  wq: 'q_proj',
  wk: 'k_proj',
  wv: 'v_proj',
  wo: 'o_proj',
  q_linear: 'q_proj',
  k_linear: 'k_proj',
  v_linear: 'v_proj',
  out_linear: 'o_proj',
  feed_forward: 'mlp',
  w1: 'gate_proj',
  w2: 'down_proj',
  w3: 'up_proj',
  attention_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  mlp_norm: 'post_attention_layernorm',
};

/** The same for names that mean the same parameter, as far as a table can say. */
export function nameKey(name: string): string {
  const segments = name
    .replace(/([A-Za-z]_block)_(\d+)/g, '$1.$2')
    .split(/[./]/)
    .map(segment => segment.toLowerCase());
  while (segments.length > 1 && WRAPPERS.has(segments[0]!)) segments.shift();
  return segments.map(segment => SAME[segment] ?? segment).join('.');
}

/** Numbers in it: those of layers and experts, which no likeness of words makes up for. */
export const numbersIn = (name: string): string => (nameKey(name).match(/\d+/g) ?? []).join();

/** 0 to 1: how many pairs of letters two names share. Source: Dice 1945. */
export function likeness(a: string, b: string): number {
  const [first, second] = [pairsOf(nameKey(a)), pairsOf(nameKey(b))];
  let shared = 0;
  for (const [pair, count] of first) shared += Math.min(count, second.get(pair) ?? 0);
  const all = (pairs: Map<string, number>) => [...pairs.values()].reduce((n, k) => n + k, 0);
  return (2 * shared) / Math.max(1, all(first) + all(second));
}

function pairsOf(text: string): Map<string, number> {
  const pairs = new Map<string, number>();
  for (let i = 0; i + 1 < text.length; i++) {
    const pair = text.slice(i, i + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}

const last = (name: string): string =>
  nameKey(name)
    .replace(/\.weight$/, '')
    .split('.')
    .at(-1) ?? '';

export const isHead = (name: string): boolean =>
  /^(lm_head|fc|head|output|embed_out)$/.test(last(name)) && numbersIn(name) === '';

export const isEmbedding = (name: string): boolean => last(name) === 'embed_tokens';

/** Buffers that old writers stored beside the parameters; computed, never learnt. */
export const isBuffer = (name: string): boolean =>
  /(\.attn\.(bias|masked_bias)|rotary_emb\.(inv_freq|cos_cached|sin_cached)|(^|\.)inv_freq|position_ids)$/.test(
    name,
  );
