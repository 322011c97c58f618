/**
 * What a run's result may depend on beside its config: versions, machine, commit of the folder the
 * config is in. Reads files only: starts no process and loads no native module.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** Versions of what computes. A run goes on to the bit only when they are the same. */
export function versionsHere(): Record<string, string> {
  return {
    weightroom: ownVersion(),
    node: process.versions.node,
    'onnxruntime-node': versionIn(resolveManifest('onnxruntime-node')),
  };
}

export function environmentFacts(configFolder: string): object {
  return {
    versions: versionsHere(),
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model ?? 'unknown',
    threads: cpus().length,
    memoryBytes: totalmem(),
    commit: gitCommit(configFolder),
  };
}

/** Of the nearest package.json above: that of the sources, or of the bundle's package. */
export function ownVersion(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (existsSync(path)) return versionIn(path);
    if (folder === dirname(folder)) return 'unknown';
  }
}

function resolveManifest(name: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}

function versionIn(path: string | undefined): string {
  if (path === undefined) return 'unknown';
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version?: unknown };
  return typeof version === 'string' ? version : 'unknown';
}

/** The commit that is checked out around `folder`; undefined where there is none to be read. */
export function gitCommit(folder: string): string | undefined {
  try {
    const git = findGit(folder);
    if (git === undefined) return undefined;
    const head = readFileSync(join(git, 'HEAD'), 'utf8').trim();
    const ref = /^ref: (.+)$/.exec(head)?.[1];
    if (ref === undefined) return head;
    if (existsSync(join(git, ref))) return readFileSync(join(git, ref), 'utf8').trim();
    const packed = readFileSync(join(git, 'packed-refs'), 'utf8').split('\n');
    return packed.find(line => line.endsWith(` ${ref}`))?.split(' ')[0];
  } catch {
    return undefined;
  }
}

function findGit(folder: string): string | undefined {
  const git = join(folder, '.git');
  if (existsSync(git)) return git;
  return folder === dirname(folder) ? undefined : findGit(dirname(folder));
}
