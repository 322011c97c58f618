/**
 * ROUGE and BLEU per second beside the Python packages, on the same texts with scores that must be
 * equal; and tokens per second of answers written together against one by one.
 *
 *   npx tsx bench/evaluate.ts [--copies 20] [--python /usr/bin/python3] [--model FOLDER --questions 32]
 *
 * Python needs `rouge_score` and `sacrebleu` (PYTHONPATH); what it lacks is said and left out.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { corpusBleu } from '../src/engine/metrics/bleu';
import { rouge } from '../src/engine/metrics/rouge';
import { openTextModel } from '../src/engine/sandbox/textModel';
import { corpus } from '../test/engine/metrics/fixtures';

const { values: options } = parseArgs({
  options: {
    copies: { type: 'string', default: '20' },
    python: { type: 'string', default: '/usr/bin/python3' },
    model: { type: 'string' },
    questions: { type: 'string', default: '32' },
  },
});
const copies = Number(options.copies);
const repeated = <T>(items: readonly T[]): T[] =>
  Array.from({ length: copies }, () => [...items]).flat();
const [hyps, refs] = [repeated(corpus.hyps), repeated(corpus.refs)];

const PYTHON = `
import json, sys, time
data = json.load(sys.stdin)
hyps, refs = data["hyps"], data["refs"]
out = {}
try:
    from rouge_score import rouge_scorer
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    t = time.perf_counter()
    f = [scorer.score(r, h)["rougeL"].fmeasure for h, r in zip(hyps, refs)]
    out["rouge"] = [time.perf_counter() - t, sum(f) / len(f)]
except ImportError as e:
    out["rouge_missing"] = str(e)
try:
    import sacrebleu
    t = time.perf_counter()
    score = sacrebleu.corpus_bleu(hyps, [refs]).score
    out["bleu"] = [time.perf_counter() - t, score]
except ImportError as e:
    out["bleu_missing"] = str(e)
print(json.dumps(out))
`;

interface PythonTimes {
  rouge?: [seconds: number, score: number];
  bleu?: [seconds: number, score: number];
  rouge_missing?: string;
  bleu_missing?: string;
}

function inPython(): PythonTimes {
  const input = JSON.stringify({ hyps, refs });
  const { stdout, stderr } = spawnSync(options.python, ['-c', PYTHON], { input, encoding: 'utf8' });
  if (stdout === '') throw new Error(`${options.python} said nothing: ${stderr}`);
  return JSON.parse(stdout) as PythonTimes;
}

function timed(action: () => number): [seconds: number, score: number] {
  action(); // compiled before it is measured
  const began = performance.now();
  const score = action();
  return [(performance.now() - began) / 1000, score];
}

const ours = {
  rouge: timed(() => {
    const f = hyps.map((hyp, i) => rouge(hyp, refs[i]!, { stem: true }).rougeL.fmeasure);
    return f.reduce((sum, x) => sum + x, 0) / f.length;
  }),
  bleu: timed(() => corpusBleu(hyps, refs.map(ref => [ref])).score), // prettier-ignore
};
const theirs = inPython();

console.log(`${hyps.length} pairs of texts`);
for (const metric of ['rouge', 'bleu'] as const) {
  const [seconds, score] = ours[metric];
  const python = theirs[metric];
  const rate = (s: number) => `${Math.round(hyps.length / s)} pairs/s`;
  if (!python) {
    console.log(`${metric}: ${rate(seconds)} here; Python: ${theirs[`${metric}_missing`]}`);
    continue;
  }
  if (Math.abs(score - python[1]) > 1e-9) throw new Error(`${metric}: ${score}, not ${python[1]}`);
  const ratio = (python[0] / seconds).toFixed(1);
  console.log(`${metric}: ${rate(seconds)} here, ${rate(python[0])} in Python: ${ratio} times`);
}

if (options.model !== undefined) await generation(options.model);

/** The same questions, one by one and together. */
async function generation(dir: string): Promise<void> {
  const questions = Array.from(
    { length: Number(options.questions) },
    (_, i) =>
      `### Question:\nTom has ${i + 3} apples and gets ${2 * i + 1} more. How many?\n\n### Answer:\n`,
  );
  const sampling = { maxTokens: 48, temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, seed: 0, stop: [], alternatives: 0 }; // prettier-ignore
  for (const [backend, size] of [
    ['kv', 1],
    ['kv', 16],
    ['batch', 1],
    ['batch', 16],
  ] as const) {
    // prettier-ignore
    const model = await openTextModel({ dir, backend });
    let [tokens, seconds] = [0, 0];
    for (let start = 0; start < questions.length; start += size) {
      const prompts = [];
      for (const text of questions.slice(start, start + size))
        prompts.push(await model.prompt({ kind: 'text', text }));
      for await (const event of model.generate(prompts, sampling)) {
        if (event.type !== 'done') continue;
        tokens += event.newTokens;
        seconds += event.seconds;
      }
    }
    await model.close();
    console.log(`${backend}, ${size} together: ${Math.round(tokens / seconds)} tokens/s`);
  }
}
