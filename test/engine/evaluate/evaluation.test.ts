/** Samples, reports, comparisons and folders of evaluations, without a model. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareEvaluations, verdictOfAll } from '../../../src/engine/evaluate/compareEvaluations';
import type { EvaluationExample } from '../../../src/engine/evaluate/evaluationExamples';
import {
  createEvaluationFolder,
  evaluationIds,
  EvaluationWriter,
  readSamples,
} from '../../../src/engine/evaluate/evaluationFolder';
import { makeReport } from '../../../src/engine/evaluate/evaluationReport';
import { junitText } from '../../../src/engine/evaluate/junit';
import { type Answer, scoreSample, type Scoring } from '../../../src/engine/evaluate/scoreSample';
import { windowsOf } from '../../../src/engine/evaluate/scoreWindows';
import { disk } from '../../../src/engine/files/fileSystem';
import { lossBlocks } from '../../../src/engine/metrics/batchMeans';
import { ProblemError } from '../../../src/engine/problem';
import type { EvaluationPlan, EvaluationSample } from '../../../src/protocol/evaluation';
import { scratchFolder } from '../../durability/scratchFolder';

const scoring: Scoring = {
  metrics: ['perplexity', 'rouge', 'bleu', 'exact_match'],
  rougeStem: true,
  bleu: { tokenize: '13a', smooth: 'exp', lowercase: false },
  extract: 'gsm8k',
  contextLength: 100,
};

const example = (index: number): EvaluationExample => ({
  ...{
    index,
    line: index + 1,
    question: `How many are ${index}?`,
    input: undefined,
    completion: '',
  },
  reference: `It is <<${index}+1=${index + 1}>>${index + 1}.\n#### ${index + 1}`,
  expected: `${index + 1}`,
});

function sample(index: number, output: string, more: Partial<Answer> = {}): EvaluationSample {
  const answer: Answer = {
    ...{ prompt: 'Q', promptTokens: 10, output, newTokens: 10, ended: 'end-token', steps: null },
    loss: { nats: 2, tokens: 4 },
    ...more,
  };
  return scoreSample(example(index), answer, scoring);
}

const right = (index: number) => sample(index, example(index).reference);

const plan: EvaluationPlan = {
  version: 1,
  id: '20261122-000000-t',
  name: 't & <t>',
  created: '2026-11-22T00:00:00.000Z',
  model: {
    ...{ name: 'm', dir: '/m', adapterDir: null, run: null, step: null },
    ...{ family: 'slm', parameters: 1, contextLength: 100 },
  },
  data: { path: 'd.jsonl', format: 'gsm8k', sha256: '', examples: 4 },
  indices: [0, 1, 2, 3],
  extract: 'gsm8k',
  generation: {
    ...{ backend: 'kv', batchSize: 4, maxNewTokens: 10, temperature: 0, topK: 0, topP: 1 },
    ...{ minP: 0, repetitionPenalty: 1, seed: 0, stop: [] },
  },
  agent: null,
  metrics: ['perplexity', 'rouge', 'bleu', 'exact_match'],
  rougeStem: true,
  configPath: null,
  fingerprint: 'f',
};

/** A text whose tokens' losses go up and down around `nats`. */
function textOf(tokens: number, nats: number): EvaluationSample {
  const losses = Array.from({ length: tokens }, (_, i) => nats + Math.sin(0.3 * i));
  const loss = { nats: losses.reduce((a, b) => a + b, 0), tokens, blocks: lossBlocks(losses) };
  return sample(0, '', { output: null, loss });
}

const reportOf = (samples: readonly EvaluationSample[], more: Partial<EvaluationPlan> = {}) =>
  makeReport({
    ...{ plan: { ...plan, ...more }, samples, bleu: scoring.bleu, seconds: 2, tokensPerSecond: 20 },
    now: new Date(2026, 10, 22, 1, 2, 3),
  });

describe('a sample', () => {
  it.each<[string, string, Partial<Answer>, string[]]>([
    ['a right one', '<<0+1=1>>\n#### 1', {}, []],
    ['a wrong one', '#### 2', {}, ['wrong']],
    ['no answer', 'none', {}, ['wrong', 'no-answer']],
    ['nothing', '', {}, ['wrong', 'no-answer', 'empty']],
    ['the right number without a mark', 'so 1', {}, ['wrong', 'strict-flexible', 'no-answer']],
    ['an arithmetic error', '<<1+1=3>>\n#### 1', {}, ['arithmetic-error']],
    ['more after the answer', '#### 1\nAnd 1', {}, ['ran-on']],
    ['no end', '#### 1', { ended: 'length' }, ['unfinished']],
    ['an outgrown context', '#### 1', { promptTokens: 95 }, ['cropped']],
  ])('with %s is flagged so', (_name, output, more, flags) => {
    expect(sample(0, output, more).flags).toEqual(flags);
  });

  it('is compared without the last section of the training form', () => {
    const { compared, rouge } = sample(0, `${example(0).reference}\n\n### Final Answer:\n1`);
    expect(compared.output).toBe(compared.reference);
    expect(rouge!.rougeL.fmeasure).toBe(1);
  });

  it('of plain text has its loss alone', () => {
    const { exact, rouge, bleu, flags, loss } = sample(0, '', { output: null });
    expect({ exact, rouge, bleu, flags }).toEqual({ exact: null, rouge: null, bleu: null, flags: [] }); // prettier-ignore
    expect(loss).toEqual({ nats: 2, tokens: 4 });
  });
});

