/** The command that the sandbox copies writes the same text again, through a real shell. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pickedAdapter } from '../../../src/host/sandbox/describeModel';
import type { Sampling } from '../../../src/protocol/sandboxView';
import { bundle } from '../../durability/bundle';
import { madeAdapter } from '../../webview/madeAdapter';
import { PROBLEM, sandboxScene } from './sandboxScene';

const scenes = sandboxScene();
const { late, chat } = scenes.models;
const cli = bundle('src/cli/main.ts');
type Scene = Awaited<ReturnType<typeof scenes.start>>;

/** Ids that the copied command writes. */
async function repeated(scene: Scene): Promise<number[]> {
  const column = scene.session.document.columns[0]!.id;
  await scene.ask('copy', { column, what: 'command' });
  const command = String(scene.calls.findLast(([name]) => name === 'copy')![1]);
  expect(command).toMatch(/^weightroom generate /);
  const { stdout, stderr } = spawnSync('sh', ['-c', `"$NODE" "$CLI"${command.slice(10)} --json`], {
    cwd: scenes.workspace,
    env: { ...process.env, NODE: process.execPath, CLI: cli },
    encoding: 'utf8',
  });
  const line = stdout.split('\n').find(text => text.includes('"generation"'));
  if (line === undefined) throw new Error(stderr);
  return (JSON.parse(line) as { continuation: { ids: number[] } }).continuation.ids;
}

const written = (scene: Scene) => scene.outcome().tokens.map(token => token.id);

describe('the copied command', () => {
  it.each<[string, string, Partial<Sampling>]>([
    ['with the usual settings', PROBLEM, {}],
    ['greedily', PROBLEM, { greedy: true }],
    [
      'with every rule',
      `It's a "test"\nof $HOME \`ls\` \\n!`,
      { temperature: 1.3, topK: 12, topP: 0.8, minP: 0.02, repetitionPenalty: 1.2, seed: 99 },
    ],
    ['with stop texts', PROBLEM, { greedy: true, stop: ['####', `'`], maxTokens: 90 }],
    ['of a prompt like an option', '--seed 3', {}],
  ])('repeats a text %s', async (_, prompt, sampling) => {
    const scene = await scenes.start(late);
    await scene.ask('edit', { prompt });
    await scene.sample(sampling);
    await scene.ask('generate', { column: null });
    await scene.written();
    expect(await repeated(scene)).toEqual(written(scene));
  });

  it('repeats a text of several adapters, each with its weight', async () => {
    const folder = join(scenes.workspace, '..', `adapters-${process.pid}`);
    try {
      const dirs = ['one', 'its other'].map((name, i) =>
        madeAdapter(join(folder, name), late.dir, i + 1),
      );
      const adapters = dirs.map((dir, i) => ({
        ...pickedAdapter({ dir, title: dir, short: dir }, { labelOf: path => path }),
        weight: [0.7, 1.5][i]!,
      }));
      const scene = await scenes.start(late);
      await scene.ask('generate', { column: null });
      await scene.written();
      const plain = written(scene);
      await scene.session.show({ ...late, adapters }, 'instead');
      await scene.ask('generate', { column: null });
      await scene.written();
      expect(written(scene)).not.toEqual(plain);
      expect(await repeated(scene)).toEqual(written(scene));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('repeats a branch', async () => {
    const scene = await scenes.start(late);
    await scene.ask('generate', { column: null });
    await scene.written();
    const { tokens } = scene.outcome();
    const other = tokens[2]!.alternatives.find(({ id }) => id !== tokens[2]!.id)!;
    const column = scene.session.document.columns[0]!.id;
    await scene.ask('branch', { column, at: 2, token: other.id });
    await scene.written();
    expect(await repeated(scene)).toEqual(written(scene).slice(3));
  });

  it('repeats an answer of a chat, in few bits and without a cache', async () => {
    const scene = await scenes.start(chat);
    const column = scene.session.document.columns[0]!.id;
    const run = { backend: 'batch', device: 'cpu', bits: 8 } as const;
    await scene.ask('setColumn', { column, run });
    await scene.ask('edit', { mode: 'chat', message: "What's 2 + 2?" });
    await scene.ask('generate', { column: null });
    await scene.written();
    expect(scene.outcome().status.kind).toBe('ended');
    expect(await repeated(scene)).toEqual(written(scene));
  });
});
