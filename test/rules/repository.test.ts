/** What the repository holds and how it speaks: layout, names, suppressions, references. */
import { describe, expect, it } from 'vitest';
import { filesBelow, readText, sourcesBelow } from './sourceTree';

const files = filesBelow('');
const isText = (path: string) => /\.(ts|js|json|md|yaml|yml|css|html|sh|svg)$|\/run$/.test(path);

function linesMatching(paths: string[], pattern: RegExp): string[] {
  return paths.flatMap(path =>
    readText(path)
      .split('\n')
      .map((line, index) => ({ line, at: `${path}:${String(index + 1)}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, at }) => `${at} ${line.trim()}`),
  );
}

describe('the top level', () => {
  const expected = [
    '.ci .gitattributes .gitignore .npmrc .prettierignore .prettierrc.json .vscode .vscodeignore',
    'CHANGELOG.md LICENSE README.md bench docs eslint.config.js examples l10n media',
    'package-lock.json package.json package.nls.json scripts src test',
    'tsconfig.base.json tsconfig.json vitest.config.ts webview',
  ]
    .join(' ')
    .split(' ');

  it('holds only what every project of this kind has', () => {
    const found = new Set(files.map(path => path.split('/')[0] ?? ''));
    const surplus = [...found].filter(name => !expected.includes(name) && !name.endsWith('.vsix'));
    expect(surplus).toEqual([]);
  });

  it.each([
    'package.json',
    'tsconfig.json',
    'src/extension.ts',
    'webview',
    'media',
    'test',
    '.vscodeignore',
    'README.md',
    'CHANGELOG.md',
    'LICENSE',
    '.ci/run',
  ])('has %s', wanted => {
    expect(files.some(path => path === wanted || path.startsWith(`${wanted}/`))).toBe(true);
  });
});

describe('names', () => {
  const sources = ['src', 'webview', 'test', 'scripts', 'bench'].flatMap(sourcesBelow);
  const nameOf = (path: string) => path.split('/').at(-1) ?? '';

  it('are camelCase', () => {
    expect(
      sources.filter(path => !/^[a-z][A-Za-z0-9]*(\.test|\.config)?\.ts$/.test(nameOf(path))),
    ).toEqual([]);
  });

  it('say what a file is about', () => {
    const vague = /^(utils?|helpers?|common|manager|base|misc|shared)$/i;
    const parts = (path: string) => path.replace(/\.ts$/, '').split('/');
    expect(sources.filter(path => parts(path).some(name => vague.test(name)))).toEqual([]);
  });

  it('end in .ts: nothing is written in plain JavaScript but the linter configuration', () => {
    const plain = files.filter(path => /\.[cm]?jsx?$/.test(path));
    expect(plain.filter(path => !path.startsWith('test/fixtures/'))).toEqual(['eslint.config.js']);
  });
});

describe('the text', () => {
  const own = files.filter(isText).filter(path => !path.startsWith('test/rules/'));
  const code = own.filter(path => /\.(ts|js)$/.test(path));

  it('gives a reason for every suppression', () => {
    const silent = linesMatching(
      code,
      /eslint-disable(?!.* -- \S)|@ts-(ignore|nocheck)|@ts-expect-error\s*$/,
    );
    expect(silent).toEqual([]);
  });

  it('leaves nothing for later', () => {
    expect(linesMatching(code, /\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([]);
  });

  it('can be followed by a reader elsewhere: no machine, no tracker', () => {
    const here = /\/(root|home|work|Users)\/|\/tmp\/\w|\b[Ii]ssue #?\d/;
    const prose = own.filter(path => path !== 'package-lock.json');
    expect(linesMatching(prose, here)).toEqual([]);
  });
});
