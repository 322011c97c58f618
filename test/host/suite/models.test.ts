import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { readConfig } from '../../../src/engine/config/readConfig';
import type { Weightroom } from '../../../src/extension';
import type { ModelRow } from '../../../src/host/models/modelRows';
import { type HubServer, startHubServer } from '../../hub/hubServer';
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

const folder = inWorkspace('models-suite');
const fixture = (...parts: string[]) =>
  join(extension().extensionPath, 'test', 'fixtures', ...parts);
const run = '20260101-000000-models';
const canary = 'hf_canary0123456789';
const ID = 'org/tiny-llama';
const ENVIRONMENT = ['HF_ENDPOINT', 'HF_HUB_CACHE', 'HF_TOKEN'] as const;

let api: Weightroom;
let hub: HubServer;
let home: string;
const before_ = Object.fromEntries(ENVIRONMENT.map(name => [name, process.env[name]]));

/** Rows of a group by what it lists. */
async function rowsOf(group: string): Promise<readonly ModelRow[]> {
  const groups = await api.models.groups();
  return groups.find(found => found.group === group)?.rows ?? [];
}

/** A row as it is drawn once it is known what it is. */
async function drawn(row: ModelRow): Promise<vscode.TreeItem> {
  await api.models.summaryOf(row);
  return api.models.getTreeItem(row);
}

async function folderRow(name: string): Promise<ModelRow> {
  const row = (await rowsOf('folders')).find(found => found.name === name);
  assert(row, `${name} is not listed`);
  return row;
}

/** Presses Enter in a quick pick or an input box again and again, until the command is done. */
async function accepting<T>(command: Thenable<T>): Promise<T> {
  let isDone = false;
  const done = Promise.resolve(command).finally(() => (isDone = true));
  await until(async () => {
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return isDone;
  });
  return done;
}