describe('a report', () => {
  const report = reportOf([right(0), right(1), sample(2, 'so 3'), sample(3, '')]);
  const value = (name: string) => report.results.find(({ metric }) => metric === name)?.value;

  it("has the notebook's summary", () => {
    expect(report).toMatchObject({
      timestamp: '20261122_010203',
      model_name: 'm',
      metrics: { perplexity: Math.exp(0.5), exact_match_score: 0.5 },
    });
    expect(report.metrics.rouge_scores!.rouge1.fmeasure).toBe(value('rouge1'));
    expect(report.metrics.sacrebleu).toBe(report.bleu!.score);
  });

  it('says BLEU as the notebook computes it beside the right one', () => {
    const { score } = report.bleu!;
    expect(report.notes.join('\n')).toContain(`BLEU of all 4 outputs is ${score.toFixed(2)}. As the notebook`); // prettier-ignore
    expect(reportOf([right(0)]).notes.join()).not.toContain('notebook');
  });

  it('counts where the two rules part, and what is flagged', () => {
    expect(report.agreement).toEqual({ both: 2, strictOnly: 0, flexibleOnly: 1, neither: 1 });
    expect(report.flags).toMatchObject({ wrong: 2, empty: 1, 'strict-flexible': 1 });
    expect(value('exact_match_flexible')).toBe(0.75);
  });

  it('says how sure every number is', () => {
    for (const { interval, standardError, value: mean } of report.results) {
      expect(standardError).not.toBeNull();
      expect(interval![0]).toBeLessThanOrEqual(mean);
      expect(interval![1]).toBeGreaterThanOrEqual(mean - 1e-12);
    }
  });

  it('survives JSON: no number is NaN or infinite', () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('of one sample has no error to tell', () => {
    for (const { interval } of reportOf([right(0)]).results) expect(interval).toBeNull();
  });

  it.each([
    [800, /batch means over 16 blocks of about 50 tokens/],
    [80, /one text of 80 tokens, too few to say how sure it is: that takes 500/],
  ])('of one text of %i tokens says how its interval was found', (tokens, note) => {
    const { results, notes } = reportOf([textOf(tokens, 2)], {
      data: { ...plan.data, format: 'text' },
    });
    expect(notes.join()).toMatch(note);
    expect(results.find(({ metric }) => metric === 'perplexity')!.interval !== null).toBe(
      tokens >= 500,
    );
  });

  it('is a JUnit file with a failure for each wrong answer', () => {
    const text = junitText(report, [right(0), sample(3, 'a \u0000 <b> "c"')]);
    expect(text).toContain('tests="2" failures="1"');
    expect(text).toContain('name="t &amp; &lt;t&gt;"');
    expect(text).toContain('a \ufffd &lt;b&gt;');
  });
});

describe('a comparison', () => {
  const many = (count: number, isRight: (i: number) => boolean) =>
    Array.from({ length: count }, (_, i) => (isRight(i) ? right(i) : sample(i, '#### 0')));
  const compare = (own: EvaluationSample[], baseline: EvaluationSample[]) =>
    compareEvaluations({ id: 'a', samples: own }, { id: 'b', samples: baseline });

  it('tells the flips and that they are no chance', () => {
    const { metrics, verdict, ...rest } = compare(many(40, i => i < 30), many(40, i => i < 10 || i === 35)); // prettier-ignore
    expect(rest).toMatchObject({ paired: 40, rightToWrong: [35] });
    expect(rest.wrongToRight).toEqual(Array.from({ length: 20 }, (_, i) => 10 + i));
    const exact = metrics.find(({ metric }) => metric === 'exact_match')!;
    expect(exact).toMatchObject({ test: 'mcnemar', verdict: 'better', value: 0.75 });
    expect(exact.p).toBeLessThan(1e-4);
    expect(verdict).toBe('better');
  });

  it('is worse the other way round', () => {
    expect(compare(many(40, i => i < 10), many(40, i => i < 30)).verdict).toBe('worse'); // prettier-ignore
  });

  it('takes a flip among many for noise', () => {
    expect(compare(many(40, i => i < 20), many(40, i => i < 21)).verdict).toBe('same'); // prettier-ignore
  });

  it('pairs only what both have, and only the same references', () => {
    const other = { ...right(1), reference: 'another' };
    expect(compare([right(0), right(1)], [right(0), other, right(5)]).paired).toBe(1);
  });

  it('asks more of one number when it looks at many', () => {
    const same = Array.from({ length: 8 }, () => ({ p: 0.9, verdict: 'same' as const }));
    expect(verdictOfAll([{ p: 0.04, verdict: 'worse' }, ...same])).toBe('same');
    expect(verdictOfAll([{ p: 0.001, verdict: 'worse' }, ...same])).toBe('worse');
  });

  it('of one long text is made block by block', () => {
    const against = (nats: number) => compare([textOf(2000, nats)], [textOf(2000, 2)]);
    expect(against(1.9)).toMatchObject({ paired: 1, verdict: 'better' });
    expect(against(2)).toMatchObject({ paired: 1, verdict: 'same' });
    const { verdict } = compare([textOf(2000, 1.9)], [textOf(2100, 2)]);
    expect(verdict).toBe('same'); // other tokens: nothing to pair
  });

  it('of one short text finds nothing', () => {
    expect(compare([textOf(80, 1)], [textOf(80, 2)]).verdict).toBe('same');
  });

  it('of a thousand equal samples is none', () => {
    const same = right(0);
    const samples = Array.from({ length: 1000 }, (_, index) => ({ ...same, index }));
    expect(compare(samples, samples)).toMatchObject({ paired: 1000, verdict: 'same' });
  });
});

describe('windows over a long text', () => {
  const ids = Array.from({ length: 100 }, (_, i) => i);
  it.each([
    [0, 16, 8],
    [5, 16, 16],
    [40, 16, 4],
    [0, 128, 64],
    [99, 16, 8],
  ])('from %i in contexts of %i by %i score each token once', (from, length, stride) => {
    const rows = windowsOf(ids, from, { length, stride });
    const scored = rows.flatMap(row => row.ids.slice(row.from));
    expect(scored).toEqual(ids.slice(Math.max(1, from)));
    for (const row of rows) {
      expect(row.ids.length).toBeLessThanOrEqual(length + 1);
      expect(row.from).toBeGreaterThanOrEqual(1);
      expect(row.ids[row.from]).toBe(row.place);
    }
  });

  it('give every later token at least context − stride before it', () => {
    const rows = windowsOf(ids, 0, { length: 16, stride: 4 });
    for (const row of rows.slice(1)) expect(row.from).toBeGreaterThanOrEqual(12);
  });
});

describe('the folder of an evaluation', () => {
  const create = () => {
    const evaluations = join(scratchFolder(), 'evaluations');
    const dir = createEvaluationFolder(disk, evaluations, { name: 't', configText: 'weightroom: 1\n' }); // prettier-ignore
    return { evaluations, dir };
  };

  it('is known once its plan is there, and keeps samples batch by batch', () => {
    const { evaluations, dir } = create();
    expect(evaluationIds(disk, evaluations)).toEqual([]);
    const writer = EvaluationWriter.open(disk, dir);
    writer.writePlan(plan);
    writer.append('samples', [right(0)]);
    writer.append('samples', [right(1), right(2)]);
    expect(readSamples(disk, dir)).toEqual([right(0), right(1), right(2)]);
    writer.finish(reportOf([right(0), right(1), right(2)]));
    writer.close();
    expect(evaluationIds(disk, evaluations).length).toBe(1);
    expect(existsSync(join(dir, 'owner.json'))).toBe(false);
  });

  it('has its torn last line cut off, and its damaged inner one told', () => {
    const { dir } = create();
    const path = join(dir, 'samples.jsonl');
    writeFileSync(path, `${JSON.stringify(right(0))}\n{"index": 1, "to`);
    expect(readSamples(disk, dir)).toEqual([right(0)]);
    const writer = EvaluationWriter.open(disk, dir);
    writer.append('samples', [right(1)]);
    writer.close();
    expect(readFileSync(path, 'utf8').trim().split('\n').length).toBe(2);
    writeFileSync(path, `${JSON.stringify(right(0))}\n{"in\n${JSON.stringify(right(1))}\n`);
    expect(() => readSamples(disk, dir)).toThrow(ProblemError);
    expect(() => readSamples(disk, dir)).toThrow(/samples\.jsonl, line 2 is damaged/);
  });

  it('belongs to one process at a time', () => {
    const { dir } = create();
    const init = readFileSync('/proc/1/stat', 'latin1');
    const ticks = init.slice(init.lastIndexOf(')') + 2).split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    writeFileSync(join(dir, 'owner.json'), JSON.stringify({ pid: 1, start: `${boot}-${ticks}` }));
    expect(() => EvaluationWriter.open(disk, dir)).toThrow(/Process 1 is working/);
    writeFileSync(join(dir, 'owner.json'), JSON.stringify({ pid: 1, start: 'another life' }));
    EvaluationWriter.open(disk, dir).close();
  });
});
