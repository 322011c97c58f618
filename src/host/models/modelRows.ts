/** The rows of the Models view: what stands below what. Plain data; knows nothing of how it looks. */
import type * as vscode from 'vscode';

export type ModelGroup = 'runs' | 'folders' | 'cache';

export interface GroupRow {
  readonly kind: 'group';
  readonly group: ModelGroup;
  readonly rows: readonly ModelRow[];
}

/** A folder that is, or will be, a model. */
export interface ModelRow {
  readonly kind: 'model';
  /** The same as long as it is the same folder. */
  readonly id: string;
  readonly name: string;
  /** Its folder. */
  readonly uri: vscode.Uri;
  readonly place: Place;
  /** Checkpoints of a run, newest first; none below others. */
  readonly rows: readonly ModelRow[];
}

export type Place =
  | { readonly in: 'run'; readonly runId: string; readonly checkpoints: number }
  | { readonly in: 'checkpoint'; readonly role: 'best' | 'last' | ''; readonly bytes: number }
  | { readonly in: 'folder'; readonly path: string }
  | CachePlace;

export interface CachePlace {
  readonly in: 'cache';
  readonly id: string;
  readonly commit: string;
  /** Branches and tags at this commit. */
  readonly refs: readonly string[];
  readonly bytes: number;
  /** Of a download that was cut off and can go on; its files are not there yet. */
  readonly unfinished?: number;
}

export type Row = GroupRow | ModelRow;

/** All models of these rows that have a folder to open, each once. */
export const modelsIn = (rows: readonly Row[]): ModelRow[] =>
  rows.flatMap(row =>
    row.kind === 'group' || row.rows.length > 0
      ? modelsIn(row.rows)
      : isUnfinished(row)
        ? []
        : [row],
  );

export const isUnfinished = ({ place }: ModelRow): boolean =>
  place.in === 'cache' && place.unfinished !== undefined;
