import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { TINY_CONFIG, TINY_TEXT, activate, inWorkspace, remove, until, writeText } from './scene';

const folder = inWorkspace('language');
let count = 0;

async function open(text: string): Promise<vscode.TextDocument> {
  const uri = writeText(`${folder}/c${count++}.yaml`, text);
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document);
  return document;
}

const problemsOf = (document: vscode.TextDocument): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(document.uri).filter(({ source }) => source === 'weightroom');

const withProblem = (document: vscode.TextDocument, code: string) =>
  until(() => problemsOf(document).find(problem => problem.code === code));

async function edit(document: vscode.TextDocument, from: string, to: string): Promise<void> {
  const start = document.getText().indexOf(from);
  const range = new vscode.Range(
    document.positionAt(start),
    document.positionAt(start + from.length),
  );
  const change = new vscode.WorkspaceEdit();
  change.replace(document.uri, range, to);
  assert(await vscode.workspace.applyEdit(change));
}

const positionAfter = (document: vscode.TextDocument, text: string): vscode.Position =>
  document.positionAt(document.getText().indexOf(text) + text.length);

describe('a config in the editor', () => {
  before(async () => {
    writeText(`${folder}/data/tiny.txt`, TINY_TEXT);
    await activate();
  });
  after(() => remove(folder));

  it('has a problem at each mistake, and none once it is mended', async () => {
    const document = await open(TINY_CONFIG.replace('n_embed: 16', 'n_embed: 15'));
    const problem = await withProblem(document, 'config.head-split');
    assert.equal(problem.severity, vscode.DiagnosticSeverity.Error);
    assert.match(document.getText(problem.range), /15|n_embed/);
    await edit(document, 'n_embed: 15', 'n_embed: 16');
    await until(() => problemsOf(document).length === 0);
  });

  it('has the problems of the files it names', async () => {
    const document = await open(TINY_CONFIG.replace('tiny.txt', 'gone.txt'));
    const problem = await until(() => problemsOf(document)[0]);
    assert.equal(document.getText(problem.range), 'data/gone.txt');
  });

  it('offers the fix of a misspelt key, and it mends it', async () => {
    const document = await open(TINY_CONFIG.replace('n_layer', 'n_layers'));
    const { range } = await withProblem(document, 'config.unknown-key');
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      range,
      vscode.CodeActionKind.QuickFix.value,
    );
    const preferred = actions.find(({ isPreferred }) => isPreferred);
    assert(preferred?.edit, actions.map(({ title }) => title).join());
    await vscode.workspace.applyEdit(preferred.edit);
    assert.equal(document.getText(), TINY_CONFIG);
    await until(() => problemsOf(document).length === 0);
  });

  it('completes keys of the section around the cursor', async () => {
    const document = await open(TINY_CONFIG.replace('  n_head: 2\n', '  n_h\n'));
    const labels = await completionsAfter(document, '  n_h');
    assert(labels.includes('n_head'), labels.join());
    assert(!labels.includes('max_steps'), labels.join());
  });

  it('completes paths below its folder', async () => {
    const document = await open(TINY_CONFIG.replace('train: data/tiny.txt', 'train: data/'));
    const labels = await completionsAfter(document, 'train: data/');
    assert(labels.includes('data/tiny.txt'), labels.join());
  });

  it('explains the key under the pointer', async () => {
    const document = await open(TINY_CONFIG);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      positionAfter(document, '  n_he'),
    );
    const text = hovers
      .flatMap(({ contents }) => contents)
      .map(content => (typeof content === 'string' ? content : content.value))
      .join('\n');
    assert.match(text, /model\.n_head/);
  });

  it('links to the data it names', async () => {
    const document = await open(TINY_CONFIG);
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>(
      'vscode.executeLinkProvider',
      document.uri,
    );
    const paths = links.map(({ target }) => target?.fsPath);
    assert.deepEqual(paths, [`${folder}/data/tiny.txt`]);
  });

  it('has lenses to train and to plan', async () => {
    const document = await open(TINY_CONFIG);
    assert.deepEqual(await lensesOf(document), [
      ['▷ Train', 'weightroom.config.train'],
      ['Plan', 'weightroom.config.plan'],
    ]);
  });

  it('of another program is left alone', async () => {
    const document = await open('version: 3\nmodel:\n  n_embed: x\n');
    assert.deepEqual(await lensesOf(document), []);
    assert.deepEqual(await completionsAfter(document, 'version: 3\n'), []);
    assert.deepEqual(problemsOf(document), []);
  });
});

async function lensesOf(document: vscode.TextDocument): Promise<(string | undefined)[][]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    'vscode.executeCodeLensProvider',
    document.uri,
  );
  return lenses.map(({ command }) => [command?.title, command?.command]);
}

async function completionsAfter(document: vscode.TextDocument, text: string): Promise<string[]> {
  const list = await vscode.commands.executeCommand<vscode.CompletionList>(
    'vscode.executeCompletionItemProvider',
    document.uri,
    positionAfter(document, text),
  );
  const isOurs = ({ kind }: vscode.CompletionItem) => kind !== vscode.CompletionItemKind.Text;
  return list.items
    .filter(isOurs)
    .map(({ label }) => (typeof label === 'string' ? label : label.label));
}
