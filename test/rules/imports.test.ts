/** The direction of imports, as `src/README.md` states it, checked over the real source tree. */
import { describe, expect, it } from 'vitest';
import { importsOf, loadPath, sourcesBelow, type Import } from './sourceTree';

const sources = [...sourcesBelow('src'), ...sourcesBelow('webview')];
const imports = sources.flatMap(importsOf);

function show({ from, specifier }: Import): string {
  return `${from} imports ${specifier}`;
}

function within(folder: string): Import[] {
  return imports.filter(one => isIn(folder, one.from));
}

/** `src/engine` is not `src/engineProcess`. */
function isIn(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function isSource(one: Import): boolean {
  return one.specifier.startsWith('.');
}

/** The first folders of a path: `part('src/host/runs/tree.ts', 3)` → `src/host/runs`. */
function part(path: string, depth: number): string {
  return path.split('/').slice(0, depth).join('/');
}

describe('each part imports only what stands before it', () => {
  const mayImport: Record<string, string[]> = {
    'src/protocol': [],
    'src/curves': ['src/protocol'],
    'src/engine': ['src/protocol', 'src/curves'],
    'src/cli': ['src/protocol', 'src/curves', 'src/engine'],
    'src/engineProcess': ['src/protocol', 'src/curves', 'src/engine'],
    'src/host': ['src/protocol', 'src/curves', 'src/engine'],
    'src/extension.ts': ['src/host'],
    webview: ['src/protocol', 'src/curves'],
  };

  it.each(Object.entries(mayImport))('%s', (own, allowed) => {
    const open = [own, ...allowed];
    const wrong = within(own)
      .filter(isSource)
      .filter(one => !open.some(folder => isIn(folder, one.target)));
    expect(wrong.map(show)).toEqual([]);
  });

  it('covers every source file', () => {
    const parts = Object.keys(mayImport);
    expect(sources.filter(path => !parts.some(own => isIn(own, path)))).toEqual([]);
  });
});

describe('inside the engine', () => {
  const ground = ['problem.ts', 'processEnvironment.ts', 'tensor', 'files'];
  const leaves = ['config', 'data', 'formats'];
  const below = {
    model: [...ground, ...leaves, 'graph'],
    session: [...ground, ...leaves, 'graph', 'model'],
    work: [...ground, ...leaves, 'graph', 'model', 'session'],
  };
  const mayImport: Record<string, string[]> = {
    'problem.ts': [],
    'processEnvironment.ts': [],
    tensor: ['problem.ts'],
    files: ['problem.ts'],
    config: [...ground, 'formats', 'data', 'model'],
    isolate: ['problem.ts'],
    data: [...ground, 'formats', 'config', 'isolate'],
    chat: ['problem.ts', 'isolate'],
    formats: ground,
    examples: [...ground, ...leaves, 'isolate', 'chat'],
    inspect: [...ground, 'formats', 'data', 'isolate'],
    graph: ground,
    model: below.model,
    session: below.session,
    train: below.work,
    generate: below.work,
    metrics: ['tensor', 'data'],
    agents: [...below.work, 'metrics', 'sandbox'],
    evaluate: [...below.work, 'generate', 'chat', 'examples', 'metrics', 'agents', 'sandbox', 'isolate'], // prettier-ignore
    devices: [...below.work, 'generate', 'sandbox', 'evaluate'],
    compare: [...below.work, 'devices', 'isolate'],
    plan: below.model.concat('model', 'train', 'devices'),
    hub: [...ground, ...leaves, 'model', 'run'],
    catalog: [...ground, ...leaves, 'isolate', 'model', 'hub'],
    run: [...below.work, 'train', 'generate', 'evaluate', 'compare', 'plan', 'examples', 'chat'],
    sandbox: [...below.work, 'chat', 'generate', 'run'],
    cacheStudy: [...below.work, 'generate', 'run'],
  };
  const folder = (path: string) => path.split('/')[2] ?? '';

  it.each(Object.entries(mayImport))('%s imports only what stands before it', (own, allowed) => {
    const wrong = within(`src/engine/${own}`)
      .filter(one => one.target.startsWith('src/engine/'))
      .filter(one => ![own, ...allowed].includes(folder(one.target)));
    expect(wrong.map(show)).toEqual([]);
  });

  it('has no folder without a place in the order', () => {
    const folders = new Set(sourcesBelow('src/engine').map(folder));
    expect([...folders].filter(name => !(name in mayImport))).toEqual([]);
  });
});

describe('one door for each heavy thing', () => {
  const doors: [name: string, target: string, folder: string][] = [
    ['the runtime', 'onnxruntime-node', 'src/engine/session/'],
    ['YAML', 'yaml', 'src/engine/config/'],
  ];

  it.each(doors)('%s is imported only by its folder', (_name, target, folder) => {
    const users = imports.filter(one => one.target === target);
    expect(users.filter(one => !one.from.startsWith(folder)).map(show)).toEqual([]);
  });

  it('only the host and the entry point know VS Code', () => {
    const users = imports.filter(one => one.target === 'vscode');
    const outside = users.filter(one => !/^src\/(host\/|extension\.ts)/.test(one.from));
    expect(outside.map(show)).toEqual([]);
  });

  it('loads no native module into the extension host', () => {
    expect(loadPath('src/extension.ts', 'onnxruntime-node')).toBeUndefined();
  });

  it('sees a native module where there is one', () => {
    expect(loadPath('src/cli/main.ts', 'onnxruntime-node')?.at(-1)).toBe('onnxruntime-node');
  });
});

describe('features and views stand alone', () => {
  it('no host feature imports another, save the type of the runs store', () => {
    const wrong = within('src/host/')
      .filter(one => one.target.startsWith('src/host/') && one.target.split('/').length > 3)
      .filter(one => part(one.from, 3) !== part(one.target, 3))
      .filter(one => !(one.isTypeOnly && one.target === 'src/host/runs/runStore.ts'));
    expect(wrong.map(show)).toEqual([]);
  });

  it('no view imports another', () => {
    const views = sources.filter(path => /^webview\/[^/]+\/main\.ts$/.test(path));
    const folders = views.map(path => part(path, 2));
    const wrong = within('webview/')
      .filter(one => folders.includes(part(one.target, 2)))
      .filter(one => part(one.from, 2) !== part(one.target, 2));
    expect(wrong.map(show)).toEqual([]);
  });

  it('a view knows nothing of Node', () => {
    const wrong = within('webview/').filter(one => one.target.startsWith('node:'));
    expect(wrong.map(show)).toEqual([]);
  });
});

describe('every write goes through src/engine/files', () => {
  const reading =
    /^(existsSync|readFileSync|readdirSync|statSync|lstatSync|accessSync|realpathSync|readSync|openSync|closeSync|fstatSync|statfsSync|watch|createReadStream|readFile|readdir|stat|access|realpath|constants|[A-Z]\w*)$/;

  it('nothing else imports a writing function of node:fs', () => {
    const wrong = imports
      .filter(one => /^(node:)?fs(\/|$)/.test(one.specifier) && !one.isTypeOnly)
      .filter(one => !one.from.startsWith('src/engine/files/'))
      .flatMap(one =>
        one.names.filter(name => !reading.test(name)).map(name => `${one.from}: ${name}`),
      );
    expect(wrong).toEqual([]);
  });
});
