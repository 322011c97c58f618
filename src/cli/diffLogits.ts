/** What two models make of the same tokens: how far their predictions are apart. */
import { openModelTokenizer } from '../engine/data/modelTokenizer';
import type { LogitComparison } from '../engine/compare/report';
import { compareLogits } from '../engine/evaluate/equivalence';
import { trace } from '../engine/evaluate/trace';
import { readModelFolder } from '../engine/model/modelFolder';
import { fail } from '../engine/problem';
import { below, randomStream } from '../engine/tensor/random';
import { tensor } from '../engine/tensor/tensor';

export interface LogitInput {
  readonly left: string;
  readonly right: string;
  readonly base: string | undefined;
  readonly prompt: string | undefined;
}

/** So many tokens at random where there is no prompt. */
const LONGEST = 64;

/**
 * One model after the other is in memory.
 * @throws `model.…` for what is no model folder that this engine runs, `diff.prompt`
 */
export async function logitsOfBoth(input: LogitInput): Promise<LogitComparison> {
  const { left, right, base, prompt } = input;
  const open = (dir: string) => readModelFolder(dir, { baseDir: base });
  const first = open(left);
  const { vocab_size, block_size } = first.model.base;
  const ids =
    prompt === undefined
      ? someIds(vocab_size, Math.min(LONGEST, block_size))
      : await idsOf(left, prompt, block_size);
  const idx = tensor('int64', [1, ids.length], ids);
  const logitsOf = async ({ model, weights }: ReturnType<typeof open>) => {
    const traced = await trace(model, weights, { idx, gradients: false });
    return traced.get('logits')!.data as Float32Array;
  };
  const a = await logitsOf(first);
  first.weights.clear();
  const second = open(right);
  if (second.model.base.vocab_size !== vocab_size)
    fail(
      'diff.vocabularies',
      `${left} has ${vocab_size} tokens and ${right} has ${second.model.base.vocab_size}: their logits cannot be compared.`,
      { file: right },
    );
  const { positions, divergence, agreement } = compareLogits(
    a,
    await logitsOf(second),
    vocab_size,
    0,
  );
  const what = prompt ?? `${ids.length} tokens at random`;
  return { positions, divergence, agreement, prompt: what };
}

/** The same always. */
function someIds(vocabulary: number, count: number): BigInt64Array {
  const next = randomStream(0, 'data');
  return BigInt64Array.from({ length: count }, () => BigInt(below(next, vocabulary)));
}

async function idsOf(dir: string, prompt: string, most: number): Promise<BigInt64Array> {
  const tokenizer = await openModelTokenizer(dir);
  if (!tokenizer)
    return fail(
      'diff.prompt',
      `${dir} has no tokenizer for the prompt. Leave the prompt out to compare on tokens at random.`,
      { file: dir },
    );
  try {
    const ids = [...tokenizer.encode(prompt)].slice(0, most);
    if (ids.length === 0) fail('diff.prompt', 'The prompt has no tokens. Write one.');
    return BigInt64Array.from(ids, id => BigInt(id));
  } finally {
    tokenizer.dispose?.();
  }
}
