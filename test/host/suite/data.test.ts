import assert from 'node:assert/strict';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import { writeTokenBin } from '../../../src/engine/data/tokenBin';
import { disk } from '../../../src/engine/files/fileSystem';
import { ConfigFiles } from '../../../src/host/configFiles';
import { DataTree } from '../../../src/host/data/dataTree';
import { TINY_CONFIG, TINY_TEXT, activate, inWorkspace, remove, until, writeText } from './scene';

const folder = inWorkspace('data-suite');
const bin = join(folder, 'sums.bytes.bin');
const EXAMPLES = 2000;

async function writeBin(): Promise<void> {
  const tokenizer = await openTokenizer('bytes');
  const ids = Array.from({ length: EXAMPLES }, (_, i) => [
    ...tokenizer.encode(`${i} + 1 = ${i + 1}`),
    tokenizer.endOfText ?? 0,
  ]).flat();
  writeTokenBin(disk, bin, Uint16Array.from(ids), {
    tokenizer: 'bytes',
    tokenizerHash: tokenizer.hash,
    vocabSize: tokenizer.vocabSize,
    ...(tokenizer.endOfText !== undefined && { endOfText: tokenizer.endOfText }),
    examples: EXAMPLES,
    source: { file: 'sums.jsonl', sha256: '', bytes: 1, format: 'jsonl', part: [0, EXAMPLES] },
  });
}

const textOf = (label: vscode.TreeItem['label']): string =>
  typeof label === 'string' ? label : (label?.label ?? '');

const shown = (): string => vscode.window.activeTextEditor?.document.getText() ?? '';

describe('data of the workspace', () => {
  before(async () => {
    writeText(join(folder, 'tiny.yaml'), TINY_CONFIG);
    writeText(join(folder, 'data', 'tiny.txt'), TINY_TEXT);
    await writeBin();
    await activate();
  });
  after(() => remove(folder));

  it('is listed: bins with tokenizer and tokens, and what is not prepared', async () => {
    const configs = new ConfigFiles();
    const tree = new DataTree(configs);
    const rows = (await tree.getChildren())
      .filter(({ uri }) => uri.path.includes('data-suite'))
      .map(data => tree.getTreeItem(data));
    tree.dispose();
    configs.dispose();
    assert.deepEqual(
      rows.map(({ label, contextValue }) => [label, contextValue]),
      [
        ['sums.bytes.bin', 'bin'],
        ['tiny.txt', 'source'],
      ],
    );
    assert.match(String(rows[0]?.description), /^bytes · \S+\u2009k tokens$/);
    assert.match(String(rows[1]?.description), /^9\.00\u2009kB · not prepared$/);
  });

  it('opens as text, a page at a time', async () => {
    const uri = vscode.Uri.file(bin);
    await vscode.commands.executeCommand('weightroom.data.openAsText', uri);
    await until(() => /^0 \+ 1 = 1<\|endoftext\|>\n\n1 \+ 1 = 2/.test(shown()));
    await vscode.commands.executeCommand('weightroom.data.goToPage', 1);
    await until(() => /^(?!0 )[^]{0,30}<\|endoftext\|>\n\n\d+ \+ 1 = \d+/.test(shown()));
    const document = vscode.window.activeTextEditor?.document;
    assert(document);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
    );
    const titles = lenses.map(({ command }) => command?.title ?? '');
    assert.match(titles[0] ?? '', /^Tokens 8\u2009192–/);
    assert(titles.includes('‹ Previous'), titles.join());
  });

  it('is prepared in a task, and then listed with its tokens', async () => {
    const config = vscode.Uri.file(join(folder, 'tiny.yaml'));
    await vscode.commands.executeCommand('weightroom.data.prepare', config);
    const names = async () => {
      const configs = new ConfigFiles();
      const tree = new DataTree(configs);
      const all = (await tree.getChildren()).map(data => tree.getTreeItem(data));
      tree.dispose();
      configs.dispose();
      return all.filter(({ label }) => textOf(label).startsWith('tiny.'));
    };
    const rows = await until(async () => {
      const found = await names();
      const areBins = found.every(({ contextValue }) => contextValue === 'bin');
      return found.length === 2 && areBins && found;
    });
    assert.deepEqual(
      rows.map(({ label }) => label),
      ['tiny.bytes.bin', 'tiny.bytes.validation.bin'],
    );
  });
});