describe('models', () => {
  before(async () => {
    hub = await startHubServer();
    home = mkdtempSync(join(tmpdir(), 'weightroom-hub-'));
    process.env['HF_ENDPOINT'] = hub.endpoint;
    process.env['HF_HUB_CACHE'] = join(home, 'hub');
    process.env['HF_TOKEN'] = canary;
    mkdirSync(join(home, 'hub'));
    const tiny = fixture('hf', 'llama2-tiny');
    for (const name of ['config.json', 'model.safetensors'])
      cpSync(join(tiny, name), join(folder, 'base', name));
    cpSync(join(tiny, 'lora_qv_trained'), join(folder, 'adapter'), { recursive: true });
    const config = join(folder, 'adapter', 'adapter_config.json');
    const adapter = JSON.parse(readFileSync(config, 'utf8')) as object;
    writeFileSync(config, JSON.stringify({ ...adapter, base_model_name_or_path: '../base' }));
    writeText(join(folder, 'broken', 'config.json'), '{"model_type":"mamba"}');
    cpSync(join(tiny, 'model.safetensors'), join(folder, 'broken', 'model.safetensors'));
    writeText(join(folder, 'no-model', 'config.json'), '{}');
    hub.addRepo(ID, {
      'config.json': readFileSync(join(tiny, 'config.json')),
      'model.safetensors': readFileSync(join(tiny, 'model.safetensors')),
      'model.gguf': 'another form',
    });
    api = await activate();
  });
  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    for (const name of ENVIRONMENT)
      if (before_[name] === undefined) delete process.env[name];
      else process.env[name] = before_[name];
    await hub.close();
    remove(folder);
    remove(home);
    remove(inWorkspace('runs'));
  });

  it('of the workspace are listed with family, size and what is wrong', async () => {
    const rows = (await rowsOf('folders')).filter(({ uri }) => uri.path.includes('models-suite'));
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['adapter', 'base', 'broken'],
    );
    const [adapter, base, broken] = await Promise.all(rows.map(drawn));
    assert.match(String(base?.description), /^llama \d+\.\d\u2009k · \d+\u2009kB$/);
    assert.equal(base?.contextValue, 'model sound');
    assert.match(String(adapter?.description), /^LoRA r \d+ · /);
    assert.equal(adapter?.contextValue, 'adapter sound');
    assert.equal(broken?.contextValue, 'model');
    assert.match(broken?.accessibilityInformation?.label ?? '', /cannot be opened/);
  });

  it('of runs are their checkpoints, and a run stands for its best', async () => {
    const dir = makeRun(run, join(folder, 'x.yaml'), [
      startOf(run),
      stepOf(0, 5),
      { type: 'checkpoint', step: 1, path: 'checkpoints/step-1', bytes: 1000, seconds: 0.1 },
      { type: 'eval', step: 1, loss: 2, batches: 1, seconds: 0.1, best: true },
      { type: 'checkpoint', step: 2, path: 'checkpoints/step-2', bytes: 1000, seconds: 0.1 },
      { type: 'end', step: 2, outcome: 'stopped', seconds: 1 },
    ]);
    for (const step of ['step-1', 'step-2'])
      for (const name of ['config.json', 'model.safetensors'])
        cpSync(fixture('slm', name), join(dir, 'checkpoints', step, name));
    await api.runs.refresh();
    const row = (await rowsOf('runs')).find(({ id }) => id === `run/${run}`);
    assert(row);
    assert.deepEqual(
      row.rows.map(({ name }) => name),
      ['2', '1'],
    );
    const item = await drawn(row);
    assert.match(String(item.description), /^slm .* · 2 checkpoints$/);
    assert.equal(item.collapsibleState, vscode.TreeItemCollapsibleState.Collapsed);
    assert.equal((await drawn(row.rows[0]!)).label, 'step 2');
  });

  it('have a load report, rendered', async () => {
    const row = await folderRow('base');
    await vscode.commands.executeCommand('weightroom.model.showReport', row);
    const report = await until(() =>
      vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'weightroom-model'),
    );
    assert.match(report.getText(), /^# base\n\n\*\*✓ All 21 tensors and parameters/);
    assert.match(report.getText(), /\| Context \| 128 \|/);
    assert.match(
      report.getText(),
      /model\.embed\\_tokens\.weight \| = \| float32 \| \\\[97, 32\\\]/,
    );
  });

  it('that cannot be opened have a report that says why', async () => {
    const { uri } = await folderRow('broken');
    await vscode.commands.executeCommand('weightroom.model.showReport', uri);
    const report = await until(() =>
      vscode.workspace.textDocuments.find(({ uri: { path } }) => path.includes('broken load')),
    );
    assert.match(report.getText(), /✗ This model cannot be opened\.\*\* .*mamba/);
  });

  it('have weights that open in the editor of tensors', async () => {
    const row = await folderRow('base');
    await vscode.commands.executeCommand('weightroom.model.openWeights', row);
    const input = await until(() => {
      const active = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return active instanceof vscode.TabInputCustom && active;
    });
    assert.equal(input.viewType, 'weightroom.tensors');
    assert.equal(input.uri.fsPath, join(folder, 'base', 'model.safetensors'));
  });

  it('give their path', async () => {
    const row = await folderRow('base');
    await vscode.commands.executeCommand('weightroom.model.copyPath', row);
    assert.equal(await vscode.env.clipboard.readText(), join(folder, 'base'));
  });

  it('that are adapters are inspected in one view, also two at once', async () => {
    const views = () =>
      vscode.window.tabGroups.all
        .flatMap(({ tabs }) => tabs)
        .filter(
          ({ input }) =>
            input instanceof vscode.TabInputWebview &&
            input.viewType.endsWith('weightroom.adapter'),
        );
    const row = await folderRow('adapter');
    const again = { uri: vscode.Uri.file(fixture('hf', 'llama2-tiny', 'lora_all_trained')) };
    await vscode.commands.executeCommand('weightroom.adapter.inspect', row);
    await until(() => views()[0]?.label === 'adapter');
    await vscode.commands.executeCommand('weightroom.adapter.inspect', row, [row, again]);
    await until(() => views()[0]?.label === 'adapter ↔ lora_all_trained');
    assert.equal(views().length, 1);
    await vscode.window.tabGroups.close(views());
  });

  it('that are adapters are merged into a new folder, which is then listed', async () => {
    const row = await folderRow('adapter');
    const made = await accepting(
      vscode.commands.executeCommand<vscode.Uri>('weightroom.model.merge', row),
    );
    assert.equal(made.fsPath, inWorkspace('models', 'adapter-merged'));
    assert(existsSync(join(made.fsPath, 'model.safetensors')));
    await until(async () =>
      (await rowsOf('folders')).some(({ uri }) => uri.fsPath === made.fsPath),
    );
    remove(inWorkspace('models'));
  });

  it('become the base of a config that has no problem', async () => {
    const row = await folderRow('base');
    const made = await accepting(
      vscode.commands.executeCommand<vscode.Uri>('weightroom.model.fineTune', row),
    );
    const { config, problems } = readConfig(readFileSync(made.fsPath, 'utf8'), made.fsPath);
    assert.deepEqual(problems, []);
    assert.deepEqual(config?.model, { from: 'models-suite/base' });
    assert.deepEqual(config.adapter?.targets, ['q_proj', 'k_proj', 'v_proj', 'o_proj']);
    assert.equal(config.data.tokenizer, 'none'); // the folder has no tokenizer
    remove(made.fsPath);
  });

  it('come from the hub into the cache, and are listed there with their size', async () => {
    const dir = await accepting(
      vscode.commands.executeCommand<vscode.Uri>('weightroom.hub.download', ID),
    );
    assert.deepEqual(readdirSync(dir.fsPath).sort(), ['config.json', 'model.safetensors']);
    const [row] = await rowsOf('cache');
    assert(row);
    const item = await drawn(row);
    assert.equal(item.label, ID);
    assert.match(String(item.description), /^llama \d+\.\d\u2009k · \d+\u2009kB$/);
    assert.equal(item.contextValue, 'model cached sound');
  });

  it('of the hub were asked for with the token, and of nobody else', () => {
    const [asked, elsewhere] = ['hub', 'cdn'].map(name =>
      hub.seen.filter(({ server }) => server === name).map(({ headers }) => headers.authorization),
    );
    assert(asked && asked.length > 0 && asked.every(value => value === `Bearer ${canary}`));
    assert(elsewhere && elsewhere.length > 0 && elsewhere.every(value => value === undefined));
  });

  it('whose download was cut off go on with it', async () => {
    const cut = join(home, 'hub', 'models--org--cut');
    const weights = readFileSync(fixture('hf', 'llama2-tiny', 'model.safetensors'));
    const { commit } = hub.addRepo('org/cut', {
      'config.json': '{}',
      'model.safetensors': weights,
    });
    mkdirSync(join(cut, 'snapshots', commit), { recursive: true });
    mkdirSync(join(cut, 'blobs'), { recursive: true });
    writeFileSync(join(cut, 'blobs', 'abc.incomplete'), weights.subarray(0, 1000));
    const rows = await rowsOf('cache');
    const row = rows.find(({ name }) => name === 'org/cut');
    assert(row);
    const item = api.models.getTreeItem(row);
    assert.equal(item.description, 'unfinished, 1.00\u2009kB so far');
    assert.equal(item.contextValue, 'unfinished cached');
    const dir = await vscode.commands.executeCommand<vscode.Uri>('weightroom.hub.resume', row);
    assert(readFileSync(join(dir.fsPath, 'model.safetensors')).equals(weights));
  });

  it('that come damaged are refused, and not kept under their name', async () => {
    hub.addRepo('org/damaged', { 'config.json': '{}', 'model.safetensors': 'promised' });
    hub.fault = ({ server }) =>
      server === 'cdn' ? { contents: Buffer.from('other 8b') } : undefined;
    const download = vscode.commands.executeCommand('weightroom.hub.download', 'org/damaged');
    assert.equal(await accepting(download), undefined);
    hub.fault = () => undefined;
    const blobs = join(home, 'hub', 'models--org--damaged', 'blobs');
    const weights = readdirSync(blobs).filter(name => /^[0-9a-f]{64}/.test(name));
    assert.deepEqual(weights, []);
  });

  it('that the hub does not have are not there afterwards either', async () => {
    const dir = await vscode.commands.executeCommand('weightroom.hub.download', 'org/none');
    assert.equal(dir, undefined);
    assert.equal(existsSync(join(home, 'hub', 'models--org--none')), false);
  });

  it('do not share their token with the cache', () => {
    const files = readdirSync(home, { recursive: true, withFileTypes: true });
    for (const file of files.filter(found => found.isFile()))
      assert(!readFileSync(join(file.parentPath, file.name)).includes(canary), file.name);
  });
});
