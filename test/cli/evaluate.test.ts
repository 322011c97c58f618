/**
 * `weightroom evaluate` and `agent` over a run that was trained here: on four sums, until it knows them
 * by heart.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type {
  AgentEnd,
  AgentRecord,
  AgentStep,
  EvaluationEvent,
  EvaluationPlan,
  EvaluationReport,
  EvaluationSample,
} from '../../src/protocol/evaluation';
import { type CommandLine, openCommandLine } from './commandLine';

const SUMS = [
  ['Tom has 3 and gets 4. How many?', '3+4=<<3+4=7>>7\n#### 7'],
  ['Ann has 9 and loses 2. How many?', '9-2=<<9-2=7>>7\n#### 7'],
  ['Bob has 5 and gets 5. How many?', '5+5=<<5+5=10>>10\n#### 10'],
  ['Sue has 8 and loses 3. How many?', '8-3=<<8-3=5>>5\n#### 5'],
] as const;

const CONFIG = `weightroom: 1
model: { family: slm, block_size: 160, n_layer: 1, n_head: 2, n_embed: 96 }
data: { train: often.jsonl, validation: sums.jsonl, format: gsm8k, tokenizer: bytes }
train: { max_steps: 400, batch_size: 8, learning_rate: 3e-3, eval_every: 200, eval_batches: 2, save_every: 200, seed: 1 }
evaluate: { max_new_tokens: 90, batch_size: 3 }
`;

let line: CommandLine;
let run: string;

const write = (name: string, text: string): string => {
  const path = join(line.folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(async () => {
  line = openCommandLine();
  const rows = SUMS.map(([question, answer]) => `${JSON.stringify({ question, answer })}\n`);
  write('sums.jsonl', rows.join(''));
  // in every order, so that a problem is not known by the one before it
  const often = Array.from({ length: 16 }, (_, i) => rows.map((_, k) => rows[(k * ((i % 4) + 1) + i) % 4]!)); // prettier-ignore
  write('often.jsonl', often.flat().join('') + rows.join(''));
  write('sums.yaml', CONFIG);
  const { code, stderr } = await line.run('train', 'sums.yaml');
  expect([code, stderr]).toEqual([0, '']);
  run = join(line.folder, 'runs', readdirSync(join(line.folder, 'runs'))[0]!);
  write('young.yaml', CONFIG.replace('max_steps: 400', 'max_steps: 20'));
  await line.run('train', 'young.yaml', '--runs', 'young-runs');
}, 300_000);

type Json = { dir: string; scores: Record<string, number> } & EvaluationReport & {
    comparison?: { verdict: string; paired: number };
  };

async function evaluate(...args: string[]): Promise<Json> {
  const { code, stdout, stderr } = await line.run('evaluate', ...args, '--json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Json;
}

const linesOf = <T>(dir: string, name: string): T[] =>
  readFileSync(join(dir, name), 'utf8').trim().split('\n').map(text => JSON.parse(text) as T); // prettier-ignore

describe('an evaluation of a config', () => {
  let report: Json;
  beforeAll(async () => {
    report = await evaluate('sums.yaml');
  });

  it('knows what the model learnt by heart', () => {
    expect(report.scores).toMatchObject({
      exact_match: 1,
      exact_match_strict: 1,
      exact_match_flexible: 1,
    });
    expect(report.scores['perplexity']).toBeLessThan(1.2);
    expect(report.scores['rougeL']).toBeGreaterThan(0.99);
    expect(report.bleu!.signature).toBe(
      'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0',
    );
  });

  it("lies beside the run, with the notebook's summary", () => {
    expect(report.dir.startsWith(join(run, 'evaluations'))).toBe(true);
    const summary = JSON.parse(readFileSync(join(report.dir, 'metrics.json'), 'utf8')) as object;
    expect(Object.keys(summary)).toEqual(['timestamp', 'model_name', 'metrics']);
    expect(summary).toMatchObject({
      timestamp: expect.stringMatching(/^\d{8}_\d{6}$/) as string,
      metrics: { exact_match_score: 1, rouge_scores: { rouge1: { precision: 1, recall: 1 } } },
    });
  });

  it('stores every sample with prompt, output, answers, scores and losses', () => {
    const samples = linesOf<EvaluationSample>(report.dir, 'samples.jsonl');
    expect(samples.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(samples[0]).toMatchObject({
      prompt: `### Question:\n${SUMS[0][0]}\n\n### Answer:\n`,
      expected: '7',
      strict: { answer: '7', isRight: true },
      arithmetic: [{ note: '3+4=7', problem: null }],
      flags: [],
    });
    const losses = linesOf<{ tokens: string[]; losses: number[] }>(report.dir, 'tokens.jsonl');
    for (const { tokens, losses: each } of losses) expect(each.length).toBe(tokens.length);
  });

  it('is repeated to the last character by its own config', async () => {
    const again = await evaluate(join(report.dir, 'config.yaml'));
    expect(again.scores).toEqual(report.scores);
    expect(linesOf(again.dir, 'samples.jsonl')).toEqual(linesOf(report.dir, 'samples.jsonl'));
  });

  it('gives the same answers one by one and by every backend', async () => {
    const outputs = (json: Json) =>
      linesOf<EvaluationSample>(json.dir, 'samples.jsonl').map(({ output }) => output);
    for (const args of [
      ['--batch-size', '1'],
      ['--backend', 'batch'],
      ['--backend', 'nocache'],
    ])
      expect(outputs(await evaluate('sums.yaml', ...args))).toEqual(outputs(report));
  });

  it('writes a test for each sample', async () => {
    const data = write('wrong.jsonl', `${JSON.stringify({ question: SUMS[0][0], answer: 'a & b\n#### 8' })}\n`); // prettier-ignore
    await evaluate('sums.yaml', '--data', data, '--junit', join(line.folder, 'junit.xml'));
    const xml = readFileSync(join(line.folder, 'junit.xml'), 'utf8');
    expect(xml).toContain('tests="1" failures="1"');
    expect(xml).toContain('message="expected 8, answered 7"');
    expect(xml).toContain('a &amp; b');
  });
});

describe('an evaluation of a run or a folder', () => {
  it('needs nothing but data', async () => {
    const checkpoint = join(run, 'checkpoints', readdirSync(join(run, 'checkpoints')).sort().at(-1)!); // prettier-ignore
    for (const model of ['latest', checkpoint]) {
      const { scores, plan } = await evaluate(model, '--data', 'sums.jsonl', '--samples', '2');
      expect(scores['exact_match']).toBe(1);
      expect(plan.indices).toEqual([0, 1]);
    }
  });

  it('tells what happens as it happens', async () => {
    const { stdout } = await line.run('evaluate', 'sums.yaml', '--only', '2,1', '--events');
    const events = stdout.trim().split('\n').map(text => JSON.parse(text) as EvaluationEvent); // prettier-ignore
    const types = events.map(({ type }) => type);
    expect(types[0]).toBe('progress');
    expect(types).toContain('started');
    expect(types.at(-1)).toBe('done');
    const samples = events.flatMap(event => (event.type === 'sample' ? event.sample.index : []));
    expect(samples).toEqual([1, 2]);
  });

  it('tells the perplexity of plain text alone', async () => {
    const text = write('text.txt', 'Tom has 3 and gets 4. '.repeat(30));
    const { scores, metrics, results, notes } = await evaluate('latest', '--data', text, '--stride', '40'); // prettier-ignore
    expect(Object.keys(scores)).toEqual(['perplexity']);
    expect(metrics.exact_match_score).toBeNull();
    const { value, interval } = results[0]!;
    expect(interval![0]).toBeLessThan(value);
    expect(interval![1]).toBeGreaterThan(value);
    expect(notes.join()).toContain('batch means over 13 blocks');
  });

  it('reads Vietnamese in the form of the notebook, reasoning and answer apart', async () => {
    const row = { question: 'Mai có mấy quả?', explanation: 'Mai có 3 quả.', answer: 'Đáp số: 3' };
    const data = write('vi.jsonl', `${JSON.stringify(row)}\n`);
    const args = ['--prompt', '{question}\n', '--completion', '{explanation}\n### {answer|digits}'];
    const { plan, notes, dir } = await evaluate('latest', '--data', data, ...args);
    expect(plan.extract).toBe('marker');
    expect(linesOf<EvaluationSample>(dir, 'samples.jsonl')[0]).toMatchObject({
      expected: '3',
      compared: { reference: 'Mai có 3 quả.' },
    });
    expect(notes.join('\n')).toContain('letters other than a–z');
  });
});

describe('stopped', () => {
  it('an evaluation goes on where it was, and ends as one that was never stopped', async () => {
    const whole = await evaluate('sums.yaml', '--batch-size', '1');
    const out = join(line.folder, 'stopped');
    const { child, finished } = line.start('evaluate', 'sums.yaml', '--batch-size', '1', '--out', out, '--events'); // prettier-ignore
    child.stdout!.on('data', (text: Buffer) => {
      if (String(text).includes('"type":"sample"')) child.kill('SIGKILL');
    });
    await finished;
    const dir = join(out, readdirSync(out)[0]!);
    expect(existsSync(join(dir, 'report.json'))).toBe(false);
    const before = readFileSync(join(dir, 'samples.jsonl'), 'utf8');
    writeFileSync(join(dir, 'samples.jsonl'), `${before}{"index": 2, "torn`);
    const resumed = await evaluate('--resume', dir);
    expect(resumed.dir).toBe(dir);
    expect(resumed.scores).toEqual(whole.scores);
    expect(linesOf(dir, 'samples.jsonl')).toEqual(linesOf(whole.dir, 'samples.jsonl'));
  });

  it('one whose settings are others does not go on', async () => {
    const { dir } = await evaluate('sums.yaml');
    const { code, stderr } = await line.run('evaluate', '--resume', dir, '--seed', '7');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error evaluate\.changed: /);
  });
});

describe('the gate', () => {
  const ASKED = ['--data', 'sums.jsonl', '--max-new-tokens', '40'];
  let good: Json;
  let bad: Json;
  beforeAll(async () => {
    good = await evaluate('sums.yaml');
    bad = await evaluate('latest', '--runs', 'young-runs', ...ASKED);
  });

  it('lets an equal model pass', async () => {
    const { comparison } = await evaluate('sums.yaml', '--baseline', good.dir);
    expect(comparison).toMatchObject({ verdict: 'same', paired: 4 });
  });

  it.each<[string, () => string]>([
    ['a folder', () => good.dir],
    ['a report', () => join(good.dir, 'report.json')],
    ['what --json said', () => write('good.json', JSON.stringify(good))],
    [
      "the notebook's summary alone",
      () => {
        mkdirSync(join(line.folder, 'alone'), { recursive: true });
        const text = readFileSync(join(good.dir, 'metrics.json'), 'utf8');
        return write(
          'alone/metrics.json',
          text.replace(/"perplexity": [\d.]+/, '"perplexity": 0.001'),
        );
      },
    ],
  ])('ends with exit code 1 against %s of a better one', async (_name, baseline) => {
    expect(bad.scores['perplexity']).toBeGreaterThan(1.5 * good.scores['perplexity']!);
    const args = ['evaluate', 'latest', '--runs', 'young-runs', ...ASKED];
    const { code, stdout } = await line.run(...args, '--baseline', baseline(), '--json');
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as Json).comparison?.verdict).toBe('worse');
  });

  it('refuses a baseline that is none', async () => {
    const { code, stderr } = await line.run('evaluate', 'sums.yaml', '--baseline', 'sums.jsonl');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error evaluate\.bad-baseline: /);
  });
});

describe('bad input', () => {
  const empty = () => write('empty.jsonl', '');
  const strange = () => write('strange.jsonl', '{"a": 1}\n');
  const noAnswer = () => write('no-answer.jsonl', '{"question": "x"}\n');
  it.each<[string, () => string[], string]>([
    ['no data', () => ['latest'], 'evaluate.no-data'],
    ['data that are not there', () => ['latest', '--data', 'nowhere.jsonl'], 'disk.missing'],
    ['data without examples', () => ['latest', '--data', empty()], 'evaluate.no-examples'],
    ['records of no known form', () => ['latest', '--data', strange()], 'data.missing-field'],
    ['references that are missing', () => ['latest', '--data', noAnswer(), '--format', 'gsm8k'], 'data.missing-field'], // prettier-ignore
    ['a template that fails', () => ['latest', '--data', 'sums.jsonl', '--prompt', '{nothing}'], 'data.missing-field'], // prettier-ignore
    ['a template that is none', () => ['latest', '--data', 'sums.jsonl', '--prompt', '{'], 'config.bad-template'], // prettier-ignore
    ['a chat with a model that has no template', () => ['latest', '--data', 'sums.jsonl', '--format', 'chat'], 'chat.no-template'], // prettier-ignore
    ['an example that is not there', () => ['sums.yaml', '--only', '99'], 'evaluate.no-such-example'], // prettier-ignore
    ['a setting out of range', () => ['sums.yaml', '--batch-size', '0'], 'evaluate.bad-option'],
    ['a budget of no time', () => ['sums.yaml', '--agent', 'math', '--agent-seconds', '0'], 'evaluate.bad-option'], // prettier-ignore
    ['an unknown metric', () => ['sums.yaml', '--metrics', 'meteor'], 'evaluate.bad-option'],
    ['an unknown run', () => ['nobody', '--data', 'sums.jsonl'], 'run.unknown'],
    ['nothing at all', () => [], 'evaluate.no-model'],
  ])('%s is told, with exit code 2', async (_name, args, problem) => {
    const { code, stdout, stderr } = await line.run('evaluate', ...args(), '--json');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(new RegExp(`^error ${problem.replace('.', '\\.')}: `));
  });

  it('a model that never ends is cut off, counted and said', async () => {
    const { flags, notes } = await evaluate('sums.yaml', '--max-new-tokens', '5');
    expect(flags.unfinished).toBe(4);
    expect(notes.join()).toContain('cut off at 5 new tokens');
  });

  it('a model that takes longer than it may fails, and can go on', async () => {
    const out = join(line.folder, 'late');
    const args = ['evaluate', 'sums.yaml', '--batch-size', '1', '--max-seconds', '0.001'];
    const { code, stderr } = await line.run(...args, '--out', out);
    expect(code).toBe(1);
    expect(stderr).toMatch(/error evaluate\.time-limit: \d of 4 /);
  });

  it('a model that gives NaN is told', async () => {
    const checkpoint = join(run, 'checkpoints', readdirSync(join(run, 'checkpoints')).sort().at(-1)!); // prettier-ignore
    const folder = join(line.folder, 'nan');
    mkdirSync(folder);
    for (const name of readdirSync(checkpoint))
      if (/\.json$|^model/.test(name)) writeFileSync(join(folder, name), readFileSync(join(checkpoint, name))); // prettier-ignore
    const weights = readFileSync(join(folder, 'model.safetensors'));
    const header = 8 + Number(weights.readBigUInt64LE(0));
    for (let i = header; i + 4 <= weights.length; i += 4) weights.writeFloatLE(NaN, i);
    writeFileSync(join(folder, 'model.safetensors'), weights);
    const { code, stderr } = await line.run('evaluate', folder, '--data', 'sums.jsonl');
    expect(code).toBe(2);
    expect(stderr).toMatch(/error evaluate\.not-finite: /);
  });

  it('a config that only evaluates does not train', async () => {
    write('own.yaml', 'weightroom: 1\nevaluate: { model: sums, data: sums.jsonl }\n');
    const { code, stderr } = await line.run('train', 'own.yaml');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error config\.kind: .*weightroom evaluate/);
    const { plan } = await evaluate('own.yaml', '--samples', '1');
    expect(plan satisfies EvaluationPlan).toMatchObject({ name: 'own', model: { step: 400 } });
  });
});

describe('an agent', () => {
  interface Result {
    final: string;
    answer: string | null;
    good: boolean;
    reason: string;
    steps: AgentStep[];
    tally: { answer: string | null; votes: number }[];
  }
  const ask = async (...args: string[]): Promise<Result> => {
    const question = ['--question', SUMS[2][0]];
    const { code, stdout, stderr } = await line.run('agent', 'latest', ...question, ...args, '--json'); // prettier-ignore
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout) as Result;
  };

  it('computes what stands after <<, and writes its trace', async () => {
    const trace = join(line.folder, 'trace.jsonl');
    const result = await ask('--agent', 'calculator', '--temperature', '0', '--trace', trace);
    expect(result).toMatchObject({ answer: '10', good: true, reason: 'good' });
    expect(result.steps[0]!.calls).toEqual([
      expect.objectContaining({ expression: '5+5', result: '10', problem: null }),
    ]);
    const types = linesOf<{ type: string }>('', trace).map(({ type }) => type);
    expect(types).toEqual(['agent', 'step', 'end']);
  });

  it('asks again with its critique until its steps are used up', async () => {
    const { steps, reason } = await ask('--agent', 'slm', '--steps', '2', '--max-new-tokens', '8');
    expect(reason).toBe('steps');
    expect(steps.length).toBe(2);
    expect(steps[1]!.prompt).toContain('\n\nCritique:\n');
    expect(steps[1]!.croppedTokens).toBeGreaterThan(0);
  });

  it("judges the prompt too where the notebook's rule is asked for", async () => {
    const { steps, final } = await ask('--agent', 'math', '--judge', 'whole', '--steps', '1');
    expect(final.startsWith('Solve the following problem step by step.')).toBe(true);
    expect(steps.length).toBe(1);
  });

  it('lets several answers vote', async () => {
    const { tally, answer, reason, steps } = await ask('--agent', 'calculator', '--votes', '3', '--temperature', '0.3'); // prettier-ignore
    expect(reason).toBe('voted');
    expect(tally.reduce((sum, { votes }) => sum + votes, 0)).toBe(3);
    expect(tally[0]!.answer).toBe(answer);
    expect(new Set(steps.map(({ vote }) => vote)).size).toBe(3);
  });

  it('stays within its budget of tokens', async () => {
    const { reason, steps } = await ask('--agent', 'slm', '--max-tokens', '10', '--steps', '9');
    expect(reason).toBe('tokens');
    expect(steps.reduce((sum, { newTokens }) => sum + newTokens, 0)).toBeLessThanOrEqual(10);
  });

  it('answers a data set like any model', async () => {
    const { scores, plan, dir, notes } = await evaluate('sums.yaml', '--agent', 'calculator');
    expect(scores['exact_match']).toBe(1);
    expect(plan.agent).toBe('calculator');
    expect(notes.join()).toContain('agent `calculator`');
    const records = linesOf<{ index: number; type: string }>(dir, 'traces.jsonl');
    expect(records.filter(({ type }) => type === 'end').map(({ index }) => index)).toEqual([0, 1, 2, 3]); // prettier-ignore
  });

  it('stays within the budget of the config for each question of a data set', async () => {
    const keys =
      'agent: slm, agent_steps: 9, agent_tokens: 10, agent_seconds: 1000, temperature: 0.8';
    const config = write('budget.yaml', CONFIG.replace('max_new_tokens: 90,', `${keys}, model: latest,`)); // prettier-ignore
    const { plan, notes, dir } = await evaluate(config);
    expect(plan.agentBudget).toEqual({ steps: 9, tokens: 10, seconds: 1000 });
    expect(notes.join()).toContain('within 9 tries, 10 tokens, 1000 s for each question');
    const ends = linesOf<AgentRecord>(dir, 'traces.jsonl').filter(({ type }) => type === 'end');
    expect(ends).toHaveLength(4);
    for (const end of ends) {
      expect(end).toMatchObject({ reason: 'tokens' });
      expect((end as AgentEnd).newTokens).toBeLessThanOrEqual(10);
    }
  });

  it('ends when the time for its question is over', async () => {
    const args = ['--agent', 'slm', '--agent-steps', '900', '--agent-seconds', '0.001'];
    const { dir } = await evaluate('sums.yaml', ...args, '--samples', '1');
    const end = linesOf<AgentRecord>(dir, 'traces.jsonl').at(-1);
    expect(end).toMatchObject({ type: 'end', reason: 'time' });
  });

  it('is told that a question is missing', async () => {
    const { code } = await line.run('agent', 'latest', '--agent', 'math');
    expect(code).toBe(2);
  });
});
