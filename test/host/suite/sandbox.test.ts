import assert from 'node:assert/strict';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import {
  activate,
  extension,
  inWorkspace,
  makeRun,
  remove,
  startOf,
  stepOf,
  until,
  writeText,
} from './scene';

const fixture = join(extension().extensionPath, 'test', 'fixtures', 'hf', 'gpt2-tiny');

const tabs = (): vscode.Tab[] =>
  vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ label }) => label === 'Sandbox');

async function lensesOf(document: vscode.TextDocument): Promise<string[]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    document.uri,
  );
  return lenses.map(({ command }) => command?.title ?? '');
}

describe('the sandbox', () => {
  const id = '20260102-000000-tried';
  const config = 'tried.yaml';

  before(async () => {
    await activate();
    const uri = writeText(inWorkspace(config), 'weightroom: 1\nmodel: { family: slm }\n');
    const dir = makeRun(id, uri.fsPath, [
      startOf('tried'),
      stepOf(10, 2),
      { type: 'checkpoint', step: 10, path: 'checkpoints/step-000010', bytes: 1000, seconds: 1 },
    ]);
    const checkpoint = join(dir, 'checkpoints', 'step-000010');
    mkdirSync(checkpoint, { recursive: true });
    for (const name of ['config.json', 'model.safetensors'])
      cpSync(join(fixture, name), join(checkpoint, name));
  });

  after(async () => {
    await vscode.window.tabGroups.close(tabs());
    for (const path of [inWorkspace(config), inWorkspace('runs', id)]) remove(path);
  });

  it('opens once, however often it is asked for', async () => {
    await Promise.all([
      vscode.commands.executeCommand('weightroom.sandbox.open'),
      vscode.commands.executeCommand('weightroom.sandbox.open', vscode.Uri.file(fixture)),
    ]);
    await vscode.commands.executeCommand('weightroom.sandbox.compare', { dir: fixture, name: 'x' });
    await until(() => tabs().length > 0); // the window is told of its tabs a moment later
    assert.equal(tabs().length, 1);
  });

  it('is offered above a config of which a run has a checkpoint', async () => {
    const { runs } = await activate();
    await runs.refresh();
    await until(() => runs.get(id));
    const document = await vscode.workspace.openTextDocument(inWorkspace(config));
    await until(async () => (await lensesOf(document)).includes('▷ Try it'));
  });

  it('starts no process before a model is asked for', async () => {
    const { engine } = await activate();
    await vscode.window.tabGroups.close(tabs());
    await engine.rest();
    // The end of a panel is told to its extension a moment later.
    await until(async () => {
      await vscode.commands.executeCommand('weightroom.sandbox.open');
      return tabs().length === 1;
    });
    assert.equal(engine.state.kind, 'off');
  });
});
