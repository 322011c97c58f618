import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { disk } from '../../src/engine/files/fileSystem';
import { readConfig } from '../../src/engine/config/readConfig';
import { readSafetensors } from '../../src/engine/formats/safetensors';
import { saveCheckpoint } from '../../src/engine/run/checkpoint';
import { newestCheckpoint } from '../../src/engine/run/checkpointList';
import { createRunFolder, readRun } from '../../src/engine/run/runFolder';
import { hashJson } from '../../src/engine/run/validateResume';
import { sampleCheckpoint } from '../durability/sampleCheckpoint';
import { eventsIn, openCommandLine, writeTinyConfig } from './commandLine';

const cli = openCommandLine();
const { folder } = cli;
const runDirOf = (name: string) =>
  join(
    folder,
    'runs',
    readdirSync(join(folder, 'runs')).find(id => id.endsWith(`-${name}`))!,
  );
const logOf = (name: string) => readFileSync(join(runDirOf(name), 'events.jsonl'), 'utf8');

describe('train', () => {
  it('prints with --json the very lines of the log and nothing else', async () => {
    const config = writeTinyConfig(folder, { name: 'json', maxSteps: 30 });
    const { code, stdout, stderr } = await cli.run('train', config, '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(logOf('json'));
    const events = eventsIn(stdout);
    expect(events.map(e => e.seq)).toEqual(events.map((_, i) => i));
    expect(events[0]).toMatchObject({ type: 'start', name: 'json', max_steps: 30 });
    const steps = events.filter(e => e.type === 'step');
    expect(steps.map(e => e.step)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(steps[0]).toEqual({
      type: 'step',
      step: 0,
      loss: expect.closeTo(5.5, 0),
      lr: expect.any(Number),
      grad_norm: expect.any(Number),
      tokens: 64,
      seconds: expect.any(Number),
      seq: expect.any(Number),
      time: expect.any(Number),
      crc: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    expect(events.at(-1)).toMatchObject({ type: 'end', outcome: 'done', step: 30 });
  });

  it('says in words what happens, and what came of it', async () => {
    const config = writeTinyConfig(folder, { name: 'words', maxSteps: 30 });
    const { code, stdout, stderr } = await cli.run('train', config, '--name', 'said');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^\d{8}-\d{6}-said\n/);
    expect(stdout).toMatch(/step 20: validation loss \d\.\d{3}, the best so far\n/);
    expect(stdout).toMatch(/step 10: saved checkpoints\/step-000010/);
    expect(stdout).toMatch(/Done: 30 steps in .*\. Best validation loss .* at step \d+\.\n$/);
    expect(stdout).not.toContain('\x1b');
  });

  it('ends with 1 and says which batch when the loss is no number any more', async () => {
    const config = writeTinyConfig(folder, {
      name: 'nan',
      maxSteps: 30,
      train: ', clip_grad_norm: 0, warmup_steps: 0',
    });
    writeFileSync(config, readFileSync(config, 'utf8').replace('1e-2', '1e30'));
    const { code, stderr } = await cli.run('train', config);
    expect(stderr).toMatch(/^error train\.non-finite: .* in the batch of windows \[\[/);
    expect(code).toBe(1);
    expect(newestCheckpoint(runDirOf('nan')).skipped).toEqual([]);
  });

  it('goes on when its terminal is gone', async () => {
    const config = writeTinyConfig(folder, { name: 'orphan', maxSteps: 150 });
    const { child, finished } = cli.start('train', config, '--json');
    await new Promise(resolve => child.stdout!.once('data', resolve));
    child.kill('SIGKILL');
    await finished;
    const { code, stdout } = await cli.run('follow', 'orphan', '--json');
    expect(code).toBe(0);
    expect(stdout).toBe(logOf('orphan'));
  });

  it('stops in order on Ctrl+C, and resume brings it to its end', async () => {
    const config = writeTinyConfig(folder, { name: 'stopped', maxSteps: 600 });
    const { child, finished } = cli.start('train', config, '--json');
    let seen = '';
    child.stdout!.on('data', chunk => (seen += String(chunk)));
    while (!seen.includes('"type":"step"')) await sleep(10);
    child.kill('SIGINT');
    const { code, stdout } = await finished;
    expect(code).toBe(130);
    const end = eventsIn(stdout).at(-1);
    expect(end).toMatchObject({ type: 'end', outcome: 'stopped' });
    const { step } = end as { step: number };
    expect(newestCheckpoint(runDirOf('stopped')).checkpoint?.step).toBe(step);

    const resumed = await cli.run('resume', 'stopped', '--json');
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
    expect(logOf('stopped')).toBe(stdout + resumed.stdout);
    expect(eventsIn(resumed.stdout)[0]).toMatchObject({ type: 'start', step });
  });
});

describe('a run in the background', () => {
  it('is listed, refused to a second owner, stopped and resumed', async () => {
    const config = writeTinyConfig(folder, { name: 'back', maxSteps: 3000 });
    const started = await cli.run('train', config, '--detach');
    expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+-back\n$/) });
    while (readRun(runDirOf('back')).state.step === 0) await sleep(10);

    const { stdout: listed } = await cli.run('runs', '--json');
    const runs = listed
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { name: string });
    expect(runs.find(run => run.name === 'back')).toMatchObject({
      status: 'training',
      max_steps: 3000,
    });

    const second = await cli.run('resume', 'back');
    expect(second).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error run\.owned: .*weightroom stop/),
    });

    const stopped = await cli.run('stop', 'back');
    expect(stopped).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/-back: stopped at step \d+\n$/),
    });
    expect((await cli.run('stop', 'back')).stderr).toMatch(/^error run\.not-running/);
    expect((await cli.run('runs')).stdout).toMatch(/-back +stopped +\d/);
  });
});

