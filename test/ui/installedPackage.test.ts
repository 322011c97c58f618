/** The VSIX itself: what is in it, how large it is, and that it works from where it was installed. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { readManifest, root } from '../../scripts/project';
import { installedCli, installedHome } from './lab';
import { shortSteps, writeWorkspace } from './workspace';

const installed = inject('installed');
const mebibyte = 1024 ** 2;

describe('the package', () => {
  const native = /^node_modules\/onnxruntime-node\/bin\//;

  it('is as large as its runtime and little more', () => {
    expect(installed.vsixBytes).toBeLessThan(24 * mebibyte);
  });

  it('has few files beside the runtime: two a view, and no more parts than are loaded on their own', () => {
    const count = (kind: RegExp) => installed.vsixFiles.filter(path => kind.test(path)).length;
    const views = readdirSync(join(root, 'webview')).filter(name =>
      existsSync(join(root, 'webview', name, 'main.ts')),
    );
    expect(count(/^dist\/webview\//)).toBe(2 * views.length);
    expect(count(/^dist\/[^/]+$/)).toBeLessThan(125);
    expect(count(/^node_modules\/(?!onnxruntime-node\/bin\/)/)).toBeLessThan(30);
    expect(count(/^(?!dist\/|node_modules\/)/)).toBeLessThan(18);
  });

  it('has the binaries of this platform only', () => {
    const here = `node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/`;
    const binaries = installed.vsixFiles.filter(path => native.test(path));
    expect(binaries.length).toBeGreaterThan(0);
    expect(binaries.filter(path => !path.startsWith(here))).toEqual([]);
  });

  it('has no sources, maps, tests or secrets', () => {
    const wrong = /\.(ts|map|env|tsbuildinfo)$|(^|\/)(\.env|test|src|scripts)(\/|$)/;
    expect(installed.vsixFiles.filter(path => wrong.test(path))).toEqual([]);
  });

  it('wakes the extension from a small bundle', () => {
    expect(statSync(join(installedHome(), 'dist', 'extension.cjs')).size).toBeLessThan(mebibyte);
  });
});

describe('the installed command line', () => {
  let folder: string;
  const nodes: [name: string, node: () => string][] = [
    ['the Node of these tests', () => process.execPath],
    ["VS Code's Node", () => installed.server.node],
  ];

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'weightroom-installed-'));
    writeWorkspace(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(nodes)('knows its version under %s', (_name, node) => {
    const said = execFileSync(node(), [installedCli(), '--version'], { encoding: 'utf8' });
    expect(said.trim()).toBe(readManifest().version);
  });

  it.each(nodes)('trains under %s', (name, node) => {
    const runs = join(folder, `runs of ${name}`);
    const args = [installedCli(), 'train', 'slow.yaml', '--runs', runs, '--json'];
    const lines = execFileSync(node(), args, { cwd: folder, encoding: 'utf8' }).trim().split('\n');
    const events = lines.map(line => JSON.parse(line) as { type: string; outcome?: string });
    expect(events.filter(event => event.type === 'step')).toHaveLength(shortSteps);
    expect(events.at(-1)).toMatchObject({ type: 'end', outcome: 'done' });
    const [run = ''] = readdirSync(runs);
    expect(
      readFileSync(join(runs, run, 'events.jsonl'), 'utf8')
        .trim()
        .split('\n'),
    ).toEqual(lines);
  });
});
