/** A sample of the model while it trains. */
import type { RunEventBody } from '../../protocol/runEvent';
import { gsm8kPrompt } from '../data/gsm8k';
import { openGenerator } from '../generate/generate';
import { GREEDY } from '../generate/sampleToken';
import type { OpenRun } from './openRun';

const QUESTION = 'Tom has 3 boxes with 4 pens in each box. How many pens does Tom have?';

/** Greedy, so that samples of different steps compare. Nothing without a tokenizer. */
export async function* runSample({
  config,
  source,
  model,
  trainer,
  progress,
}: OpenRun): AsyncGenerator<RunEventBody> {
  const { tokenizer } = source;
  if (!tokenizer) return;
  const { sample_prompt: prompt = gsm8kPrompt(QUESTION), sample_tokens, seed } = config.train;
  const generator = openGenerator(model, trainer.weights, { device: config.device });
  try {
    const ids: number[] = [];
    const settings = { ...GREEDY, maxTokens: sample_tokens, seed, endTokens: tokenizer.endIds };
    for await (const { token } of generator.generate(
      [tokenizer.encode(prompt, { readSpecialTokens: true })],
      settings,
    ))
      ids.push(token);
    yield { type: 'sample', step: progress.step, prompt, text: tokenizer.decode(ids) };
  } finally {
    await generator.dispose();
  }
}