describe('what a user gets wrong', () => {
  const base = readFileSync(writeTinyConfig(folder, { name: 'base', maxSteps: 10 }), 'utf8');
  writeFileSync(join(folder, 'data/empty.txt'), '');
  writeFileSync(
    join(folder, 'data/large.bin'),
    Uint16Array.from({ length: 99 }, (_, i) => i),
  );
  const bin = (vocabulary: number) =>
    base
      .replace('family: slm', `family: slm, vocab_size: ${vocabulary}`)
      .replace('train: data/base.txt, tokenizer: bytes', 'train: data/large.bin, tokenizer: none');
  const cases: [what: string, config: string, code: string, place: RegExp][] = [
    ['broken YAML', `${base}\n  : [`, 'config.', /bad\.yaml:\d+/],
    [
      'a misspelt key',
      base.replace('n_embed', 'n_embd'),
      'config.unknown-key',
      /bad\.yaml:2 \(model\.n_embd\)/,
    ],
    ['sizes that do not fit', base.replace('n_head: 2', 'n_head: 3'), 'config.', /bad\.yaml:2/],
    [
      'a missing data file',
      base.replace('data/base.txt', 'data/none.txt'),
      'data.missing',
      /bad\.yaml:3 \(data\.train\)/,
    ],
    ['empty data', base.replace('data/base.txt', 'data/empty.txt'), '', /bad\.yaml:3|empty\.txt/],
    ['a token beyond the vocabulary', bin(50), 'data.token-beyond-vocabulary', /large/],
    [
      'a block beyond the data',
      base.replace('block_size: 16', 'block_size: 65536'),
      'config.block-beyond-data',
      /bad\.yaml:2/,
    ],
  ];
  it.each(cases)('%s: is told with its place, exit code 2', async (_, config, errorCode, place) => {
    const path = join(folder, 'bad.yaml');
    writeFileSync(path, config);
    const { code, stdout, stderr } = await cli.run('train', path, '--json');
    expect(stderr).toMatch(new RegExp(`^error ${errorCode.replaceAll('.', '\\.')}`, 'm'));
    expect(stderr).toMatch(place);
    expect(code).toBe(2);
    for (const line of stdout.split('\n').filter(Boolean))
      expect(JSON.parse(line)).toHaveProperty('type');
  });

  it.each([
    [['train', 'nowhere.yaml'], /^error disk\.missing: .*nowhere\.yaml/],
    [['resume', 'nobody'], /^error run\.unknown: .*"nobody"/],
    [['generate', 'nobody'], /^error run\.unknown/],
    [['generate', './none'], /^error model\.none: \.\/none is no model/],
    [['generate', '.', '--top-p', '2'], /from 0 to 1/],
    [['generate', '.', '--stop', ''], /at least one character/],
    [['generate', '.', '--threads', '257'], /256/],
    [['trace', '.', '--ids', 'x'], /--out/],
    [['dance'], /unknown command 'dance'/],
  ])('%o is refused with exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await cli.run(...args);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('resume', () => {
  const stop = async (name: string) => {
    const config = writeTinyConfig(folder, { name, maxSteps: 5000 });
    await cli.run('train', config, '--detach');
    while (readRun(runDirOf(name)).state.step < 12) await sleep(10);
    await cli.run('stop', name);
    return { runDir: runDirOf(name), log: logOf(name) };
  };

  it('refuses, before anything is written, what is not the same run any more', async () => {
    const { runDir, log } = await stop('changed');
    const path = join(runDir, 'config.yaml');
    const config = readFileSync(path, 'utf8');
    writeFileSync(path, config.replace('1e-2', '1e-3'));
    expect(await cli.run('resume', 'changed')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error resume\.config-changed/),
    });
    writeFileSync(path, config);
    appendFileSync(join(folder, 'data/changed.txt'), 'And more.\n');
    expect(await cli.run('resume', 'changed')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error resume\.data-changed/),
    });
    expect(logOf('changed')).toBe(log);
  });

  it('says so when no checkpoint is sound', async () => {
    const { runDir } = await stop('broken');
    for (const step of readdirSync(join(runDir, 'checkpoints')))
      writeFileSync(join(runDir, 'checkpoints', step, 'state.json'), '{}');
    const { code, stderr } = await cli.run('resume', 'broken');
    expect(stderr).toMatch(/^error resume\.no-checkpoint: .* state\.json has 2 bytes/);
    expect(code).toBe(2);
  });

  it('refuses what does not fit, as a start is, unless --anyway', async () => {
    const configPath = writeTinyConfig(folder, { name: 'huge', maxSteps: 10 });
    const configText = readFileSync(configPath, 'utf8').replace('n_embed: 16', 'n_embed: 65536');
    writeFileSync(configPath, configText);
    const { config, name } = readConfig(configText, configPath);
    const parts = { configText, configPath, name, resolved: { config: config! } };
    const runDir = createRunFolder(join(folder, 'runs'), parts);
    const checkpoint = sampleCheckpoint(4);
    const state = { ...checkpoint.state, configHash: hashJson(config) };
    saveCheckpoint(disk, runDir, { ...checkpoint, state });

    const trained = await cli.run('train', configPath);
    expect([trained.code, trained.stdout]).toEqual([2, '']);
    expect(trained.stderr).toMatch(/^error plan\.does-not-fit: .* use a smaller model/);
    const resumed = await cli.run('resume', 'huge');
    expect([resumed.code, resumed.stdout]).toEqual([2, '']);
    expect(resumed.stderr).toMatch(
      /^error plan\.does-not-fit: .* use a smaller model.* A run goes on with the config it has/,
    );
    const anyway = await cli.run('resume', 'huge', '--anyway');
    expect(anyway.stderr).toMatch(/^error resume\.data-changed/);
  });
});

