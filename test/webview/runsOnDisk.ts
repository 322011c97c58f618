/** Run folders with synthetic logs, as a training writes them. */
import { appendFileSync, closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { sealJson } from '../../src/engine/files/sealedJson';
import type { RunEvent } from '../../src/protocol/runEvent';
import { type SyntheticRun, syntheticEvents } from '../curves/syntheticRun';

const LINES_PER_WRITE = 5000;

/** Writes `runs/<id>` with its config and log; returns the id. */
export function writeRun(runsDir: string, id: string, run: SyntheticRun): string {
  const dir = makeFolder(runsDir, id, run.name);
  const log = openSync(join(dir, 'events.jsonl'), 'a');
  let lines: string[] = [];
  for (const event of syntheticEvents(run)) {
    lines.push(`${sealJson(event)}\n`);
    if (lines.length < LINES_PER_WRITE) continue;
    writeSync(log, lines.join(''));
    lines = [];
  }
  writeSync(log, lines.join(''));
  closeSync(log);
  return id;
}

/** A run whose log is given event by event. */
export function writeRunOf(runsDir: string, id: string, events: readonly RunEvent[]): string {
  makeFolder(runsDir, id, id);
  appendEvents(runsDir, id, events);
  return id;
}

export function appendEvents(runsDir: string, id: string, events: readonly RunEvent[]): void {
  const text = events.map(event => `${sealJson(event)}\n`).join('');
  appendFileSync(join(runsDir, id, 'events.jsonl'), text);
}

function makeFolder(runsDir: string, id: string, name: string): string {
  const dir = join(runsDir, id);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'config.yaml'), 'weightroom: 1\n');
  const resolved = {
    name,
    configPath: `/lab/configs/${name}.yaml`,
    created: '2026-11-20T09:00:00.000Z',
    config: { train: { clip_grad_norm: 1, save_every: 250 } },
  };
  writeFileSync(join(dir, 'resolved.json'), JSON.stringify(resolved));
  return dir;
}
