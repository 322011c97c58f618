/**
 * `npm run l10n`: collects what the extension says through `l10n.t` into `l10n/bundle.l10n.json`, the
 * English original of every translation. A test fails when that is not current.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { readText, sourcesBelow } from '../test/rules/sourceTree';
import { root } from './project';

/** @throws for a text that is put together at run time: no translator would ever see it */
export function collectTexts(): Record<string, string> {
  const texts = sourcesBelow('src').flatMap(path => {
    const source = readText(path);
    return source.includes('l10n.t(') ? textsIn(path, source) : [];
  });
  return Object.fromEntries([...new Set(texts)].sort().map(text => [text, text]));
}

function textsIn(path: string, source: string): string[] {
  const tree = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true);
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /(^|\.)l10n\.t$/.test(node.expression.getText())) {
      const [text] = node.arguments;
      if (!text || !ts.isStringLiteralLike(text))
        throw new Error(`${path}: ${node.getText()} needs its text as one literal.`);
      texts.push(text.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return texts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = join(root, 'l10n', 'bundle.l10n.json');
  writeFileSync(path, `${JSON.stringify(collectTexts(), null, 2)}\n`);
}