describe('around a run', () => {
  it('plans in numbers', async () => {
    const config = writeTinyConfig(folder, { name: 'plan', maxSteps: 10 });
    const { code, stdout } = await cli.run('plan', config, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ steps: 10, tokensPerStep: 64, tokens: 640 });
    expect((await cli.run('plan', config)).stdout).toMatch(/steps +10\n/);
  });

  it('prepares token bins, and finds them made', async () => {
    const config = writeTinyConfig(folder, { name: 'prepared', maxSteps: 10 });
    const first = await cli.run('prepare', config, '--json');
    const bins = first.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { path: string });
    expect(bins).toMatchObject([
      { role: 'train', tokenizer: 'bytes', dtype: 'uint16' },
      { role: 'validation', tokenizer: 'bytes' },
    ]);
    const { modified } = disk.stat(bins[0]!.path);
    expect(await cli.run('prepare', config, '--json')).toEqual(first);
    expect(disk.stat(bins[0]!.path).modified).toBe(modified);
  });

  it('generates the same text from the same seed', async () => {
    await cli.run('train', writeTinyConfig(folder, { name: 'writer', maxSteps: 20 }));
    const write = (...args: string[]) =>
      cli.run('generate', 'writer', '--prompt', '12 and', '--max-new-tokens', '20', ...args);
    const text = await write('--seed', '1');
    expect(text).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^12 and./) });
    expect(await write('--seed', '1')).toEqual(text);
    expect(await write('--seed', '2')).not.toEqual(text);
    expect(await write('--greedy', '--seed', '3')).toEqual(await write('--temperature', '0'));
  });

  it('continues several lists of ids, each as it would be alone', async () => {
    const model = join(import.meta.dirname, '../fixtures/hf/llama2-tiny');
    const write = async (...lists: string[]) => {
      const prompts = lists.flatMap(list => ['--prompt-ids', list]);
      const args = ['generate', model, ...prompts, '--greedy', '--max-new-tokens', '6'];
      const { code, stdout } = await cli.run(...args);
      expect(code).toBe(0);
      return stdout;
    };
    const [first, second] = [await write('1,32,63'), await write('5,6')];
    expect(await write('1,32,63', '5,6')).toBe(first + second);
  });

  it.each([
    [
      'its adapter',
      '\nadapter: { kind: lora, r: 4, alpha: 8, targets: [q_proj, v_proj] }',
      'adapter_model',
    ],
    ['all of it', '', 'model'],
  ])('fine-tunes a Llama folder, %s', async (_, adapter, file) => {
    const tokens = Uint16Array.from({ length: 4000 }, (_, i) => (i * 31) % 97);
    writeFileSync(join(folder, 'tokens.bin'), tokens);
    const config = join(folder, 'llama.yaml');
    const from = join(import.meta.dirname, '../fixtures/hf/llama2-tiny');
    writeFileSync(
      config,
      `weightroom: 1
model: { from: ${JSON.stringify(from)} }
data: { train: tokens.bin, tokenizer: none }
train: { max_steps: 8, batch_size: 2, learning_rate: 1e-2, warmup_steps: 0, save_every: 8 }${adapter}
`,
    );
    const { code, stdout } = await cli.run('train', config, '--name', file, '--json');
    expect(code).toBe(0);
    const steps = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { type: string; loss: number })
      .filter(({ type }) => type === 'step');
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss);
    const checkpoint = join(runDirOf(file), 'checkpoints', 'step-000008');
    expect(readSafetensors(join(checkpoint, `${file}.safetensors`)).size).toBe(adapter ? 8 : 21);
    const made = await cli.run('generate', file, '--prompt-ids', '1,32,63', '--greedy');
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+(,\d+){255}\n$/) });
  });

  it('refuses an adapter that reaches nothing before a run is made', async () => {
    const config = join(folder, 'llama.yaml');
    writeFileSync(
      config,
      readFileSync(config, 'utf8') + 'adapter: { kind: lora, targets: [c_attn] }\n',
    );
    const { code, stderr } = await cli.run('train', config, '--name', 'never');
    expect(code).toBe(2);
    expect(stderr).toMatch(/adapter.no-target: No linear layer has c_attn/);
    expect(readdirSync(join(folder, 'runs')).some(id => id.endsWith('-never'))).toBe(false);
  });

  it('remembers with a run what its data were', async () => {
    await cli.run('train', writeTinyConfig(folder, { name: 'hashed', maxSteps: 2 }));
    const resolved: unknown = JSON.parse(
      readFileSync(join(runDirOf('hashed'), 'resolved.json'), 'utf8'),
    );
    expect(resolved).toMatchObject({
      name: 'hashed',
      device: 'cpu',
      configHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      dataHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      config: { weightroom: 1 },
    });
  });

  it('traces the reference model to its own logits', async () => {
    const model = join(import.meta.dirname, '../fixtures/slm');
    const out = join(folder, 'traced.safetensors');
    const { code } = await cli.run(
      'trace',
      model,
      '--ids',
      join(model, 'forward.safetensors'),
      '--out',
      out,
      '--grads',
    );
    expect(code).toBe(0);
    const [ours, theirs] = [
      readSafetensors(out),
      readSafetensors(join(model, 'forward.safetensors')),
    ];
    const [a, b] = [
      ours.get('logits')!.data as Float32Array,
      theirs.get('logits')!.data as Float32Array,
    ];
    expect(Math.max(...a.map((x, i) => Math.abs(x - b[i]!)))).toBeLessThan(2e-5);
    expect(ours.get('token_emb.weight')?.shape).toEqual([512, 64]);
  });
});
