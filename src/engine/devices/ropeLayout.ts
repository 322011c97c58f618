/**
 * Which rows of queries and keys turn together: those half a head apart (Hugging Face) or neighbours
 * (Meta, ttml, GGUF). From names, from the config, and from what the model makes of a text when its
 * heads are turned in either order. Pure.
 */
export type RopeOrder = 'half-split' | 'interleaved';

export interface RopeEvidence {
  readonly from: 'names' | 'config' | 'weights';
  readonly order: RopeOrder | 'undecided';
  readonly why: string;
}

export interface RopeFinding {
  readonly order: RopeOrder | 'undecided';
  /** All that was looked at; they may contradict each other. */
  readonly evidence: readonly RopeEvidence[];
  readonly contradicts: boolean;
}

export interface RopeInput {
  /** Tensors' names in the file. */
  readonly names: Iterable<string>;
  /** `model_type` of a Hugging Face config, if there is one. */
  readonly modelType?: string | undefined;
  readonly probe?: RopeProbe | undefined;
}

/** −ln p of each token of one text, with heads turned in both orders; see `probeRopeOrder`. */
export interface RopeProbe {
  readonly halfSplit: readonly number[];
  readonly interleaved: readonly number[];
}

const NAMES: readonly [RegExp, RopeOrder, string][] = [
  [/self_attn\.[qk]_proj\./, 'half-split', 'self_attn.q_proj is Hugging Face’s name'],
  [/attn\.qkv\./, 'half-split', 'attn.qkv is the name of the SLM, which turns halves'],
  [/attention\.w[qk]\./, 'interleaved', 'attention.wq is Meta’s name'],
  [/attention\/(q|kv|qkv)_linear\//, 'interleaved', 'attention/q_linear is ttml’s name'],
  [/blk\.\d+\.attn_[qk]\./, 'interleaved', 'blk.*.attn_q is GGUF’s name for Llama'],
];

export function detectRopeOrder({ names, modelType, probe }: RopeInput): RopeFinding {
  const evidence = [
    ...byNames(names),
    ...(modelType === undefined ? [] : [byConfig(modelType)]),
    ...(probe ? [byProbe(probe)] : []),
  ];
  const decided = evidence.filter(({ order }) => order !== 'undecided');
  const orders = new Set(decided.map(({ order }) => order));
  // weights say what is there, names and config only what was meant
  const order = decided.findLast(({ from }) => from === 'weights') ?? decided[0];
  return { order: order?.order ?? 'undecided', evidence, contradicts: orders.size > 1 };
}

function byNames(names: Iterable<string>): RopeEvidence[] {
  const all = [...names];
  return NAMES.filter(([pattern]) => all.some(name => pattern.test(name))).map(
    ([, order, why]) => ({
      ...{ from: 'names', order, why },
    }),
  );
}

function byConfig(modelType: string): RopeEvidence {
  const turns = /^(llama|qwen2|mistral|slm)$/.test(modelType);
  return {
    from: 'config',
    order: turns ? 'half-split' : 'undecided',
    why: turns
      ? `config.json says model_type ${modelType}, whose heads transformers turns in halves`
      : `model_type ${modelType} says nothing of rotary positions`,
  };
}

/** By how many standard errors the losses must differ. */
const DECISIVE = 3;

/** The order under which the model finds text likelier is the one it was trained with. */
function byProbe({ halfSplit, interleaved }: RopeProbe): RopeEvidence {
  const differences = halfSplit.map((loss, i) => interleaved[i]! - loss);
  const n = Math.max(1, differences.length);
  const mean = differences.reduce((a, b) => a + b, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / Math.max(1, n - 1);
  const score = mean / Math.sqrt(variance / n + 1e-12);
  const order =
    n < 8 || Math.abs(score) < DECISIVE ? 'undecided' : score > 0 ? 'half-split' : 'interleaved';
  const of = (losses: readonly number[]) => (losses.reduce((a, b) => a + b, 0) / n).toFixed(3);
  return {
    ...{ from: 'weights', order },
    why: `loss over ${n} tokens of text: ${of(halfSplit)} with halves, ${of(interleaved)} with neighbours (${Math.abs(score).toFixed(1)} standard errors)`,
  };
}
