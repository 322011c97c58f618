/** What package.json promises: to VS Code, to npm, and about what the project is built from. */
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf, readText, sourcesBelow } from './sourceTree';

interface PackageManifest {
  type: string;
  main: string;
  bin: Record<string, string>;
  license: string;
  engines: { vscode: string };
  activationEvents?: string[];
  scripts: Record<string, string>;
  capabilities?: { untrustedWorkspaces?: { supported: unknown } };
  allowScripts: Record<string, boolean>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const manifest = JSON.parse(readText('package.json')) as PackageManifest;

describe('VS Code', () => {
  it('is told nothing that would wake the extension in every window', () => {
    expect(manifest.activationEvents ?? []).not.toContain('*');
    expect(manifest.activationEvents ?? []).not.toContain('onStartupFinished');
  });

  it('finds the extension and the command line where the build puts them', () => {
    expect(manifest.main).toBe('./dist/extension.cjs');
    expect(manifest.bin).toEqual({ weightroom: './dist/cli.cjs' });
  });

  it('is not newer than the API the sources are compiled against', () => {
    const types = createRequire(import.meta.url)('@types/vscode/package.json') as {
      version: string;
    };
    const [major, minor] = types.version.split('.');
    expect(manifest.engines.vscode).toBe(`^${String(major)}.${String(minor)}.0`);
  });

  it('knows that an untrusted folder may be looked at', () => {
    expect(manifest.capabilities?.untrustedWorkspaces?.supported).toBe('limited');
  });
});

describe('npm', () => {
  it('downloads nothing for the runtime after the install', () => {
    expect(manifest.allowScripts['onnxruntime-node']).toBe(false);
    expect(readText('.npmrc')).toContain('onnxruntime-node-install=skip');
  });

  it.each(['start', 'code', 'test', 'lint', 'build', 'package'])('has a script %s', name => {
    expect(manifest.scripts[name]).toBeTruthy();
  });
});

describe('dependencies', () => {
  const folders = ['src', 'webview', 'test', 'scripts', 'bench'];
  const imported = new Set(
    folders
      .flatMap(sourcesBelow)
      .flatMap(importsOf)
      .map(one => one.target),
  );
  const elsewhere = [
    ...Object.values(manifest.scripts),
    ...filesBelow('webview')
      .filter(path => path.endsWith('.css'))
      .map(readText),
    readText('scripts/build.ts'),
    readText('eslint.config.js'),
  ].join('\n');
  const tools: Record<string, string> = { typescript: 'tsc ', '@vscode/l10n-dev': 'l10n' };
  const isUsed = (name: string) => imported.has(name) || elsewhere.includes(tools[name] ?? name);

  it.each(Object.keys(manifest.dependencies))('%s is used', name => {
    expect(isUsed(name)).toBe(true);
  });

  it.each(Object.keys(manifest.devDependencies).filter(name => !name.startsWith('@types/')))(
    '%s is used, and only while developing',
    name => {
      expect(isUsed(name)).toBe(true);
      const shipped = [...sourcesBelow('src'), ...sourcesBelow('webview')].flatMap(importsOf);
      const isRuntime = shipped.some(one => one.target === name && !one.isTypeOnly);
      expect(isRuntime && !name.startsWith('@vscode/codicons')).toBe(false);
    },
  );

  it('every package that is imported is declared', () => {
    const declared = { ...manifest.dependencies, ...manifest.devDependencies };
    const known = (name: string) =>
      name in declared || `@types/${name}` in declared || name.startsWith('node:');
    const packages = [...imported].filter(
      target => !target.includes('/') || target.startsWith('@'),
    );
    expect(packages.filter(target => !known(target))).toEqual([]);
  });
});
