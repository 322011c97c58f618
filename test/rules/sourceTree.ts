/**
 * The source tree as data: its files and what each imports. Reads TypeScript's syntax, not its
 * types; knows no rule.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { root } from '../../scripts/project';

export interface Import {
  /** File that imports, relative to the repository, with forward slashes. */
  from: string;
  /** As written: `./tensor`, `node:fs`, `onnxruntime-node`. */
  specifier: string;
  /** The file it resolves to when the specifier is relative, else the package's name. */
  target: string;
  /** Erased by the compiler: nothing is loaded at run time. */
  isTypeOnly: boolean;
  /** Imported names; `*` for a whole namespace or a default. */
  names: string[];
}

const generated = new Set(['node_modules', 'dist', '.cache', 'artifacts', '.git']);

/** Paths of all files below a folder of the repository, sorted, without what tools generate. */
export function filesBelow(folder: string): string[] {
  const absolute = join(root, folder);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true })
    .filter(entry => !generated.has(entry.name) && !isRunsFolder(folder, entry.name))
    .flatMap(entry => {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

/** Runs of the demo; `src/host/runs` is a feature. */
const isRunsFolder = (folder: string, name: string) =>
  name === 'runs' && (folder === '' || folder.startsWith('examples'));

export function sourcesBelow(folder: string): string[] {
  return filesBelow(folder).filter(path => path.endsWith('.ts') && !path.endsWith('.d.ts'));
}

export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Every import, re-export, `import()` and `require()` of a source file. */
export function importsOf(path: string): Import[] {
  const tree = ts.createSourceFile(path, readText(path), ts.ScriptTarget.ES2022, true);
  const found: Import[] = [];
  const add = (specifier: ts.Expression, isTypeOnly: boolean, names: string[]) => {
    if (!ts.isStringLiteralLike(specifier)) return;
    const target = resolve(path, specifier.text);
    found.push({ from: path, specifier: specifier.text, target, isTypeOnly, names });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, isErased(node.importClause), namesOf(node.importClause));
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      add(node.moduleSpecifier, node.isTypeOnly, ['*']);
    } else if (ts.isCallExpression(node) && loadsModule(node.expression)) {
      if (node.arguments[0]) add(node.arguments[0], false, ['*']);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function loadsModule(callee: ts.Expression): boolean {
  const isRequire = ts.isIdentifier(callee) && callee.text === 'require';
  return isRequire || callee.kind === ts.SyntaxKind.ImportKeyword;
}

function isErased(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  const onlyTypes =
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every(element => element.isTypeOnly);
  return clause.name === undefined && onlyTypes;
}

function namesOf(clause: ts.ImportClause | undefined): string[] {
  const bindings = clause?.namedBindings;
  const named =
    bindings && ts.isNamedImports(bindings)
      ? bindings.elements.map(element => (element.propertyName ?? element.name).text)
      : [];
  const whole = clause?.name !== undefined || (bindings && ts.isNamespaceImport(bindings));
  return whole ? ['*', ...named] : named;
}

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return packageName(specifier);
  const path = normalize(join(dirname(from), specifier)).replaceAll('\\', '/');
  const candidates = [path, `${path}.ts`, `${path}/index.ts`];
  return candidates.find(isFile) ?? path;
}

function isFile(path: string): boolean {
  const absolute = join(root, path);
  return existsSync(absolute) && statSync(absolute).isFile();
}

/** `@scope/name/file` → `@scope/name`; `node:fs/promises` → `node:fs`. */
function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The chain of files through which `entry` loads `target` at run time, or nothing. */
export function loadPath(entry: string, target: string): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[entry, undefined]]);
  const queue = [entry];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const one of importsOf(path)) {
      if (one.isTypeOnly || cameFrom.has(one.target)) continue;
      cameFrom.set(one.target, path);
      if (one.target === target) return chainTo(target, cameFrom);
      if (one.target.endsWith('.ts')) queue.push(one.target);
    }
  }
  return undefined;
}

function chainTo(target: string, cameFrom: Map<string, string | undefined>): string[] {
  const chain: string[] = [];
  for (let path: string | undefined = target; path !== undefined; path = cameFrom.get(path)) {
    chain.unshift(path);
  }
  return chain;
}
