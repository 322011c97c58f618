import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { TINY_CONFIG, activate, extension, inWorkspace, remove, writeText } from './scene';

const folder = inWorkspace('tasks');
const name = 'a b; $(touch hacked) -x.yaml';

describe('tasks', () => {
  before(async () => {
    writeText(join(folder, name), TINY_CONFIG);
    writeText(join(folder, 'other.yaml'), 'version: 3\n');
    await activate();
  });
  after(() => remove(folder));

  it('train and prepare each config of the workspace, and no other file', async () => {
    const tasks = await vscode.tasks.fetchTasks({ type: 'weightroom' });
    const names = tasks.map(task => task.name).filter(task => task.includes('tasks/'));
    assert.deepEqual(names.sort(), [`prepare tasks/${name}`, `train tasks/${name}`]);
  });

  it('start the command line without a shell, each argument as it is', async () => {
    const tasks = await vscode.tasks.fetchTasks({ type: 'weightroom' });
    const task = tasks.find(one => one.name === `train tasks/${name}`);
    const execution = task?.execution;
    assert(execution instanceof vscode.ProcessExecution);
    const cli = join(extension().extensionPath, 'dist', 'cli.cjs');
    assert.deepEqual(execution.args, [cli, 'train', join(folder, name)]);
    assert.equal(execution.options?.cwd, inWorkspace());
  });

  it('can be written into tasks.json', async () => {
    const definition = { type: 'weightroom', command: 'train', config: `tasks/${name}` };
    writeText(
      inWorkspace('.vscode', 'tasks.json'),
      JSON.stringify({ version: '2.0.0', tasks: [{ ...definition, label: 'mine' }] }),
    );
    try {
      let mine: vscode.Task | undefined;
      while (!mine) {
        mine = (await vscode.tasks.fetchTasks()).find(task => task.name === 'mine');
      }
      assert.equal(mine.definition['config'], definition.config);
    } finally {
      remove(inWorkspace('.vscode'));
    }
  });
});
