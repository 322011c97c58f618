/**
 * Which models there are for this window: checkpoints of its runs, folders of its workspace, the
 * hub's cache. Finds folders; what is in them is asked elsewhere.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { CachedModel, CachedRevision } from '../../engine/hub/hubCache';
import type { RunStore, RunView } from '../runs/runStore';
import type { ModelRow } from './modelRows';

/** Runs with checkpoints, newest first. A run stands for the best of them. */
export const runRows = (runs: RunStore): ModelRow[] => runs.runs.flatMap(runRow);

function runRow(run: RunView): ModelRow[] {
  const { state } = run;
  const kept = state.checkpoints.filter(c => !c.deleted).sort((a, b) => b.step - a.step);
  const best = kept.find(c => c.step === state.best?.step);
  const first = best ?? kept[0];
  if (!first) return [];
  const rows = kept.map((checkpoint): ModelRow => {
    const role = checkpoint === best ? 'best' : checkpoint === kept[0] ? 'last' : '';
    return {
      kind: 'model',
      id: `run/${run.id}/${checkpoint.path}`,
      name: String(checkpoint.step),
      uri: vscode.Uri.file(join(run.dir, checkpoint.path)),
      place: { in: 'checkpoint', role, bytes: checkpoint.bytes },
      rows: [],
    };
  });
  const row: ModelRow = {
    kind: 'model',
    id: `run/${run.id}`,
    name: run.name,
    uri: vscode.Uri.file(join(run.dir, first.path)),
    place: { in: 'run', runId: run.id, checkpoints: kept.length },
    rows,
  };
  return [row];
}

const ELSEWHERE = '**/{node_modules,.git,runs}/**';
const MOST = 500;
/** As transformers and PEFT name weights. */
const WEIGHTS =
  '**/{model.safetensors,model.safetensors.index.json,pytorch_model.bin,pytorch_model.bin.index.json,adapter_model.safetensors,adapter_model.bin}';
const CONFIGS = ['config.json', 'adapter_config.json'];

/** Folders of the workspace with weights and a config, by path. */
export async function folderRows(): Promise<ModelRow[]> {
  const found = await vscode.workspace.findFiles(WEIGHTS, ELSEWHERE, MOST);
  const folders = new Set(
    found.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => dirname(fsPath)),
  );
  return [...folders]
    .filter(dir => CONFIGS.some(name => existsSync(join(dir, name))))
    .sort()
    .map(dir => {
      const uri = vscode.Uri.file(dir);
      const path = vscode.workspace.asRelativePath(uri);
      return {
        kind: 'model',
        id: `folder/${dir}`,
        name: basename(dir),
        uri,
        place: { in: 'folder', path },
        rows: [],
      };
    });
}

/** By name; each revision that can be opened is a row, and so is what was cut off. */
export const cacheRows = (models: readonly CachedModel[]): ModelRow[] => models.flatMap(cachedRows);

function cachedRows(model: CachedModel): ModelRow[] {
  const whole = model.revisions.filter(({ files }) => files.length > 0);
  const isCutOff = model.unfinished > 0 || (whole.length === 0 && model.revisions.length > 0);
  return [
    ...whole.map(revision => cachedRow(model, revision)),
    ...(isCutOff ? [unfinishedRow(model)] : []),
  ];
}

const cachedRow = (
  { id }: CachedModel,
  { commit, refs, dir, bytes }: CachedRevision,
): ModelRow => ({
  kind: 'model',
  id: `cache/${id}/${commit}`,
  name: id,
  uri: vscode.Uri.file(dir),
  place: { in: 'cache', id, commit, refs, bytes },
  rows: [],
});

/** Of the revision that came last, or of the main branch when nobody knows. */
function unfinishedRow({ id, dir, revisions, unfinished }: CachedModel): ModelRow {
  const commit = revisions.find(({ files }) => files.length === 0)?.commit ?? '';
  return {
    kind: 'model',
    id: `cache/${id}/unfinished`,
    name: id,
    uri: vscode.Uri.file(dir),
    place: { in: 'cache', id, commit, refs: [], bytes: unfinished, unfinished },
    rows: [],
  };
}
