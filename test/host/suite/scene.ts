/** What the suites share: the activated extension, its workspace, and waiting. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { Weightroom } from '../../../src/extension';
import { disk } from '../../../src/engine/files/fileSystem';
import { openRunLog } from '../../../src/engine/run/runLog';
import type { RunEventBody, StartEvent } from '../../../src/protocol/runEvent';

export const EXTENSION = 'weightroom.weightroom';

export function extension(): vscode.Extension<Weightroom> {
  const found = vscode.extensions.getExtension<Weightroom>(EXTENSION);
  assert(found, `${EXTENSION} is not installed in this host`);
  return found;
}

export const activate = async (): Promise<Weightroom> => extension().activate();

export function workspaceFolder(): vscode.WorkspaceFolder {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert(folder, 'the host was started without a folder');
  return folder;
}

export const inWorkspace = (...parts: string[]): string =>
  join(workspaceFolder().uri.fsPath, ...parts);

export function writeText(path: string, text: string): vscode.Uri {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return vscode.Uri.file(path);
}

export const remove = (path: string): void => rmSync(path, { recursive: true, force: true });

/** Waits for a claim to become true; the suite's own limit ends it. */
export async function until<T>(
  claim: () => T | Promise<T>,
): Promise<Exclude<T, false | null | undefined>> {
  for (;;) {
    const value = await claim();
    if (value) return value as Exclude<T, false | null | undefined>;
    await sleep(50);
  }
}

/** A run folder as another process would leave it. */
export function makeRun(id: string, configPath: string, events: RunEventBody[]): string {
  const dir = inWorkspace('runs', id);
  writeText(join(dir, 'config.yaml'), 'weightroom: 1\n');
  writeText(join(dir, 'resolved.json'), JSON.stringify({ name: id, configPath }));
  appendEvents(dir, events);
  return dir;
}

export function appendEvents(dir: string, events: RunEventBody[]): void {
  const log = openRunLog(disk, dir);
  for (const event of events) log.append(event);
  log.close();
}

export const startOf = (name: string, facts: Partial<StartEvent> = {}): StartEvent => ({
  type: 'start',
  run: name,
  name,
  pid: process.pid,
  device: 'cpu',
  step: 0,
  max_steps: 1000,
  parameters: 1e6,
  trainable: 1e6,
  tokens_per_step: 64,
  vocab_size: 257,
  ...facts,
});

export const stepOf = (step: number, loss: number): RunEventBody => ({
  type: 'step',
  step,
  loss,
  lr: 1e-3,
  grad_norm: 1,
  tokens: 64,
  seconds: 0.01,
});

/** Trains in seconds on any machine. */
export const TINY_CONFIG = `weightroom: 1
model:
  family: slm
  block_size: 16
  n_layer: 1
  n_head: 2
  n_embed: 16
data:
  train: data/tiny.txt
  tokenizer: bytes
train:
  max_steps: 100000
  batch_size: 2
  eval_every: 10
  eval_batches: 1
  save_every: 10
`;

export const TINY_TEXT = 'the quick brown fox jumps over the lazy dog.\n'.repeat(200);
