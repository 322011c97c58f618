/** Traces of agents on the disk: a file of records, or those of one sample of an evaluation. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { disk } from '../../../engine/files/fileSystem';
import { readText } from '../../../engine/files/readFile';
import type { TraceSource } from '../../../protocol/agentView';
import type { AgentRecord } from '../../../protocol/evaluation';
import type { TraceTarget } from '../../commands';
import { requireDisk } from '../../trust';
import type { EvaluationReader } from '../evaluationReader';
import type { agentRecordFrom } from '../fileSchemas';
import type { Trace } from './agentSession';

interface Readers {
  readonly EvaluationReader: typeof EvaluationReader;
  readonly agentRecordFrom: typeof agentRecordFrom;
}

/** @throws when there is none, or it cannot be read */
export async function readTrace(
  source: TraceSource,
  { EvaluationReader, agentRecordFrom }: Readers,
): Promise<Trace> {
  const still = { writing: null, isRunning: false, problem: null, stop: () => undefined };
  if (source.kind === 'sample') {
    const reader = new EvaluationReader(source.dir);
    const records = await reader.trace(source.index);
    if (records.length === 0)
      throw new Error(l10n.t('There is no trace of sample {0} in {1}.', source.index, source.dir));
    return { ...still, source, records, label: `${reader.plan.name} ${source.index}` };
  }
  const records = readText(disk, source.path)
    .split('\n')
    .flatMap((line): AgentRecord[] => {
      try {
        const record = line.trim() === '' ? undefined : agentRecordFrom(JSON.parse(line));
        return record ? [record] : [];
      } catch {
        return [];
      }
    });
  if (records.length === 0)
    throw new Error(
      l10n.t('{0} is no trace of an agent.', vscode.workspace.asRelativePath(source.path)),
    );
  return { ...still, source, records, label: basename(source.path) };
}

export const sourceOf = (target: TraceTarget): TraceSource =>
  target instanceof vscode.Uri
    ? { kind: 'file', path: requireDisk(target) }
    : { kind: 'sample', dir: target.dir, index: target.index };

/** Undefined when the user chose none. */
export async function chooseTrace(): Promise<TraceSource | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    filters: { [l10n.t('Traces of agents')]: ['jsonl'] },
    title: l10n.t('Open the trace of an agent'),
  });
  return chosen?.[0] && { kind: 'file', path: requireDisk(chosen[0]) };
}

/** What a view kept for itself, as far as it is one. */
export function sourceIn(state: unknown): TraceSource | undefined {
  const { source } = (state ?? {}) as { source?: Partial<Record<string, unknown>> | null };
  if (source?.['kind'] === 'file' && typeof source['path'] === 'string')
    return { kind: 'file', path: source['path'] };
  if (
    source?.['kind'] === 'sample' &&
    typeof source['dir'] === 'string' &&
    typeof source['index'] === 'number'
  )
    return { kind: 'sample', dir: source['dir'], index: source['index'] };
  return undefined;
}
