import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { activate, inWorkspace, remove, until, workspaceFolder, writeText } from './scene';

const folder = inWorkspace('tt');
const raised = vscode.Uri.file(`${folder}/bank_manager.cpp`);
const NUMBERS =
  'Not enough space to allocate 117440512 B DRAM buffer across 12 banks, where each bank needs to store 9787392 B, but bank size is only 1071181792 B';

describe('out-of-memory messages of a task', () => {
  before(async () => {
    writeText(raised.fsPath, '// one\n// two\n// three\n');
    await activate();
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    remove(folder);
  });

  it('go to Problems, with a light bulb that explains them', async () => {
    const lines = [
      'TT_FATAL @ tt/bank_manager.cpp:2: address.has_value()',
      'info:',
      `Out of Memory: ${NUMBERS}`,
    ];
    // Not at once: VS Code begins to read after a task began to write.
    const code = `setTimeout(() => console.log(${JSON.stringify(lines.join('\n'))}), 4000)`;
    const task = new vscode.Task(
      { type: 'process' },
      workspaceFolder(),
      'a device that is full',
      'test',
      new vscode.ProcessExecution(process.execPath, ['-e', code], {
        env: { ELECTRON_RUN_AS_NODE: '1' },
      }),
      '$weightroom-oom',
    );
    task.presentationOptions = { panel: vscode.TaskPanelKind.New };
    await vscode.tasks.executeTask(task);
    const [problem] = await until(() => {
      const found = vscode.languages.getDiagnostics(raised);
      return found.length > 0 && found;
    });
    assert.equal(problem?.message, NUMBERS);
    assert.equal(problem.range.start.line, 1);
    assert.equal(problem.source, 'weightroom-oom');

    await vscode.workspace.openTextDocument(raised);
    const explained = await until(async () => {
      const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
        'vscode.executeCodeActionProvider',
        raised,
        problem.range,
      );
      return actions.find(({ command }) => command?.command === 'weightroom.memory.explain');
    });
    const { command, arguments: given = [] } = explained.command!;
    await vscode.commands.executeCommand(command, ...(given as unknown[]));
    const text = await until(() =>
      vscode.window.activeTextEditor?.document.getText().includes('117\u2009440\u2009512'),
    );
    assert(text);
  });
});
