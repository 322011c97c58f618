/**
 * The data of the workspace: token bins with what their sidecars say, and the files that configs
 * name and nobody has prepared yet. Reads no tokens.
 */
import { createReadStream, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import type { BinSidecar } from '../../engine/data/binSidecar';
import { ProblemError } from '../../engine/problem';
import type { ConfigFiles } from '../configFiles';

export interface BinData {
  readonly kind: 'bin';
  readonly uri: vscode.Uri;
  readonly bytes: number;
  /** Absent when the bin was made elsewhere. */
  readonly sidecar?: BinSidecar;
  /** What is wrong with it. */
  readonly problem?: string;
}

export interface SourceData {
  readonly kind: 'source';
  readonly uri: vscode.Uri;
  /** The first config that names it. */
  readonly config: vscode.Uri;
  /** Undefined when the file is not there. */
  readonly bytes: number | undefined;
  /** Lines of a file of records; undefined for plain text and files too large to count. */
  readonly examples?: number;
}

export type Data = BinData | SourceData;

const ELSEWHERE = '**/{node_modules,.git,runs}/**';
const MOST = 500;
/** Counting lines reads the file. */
const COUNTED_BYTES = 64e6;

/** Bins by path, then what is not prepared. */
export async function findData(configs: ConfigFiles): Promise<Data[]> {
  const found = await vscode.workspace.findFiles('**/*.bin', ELSEWHERE, MOST);
  const onDisk = found.filter(({ scheme }) => scheme === 'file');
  const bins = (await Promise.all(onDisk.map(readBin))).sort(byPath);
  const named = await sourcesOf(await configs.list());
  const sources = await Promise.all(
    named.filter(({ uri }) => !bins.some(bin => isMadeOf(bin, uri.fsPath))).map(describeSource),
  );
  return [...bins, ...sources];
}

async function readBin(uri: vscode.Uri): Promise<BinData> {
  const bytes = sizeOf(uri.fsPath) ?? 0;
  try {
    const { readSidecar } = await import('../../engine/data/binSidecar');
    const sidecar = readSidecar(uri.fsPath);
    return { kind: 'bin', uri, bytes, ...(sidecar && { sidecar }) };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return { kind: 'bin', uri, bytes, problem: error.message };
  }
}

const isMadeOf = ({ uri, sidecar }: BinData, source: string): boolean =>
  sidecar?.source.file === basename(source) && dirname(uri.fsPath) === dirname(source);

type Named = Pick<SourceData, 'uri' | 'config'>;

/** Files that configs train on and that are no bins; each once. */
async function sourcesOf(configs: readonly vscode.Uri[]): Promise<Named[]> {
  const { readConfig } = await import('../../engine/config/readConfig');
  const sources = new Map<string, Named>();
  for (const config of configs.filter(({ scheme }) => scheme === 'file')) {
    const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(config));
    const { data } = readConfig(text, config.fsPath).draft;
    for (const path of [data?.train, data?.validation]) {
      if (path === undefined || path.endsWith('.bin')) continue;
      const file = resolve(dirname(config.fsPath), path);
      if (!sources.has(file)) sources.set(file, { uri: vscode.Uri.file(file), config });
    }
  }
  return [...sources.values()].sort(byPath);
}

async function describeSource({ uri, config }: Named): Promise<SourceData> {
  const bytes = sizeOf(uri.fsPath);
  const isCounted = bytes !== undefined && bytes <= COUNTED_BYTES && uri.path.endsWith('.jsonl');
  const examples = isCounted ? await countLines(uri.fsPath) : undefined;
  return { kind: 'source', uri, config, bytes, ...(examples !== undefined && { examples }) };
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  let endsOpen = false;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
    endsOpen = chunk.at(-1) !== 10;
  }
  return lines + (endsOpen ? 1 : 0);
}

const sizeOf = (path: string): number | undefined =>
  statSync(path, { throwIfNoEntry: false })?.size;

const byPath = (a: { uri: vscode.Uri }, b: { uri: vscode.Uri }): number =>
  a.uri.path < b.uri.path ? -1 : 1;
