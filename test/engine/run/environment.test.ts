import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gitCommit, ownVersion, versionsHere } from '../../../src/engine/run/environment';
import { scratchFolder } from '../../durability/scratchFolder';

const scratch = scratchFolder();
const versionOf = (path: string) =>
  (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;

it('knows its own version and those of what computes', () => {
  expect(ownVersion()).toBe(versionOf('package.json'));
  expect(versionsHere()).toEqual({
    weightroom: versionOf('package.json'),
    node: process.versions.node,
    'onnxruntime-node': versionOf('node_modules/onnxruntime-node/package.json'),
  });
});

it('names the commit of a folder as git does, on a branch, packed, and detached', () => {
  const folder = join(scratch, 'repository');
  mkdirSync(join(folder, 'configs'), { recursive: true });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], {
      cwd: folder,
      encoding: 'utf8',
    }).trim();
  expect(gitCommit(folder)).toBeUndefined();
  git('init', '--quiet');
  expect(gitCommit(folder)).toBeUndefined();
  git('commit', '--quiet', '--allow-empty', '-m', 'First');
  const head = git('rev-parse', 'HEAD');
  expect(gitCommit(join(folder, 'configs'))).toBe(head);
  git('pack-refs', '--all');
  expect(gitCommit(folder)).toBe(head);
  git('checkout', '--quiet', '--detach');
  expect(gitCommit(folder)).toBe(head);
});
