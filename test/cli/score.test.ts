/** `weightroom score` from files, as a user or a script calls it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { corpus, pairs } from '../engine/metrics/fixtures';
import { type CommandLine, openCommandLine } from './commandLine';

let line: CommandLine;
beforeAll(() => {
  line = openCommandLine();
});

const write = (name: string, text: string): string => {
  const path = join(line.folder, name);
  writeFileSync(path, text);
  return path;
};

const jsonl = (texts: readonly unknown[]): string =>
  texts.map(text => `${JSON.stringify(text)}\n`).join('');

async function score(metric: string, predictions: string, references: string, ...more: string[]) {
  const files = ['--predictions', predictions, '--references', references];
  const { code, stdout, stderr } = await line.run('score', '--metric', metric, ...files, ...more);
  return { code, stderr, stdout };
}

const json = async (...args: Parameters<typeof score>): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await score(...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe('ROUGE', () => {
  it('of JSON lines is what rouge_score says, stems included', async () => {
    const files = [jsonl(corpus.hyps), jsonl(corpus.refs)].map((text, i) => write(`${i}.jsonl`, text)); // prettier-ignore
    const plain = await json('rouge', files[0]!, files[1]!);
    const stemmed = await json('rouge', files[0]!, files[1]!, '--stem');
    for (const name of ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const) {
      const f = (result: Record<string, unknown>) =>
        (result[name] as { fmeasure: number }).fmeasure;
      expect(f(plain)).toBeCloseTo(corpus.rouge_mean_f.nostem[name], 12);
      expect(f(stemmed)).toBeCloseTo(corpus.rouge_mean_f.stem[name], 12);
    }
    expect(plain['notes']).toEqual([expect.stringContaining('letters other than a–z')]);
  });

  it('of one text a line', async () => {
    const result = await json('rouge', write('p.txt', 'a b c\nx\n'), write('r.txt', 'a b d\nx\n'));
    expect(result).toMatchObject({
      metric: 'rouge',
      samples: 2,
      rouge1: { precision: (2 / 3 + 1) / 2 },
      rouge2: { fmeasure: 0.25 },
    });
  });
});

describe('BLEU', () => {
  it('has the score and signature of sacreBLEU, with two references too', async () => {
    const predictions = write('h.jsonl', jsonl(corpus.hyps.map(prediction => ({ prediction }))));
    const references = write('r1.jsonl', jsonl(corpus.refs.map(reference => ({ reference }))));
    const second = write('r2.jsonl', jsonl(corpus.refs2));
    const golden = corpus.corpus;
    expect(await json('bleu', predictions, references)).toMatchObject({
      score: expect.closeTo(golden['bleu_1ref']!.score, 9) as number,
      signature: golden['bleu_1ref']!.signature,
      notes: [expect.stringMatching(/As the notebook computed it, it is \d/) as string],
    });
    expect(
      await json('bleu', predictions, references, '--references', second, '--tokenize', 'intl'),
    ).toMatchObject({
      score: expect.closeTo(golden['bleu_intl_2ref']!.score, 9) as number,
      signature: golden['bleu_intl_2ref']!.signature,
    });
  });
});

describe('exact match', () => {
  it('is a share with its interval, and by both rules of GSM8K where references have them', async () => {
    const predictions = write('em.jsonl', jsonl(['#### 18', 'so 5', 'no']));
    const references = write('em-r.jsonl', jsonl(['a\n#### 18', 'b\n#### 5', 'c\n#### 7']));
    expect(await json('em', predictions, references)).toMatchObject({
      exact_match: 0,
      strict: 1 / 3,
      flexible: 2 / 3,
    });
    const same = write('same.txt', 'yes\nno\n');
    expect(await json('em', same, write('other.txt', 'yes\nnope\n'))).toMatchObject({
      exact_match: 0.5,
      samples: 2,
    });
  });
});

describe('refuses', () => {
  it.each([
    ['an empty file of predictions', '', 'a\n', 'score.no-predictions'],
    ['predictions that are all empty', '\n\n', 'a\nb\n', 'score.no-predictions'],
    ['references that are missing', 'a\n', '', 'score.no-references'],
    ['unequal lengths', 'a\nb\n', 'a\n', 'score.unequal'],
    ['a record without a known field', '{"x": 1}\n', 'a\n', 'score.bad-line'],
    ['a score that is NaN', '{"prediction": NaN}\n{', 'a\nb\n', 'score.unequal|score.bad-line'],
  ])('%s, with what to do', async (_name, predictions, references, codes) => {
    const { code, stderr, stdout } = await score(
      'rouge',
      write(predictions.startsWith('{') ? 'bad-p.jsonl' : 'bad-p.txt', predictions),
      write('bad-r.txt', references),
      '--json',
    );
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(new RegExp(`^error (${codes}): `));
  });

  it('a file that is not there', async () => {
    const { code, stderr } = await score('em', 'nowhere.txt', write('r.txt', 'a\n'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error disk\.missing: .*nowhere\.txt/);
  });

  it('a metric it does not know', async () => {
    const { code } = await score('meteor', write('p.txt', 'a\n'), write('r.txt', 'a\n'));
    expect(code).toBe(2);
  });
});

it('says in words what it tells as JSON', async () => {
  const [{ prediction, target }] = pairs as [(typeof pairs)[0]];
  const files = [prediction, target].map((text, i) => write(`w${i}.jsonl`, jsonl([text])));
  const { code, stdout } = await score('bleu', files[0]!, files[1]!);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^BLEU \d+\.\d\d {2}[\d./]+ {2}nrefs:1\|case:mixed/);
});
