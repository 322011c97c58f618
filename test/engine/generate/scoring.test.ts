/** Losses of given tokens, against transformers' loss and perplexity of the same models. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openScorer, type ScoredRow } from '../../../src/engine/generate/scoring';
import { readModelFolder } from '../../../src/engine/model/modelFolder';

const names = ['gpt2-tiny', 'llama2-tiny', 'llama32-tiny', 'qwen25-tiny'];
const folder = (name: string) => join('test/fixtures/hf', name);

describe.each(names)('%s', name => {
  const golden = JSON.parse(readFileSync(join(folder(name), 'golden.json'), 'utf8')) as {
    ids: number[][];
    attention_mask: number[][];
    labels: number[][];
    loss: number;
  };
  const rows: ScoredRow[] = golden.ids.map((ids, i) => ({
    ids: ids.filter((_, t) => golden.attention_mask[i]![t] === 1),
    from: golden.labels[i]!.findIndex(label => label >= 0),
  }));

  it("has transformers' loss over the labelled tokens", async () => {
    const { model, weights } = readModelFolder(folder(name));
    const scorer = openScorer(model, weights, {});
    const together = await scorer.losses(rows);
    const alone = [];
    for (const row of rows) alone.push(...(await scorer.losses([row])));
    await scorer.dispose();
    const all = together.flat();
    expect(all.reduce((sum, x) => sum + x, 0) / all.length).toBeCloseTo(golden.loss, 4);
    expect(together.map(losses => losses.length)).toEqual(rows.map(r => r.ids.length - r.from));
    for (const [i, losses] of together.entries())
      for (const [t, loss] of losses.entries()) expect(loss).toBeCloseTo(alone[i]![t]!, 4);
  });
});
