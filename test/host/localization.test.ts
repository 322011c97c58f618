/** Everything that VS Code shows for us can be translated, and translators get all of it. */
import { describe, expect, it } from 'vitest';
import { collectTexts } from '../../scripts/exportTexts';
import { readText } from '../rules/sourceTree';

const manifest = readText('package.json');
const texts = JSON.parse(readText('package.nls.json')) as Record<string, string>;

describe('texts', () => {
  it('of the sources are the ones that translators get (npm run l10n)', () => {
    expect(JSON.parse(readText('l10n/bundle.l10n.json'))).toEqual(collectTexts());
  });

  it('of the manifest are all there and all used', () => {
    const used = [...manifest.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key ?? '');
    expect([...new Set(used)].sort()).toEqual(Object.keys(texts).sort());
  });

  it('of commands, views and settings are not written into the manifest', () => {
    const { contributes } = JSON.parse(manifest) as { contributes: unknown };
    const literal: string[] = [];
    JSON.stringify(contributes, (key, value: unknown) => {
      const isShown = /^(title|category|contents|description|markdownDescription|altText)$/.test(
        key,
      );
      if (isShown && typeof value === 'string' && !/^%.+%$/.test(value)) literal.push(value);
      return value;
    });
    expect(literal).toEqual([]);
  });

  it('link only to commands that exist', () => {
    const declared = new Set(
      [...manifest.matchAll(/"(weightroom\.[a-zA-Z]+\.[a-zA-Z]+)"/g)].map(m => m[1]),
    );
    const linked = Object.values(texts).flatMap(text =>
      [...text.matchAll(/\(command:([^)]+)\)/g)].map(match => match[1] ?? ''),
    );
    const known = (id: string) => declared.has(id) || id === 'vscode.openFolder';
    expect(linked.filter(id => !known(id))).toEqual([]);
  });
});
