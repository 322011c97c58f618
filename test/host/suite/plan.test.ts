import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { TINY_CONFIG, TINY_TEXT, activate, inWorkspace, remove, until, writeText } from './scene';

const folder = inWorkspace('plan-suite');
const config = vscode.Uri.file(`${folder}/tiny.yaml`);

const planDocument = () =>
  vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'weightroom-plan');

describe('the plan of a config', () => {
  before(async () => {
    writeText(config.fsPath, TINY_CONFIG);
    writeText(`${folder}/data/tiny.txt`, TINY_TEXT);
    await activate();
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    remove(folder);
  });

  it('says steps, tokens, parameters, memory and disk before anything starts', async () => {
    await vscode.commands.executeCommand('weightroom.config.plan', config);
    const text = (await until(planDocument)).getText();
    for (const word of ['100\u2009000', 'tokens per step', 'token embedding', 'emory', 'isk']) {
      assert(text.includes(word), `${word} is not in\n${text}`);
    }
  });

  it('follows the config while it is edited', async () => {
    const document = await vscode.workspace.openTextDocument(config);
    const change = new vscode.WorkspaceEdit();
    const start = document.getText().indexOf('100000');
    change.replace(
      config,
      new vscode.Range(document.positionAt(start), document.positionAt(start + 6)),
      '777',
    );
    await vscode.workspace.applyEdit(change);
    await until(() => planDocument()?.getText().includes('777'));
  });

  it('says what is missing while the config is wrong', async () => {
    const wrong = writeText(`${folder}/wrong.yaml`, TINY_CONFIG.replace('tiny.txt', 'gone.txt'));
    await vscode.commands.executeCommand('weightroom.config.plan', wrong);
    const plan = await until(() =>
      vscode.workspace.textDocuments.find(
        ({ uri }) => uri.scheme === 'weightroom-plan' && uri.path.includes('wrong'),
      ),
    );
    assert.match(plan.getText(), /No plan of wrong yet/);
    assert.match(plan.getText(), /gone\.txt/);
  });
});
