/** Runs on examples: epochs, strategies, early stopping, what is refused and what is said. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LayerError, RunEvent } from '../../src/protocol/runEvent';
import { itWithData } from '../engine/data/publicData';
import { eventsIn, openCommandLine } from './commandLine';

const cli = openCommandLine();
const { folder } = cli;
const MODEL = 'model: { family: slm, block_size: 32, n_layer: 1, n_head: 2, n_embed: 16 }';
mkdirSync(join(folder, 'data'), { recursive: true });
writeFileSync(
  join(folder, 'data', 'sums.jsonl'),
  Array.from({ length: 60 }, (_, i) =>
    JSON.stringify({ prompt: `${i % 10}+${i % 7}=`, completion: `${(i % 10) + (i % 7)}` }),
  ).join('\n'),
);

interface Config {
  name: string;
  model?: string;
  data?: string;
  train: string;
}

function config({ name, model = MODEL, data = '', train }: Config): string {
  const path = join(folder, `${name}.yaml`);
  const lines = [
    'weightroom: 1',
    model,
    `data: { train: data/sums.jsonl, format: completion, tokenizer: bytes, validation_fraction: 0.2${data} }`,
    `train: { batch_size: 2, learning_rate: 1e-2, ${train} }`,
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function train(path: string) {
  const { code, stdout, stderr } = await cli.run('train', path, '--json');
  return { code, stderr, events: eventsIn(stdout) };
}

const only = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);

describe('a run on examples', () => {
  it('goes through them as often as asked, and evaluates and saves at the end of each time', async () => {
    const path = config({
      name: 'epochs',
      train: 'epochs: 3, eval_strategy: epoch, save_strategy: epoch, keep_checkpoints: 9',
    });
    const { code, events } = await train(path);
    expect(code).toBe(0);
    const [length] = only(events, 'length');
    const { max_steps, steps_per_epoch } = length!;
    expect(max_steps).toBe(3 * steps_per_epoch);
    expect(only(events, 'step')).toHaveLength(max_steps);
    const ends = [1, 2, 3].map(epoch => epoch * steps_per_epoch);
    expect(only(events, 'eval').map(e => e.step)).toEqual([0, ...ends]);
    expect(only(events, 'checkpoint').map(e => e.step)).toEqual(ends);
    const [first, ...others] = only(events, 'eval');
    expect(others.at(-1)!.loss).toBeLessThan(first!.loss - 1);
  });

  it('stops when evaluations get no better, with the best checkpoint kept', async () => {
    const path = config({
      name: 'early',
      train:
        'max_steps: 400, eval_every: 5, save_every: 0, early_stopping_patience: 2, early_stopping_threshold: 0.05, load_best_at_end: true',
    });
    const { code, events } = await train(path);
    expect(code).toBe(0);
    const evaluations = only(events, 'eval');
    expect(evaluations.slice(-3).map(e => e.best)).toEqual([true, false, false]);
    expect(only(events, 'end')[0]!.step).toBeLessThan(400);
    const codes = only(events, 'notice').map(e => e.code);
    expect(codes).toEqual(['train.early-stop', 'train.best']);
    const best = evaluations.findLast(e => e.best)!.step;
    expect(only(events, 'checkpoint').map(e => e.step)).toContain(best);
    const run = readdirSync(join(folder, 'runs')).find(name => name.endsWith('-early'))!;
    const kept = join(folder, 'runs', run, 'checkpoints', `step-${String(best).padStart(6, '0')}`);
    expect(existsSync(kept)).toBe(true);
  });

  it('tells which examples are cut, and leaves out those that are cut before the answer', async () => {
    const long = JSON.stringify({ prompt: 'x'.repeat(60), completion: '1' });
    const cut = JSON.stringify({ prompt: '1+1=', completion: '2'.repeat(60) });
    const text = readFileSync(join(folder, 'data', 'sums.jsonl'), 'utf8');
    writeFileSync(join(folder, 'data', 'long.jsonl'), `${long}\n${cut}\n${text}`);
    const path = config({ name: 'cut', train: 'max_steps: 2' });
    writeFileSync(path, readFileSync(path, 'utf8').replace('sums.jsonl', 'long.jsonl'));
    const { events } = await train(path);
    expect(only(events, 'notice').map(e => e.message)).toEqual([
      '1 of 50 examples are cut at 32 tokens before the answer begins and are left out.',
      '1 of 50 examples are cut at 32 tokens.',
    ]);
  });

  const refused: [string, string, string][] = [
    [
      'nothing follows the response template',
      ", response_template: '### Answer:'",
      'data.no-response',
    ],
    ['every answer is cut off', ', max_length: 3', 'data.cut-before-answer'],
    ['a field is missing', ", completion: '{answer}'", 'data.missing-field'],
  ];
  it.each(refused)('fails before the first step when %s', async (_, data, code) => {
    const path = config({ name: code.replace('.', '-'), data, train: 'max_steps: 2' });
    const { code: exit, events } = await train(path);
    expect(exit).toBe(2);
    const [end] = only(events, 'end');
    expect(end).toMatchObject({ outcome: 'failed', step: 0, problem: { code } });
  });

  const nf4 = 'adapter: { kind: lora, r: 4, targets: [qkv, fc], dropout: 0.1, quantization: nf4 }';
  it.each([
    ['adamw', ''],
    ['adamw8bit', ''],
    ['paged_adamw8bit', ''],
    ['adamw', nf4],
  ])('goes on to the same bits after a stop in an epoch with %s %s', async (optimizer, adapter) => {
    const settings = `epochs: 4, eval_strategy: epoch, save_every: 5, keep_checkpoints: 9, gradient_checkpointing: true, optimizer: ${optimizer}`;
    const model = `${MODEL.replace('n_embed: 16', 'n_embed: 64')}\n${adapter}`;
    const suffix = `${optimizer}${adapter && '-nf4'}`;
    const whole = await train(config({ name: `whole-${suffix}`, model, train: settings }));
    const steps = only(whole.events, 'step');
    const path = config({ name: `halves-${suffix}`, model, train: settings });
    const { child, finished } = cli.start('train', path, '--json');
    child.stdout!.on('data', (chunk: string | Buffer) => {
      if (String(chunk).includes('"step":7,')) child.kill('SIGINT');
    });
    await finished;
    const run = readdirSync(join(folder, 'runs')).find(name => name.endsWith(`-halves-${suffix}`))!;
    await cli.run('resume', run, '--json');
    const log = readFileSync(join(folder, 'runs', run, 'events.jsonl'), 'utf8');
    const both = only(eventsIn(log), 'step');
    const losses = new Map(both.map(e => [e.step, e.loss]));
    expect(steps.map(e => losses.get(e.step))).toEqual(steps.map(e => e.loss));
    const shown = await cli.run('runs', 'show', run, '--json');
    const { layer_errors: layers } = JSON.parse(shown.stdout) as { layer_errors: LayerError[] };
    if (adapter === '') return expect(layers).toEqual([]);
    const notice = only(whole.events, 'notice').find(({ code }) => code === 'quantization.error')!;
    const told = [...notice.layers!].sort((a, b) => b[1] - a[1]);
    expect(layers).toEqual(told);
    expect(notice.message).toContain(`${told.length} layers`);
    expect(notice.message).toContain(`in ${told[0]![0]}.`);
    const { stdout } = await cli.run('runs', 'show', run, '--layers', '1');
    expect(stdout).toMatch(
      new RegExp(
        `worst first:\\n  layer +error\\n  ${told[0]![0]} +[0-9.]+ %\\n  and ${told.length - 1} more`,
      ),
    );
  });
});

describe('a run from a model of somebody else', () => {
  itWithData(
    'models/gpt2-shakespeare/config.json',
    "uses the model's own tokenizer, and keeps it with what it trained",
    async path => {
      const dir = join(path, '..');
      const run = config({
        name: 'own',
        model: `model: { from: ${JSON.stringify(join(process.cwd(), dir))} }`,
        train: 'max_steps: 2, eval_every: 0',
      });
      writeFileSync(
        run,
        readFileSync(run, 'utf8').replace(' tokenizer: bytes,', ' max_length: 64,'),
      );
      const { code, events, stderr } = await train(run);
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const checkpoint = join(
        folder,
        'runs',
        only(events, 'start')[0]!.run,
        'checkpoints/step-000002',
      );
      expect(existsSync(join(checkpoint, 'tokenizer.json'))).toBe(true);
      const said = await cli.run(
        'generate',
        checkpoint,
        '--prompt',
        '1+1=',
        '--max-new-tokens',
        '2',
        '--json',
      );
      expect(said.code).toBe(0);
    },
  );
});

describe('what says which evaluation is best', () => {
  it('is the accuracy where the config says so', async () => {
    const path = config({
      name: 'accuracy',
      train: 'max_steps: 40, eval_every: 10, metric_for_best_model: accuracy, save_strategy: best',
    });
    const { code, events } = await train(path);
    expect(code).toBe(0);
    const evaluations = only(events, 'eval');
    const best = Math.max(...evaluations.map(e => e.accuracy!));
    expect(best).toBeGreaterThan(0);
    expect(best).toBeLessThanOrEqual(1);
    const last = evaluations.filter(e => e.best).at(-1)!;
    expect(last.accuracy).toBe(best);
  });

  it('is known once more when a run is stopped to keep its best', async () => {
    const path = config({ name: 'keep', train: 'max_steps: 100000, eval_every: 0, save_every: 0' });
    const { child, finished } = cli.start('train', path, '--json');
    let asked: Promise<unknown> | undefined;
    child.stdout!.on('data', (chunk: string | Buffer) => {
      if (!asked && String(chunk).includes('"step":30,'))
        asked = cli.run('stop', 'keep', '--best', '--no-wait');
    });
    const { stdout } = await finished;
    await asked;
    const events = eventsIn(stdout);
    const [end] = only(events, 'end');
    expect(end!.outcome).toBe('stopped');
    expect(only(events, 'eval').at(-1)!.step).toBe(end!.step);
    expect(only(events, 'checkpoint').at(-1)!.step).toBe(end!.step);
    expect(only(events, 'notice').map(e => e.code)).toContain('train.best');
  });
});
