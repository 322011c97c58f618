/**
 * Bundles the extension, the command line and every webview into `dist/` with esbuild, and puts the
 * data files they read at run time beside them. Knows nothing of types: `npm run types` checks those.
 *
 *   npm run build                 with source maps
 *   npm run build -- --production minified, as it is packaged
 *   npm run watch                 again after every change
 */
import { existsSync, readdirSync } from 'node:fs';
import { chmod, copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { context, type BuildOptions, type Metafile, type Plugin } from 'esbuild';
import { commonJsChunks } from './commonJsChunks';
import { commonJsMeta } from './commonJsMeta';
import { describeBytes, root } from './project';
import { workerEntries } from './workers';

const dist = join(root, 'dist');

interface BuildMode {
  production: boolean;
}

/** GPT-2's vocabulary stays a file: only those who open the tokenizer pay for its half megabyte. */
const ranksApart: Plugin = {
  name: 'ranks-apart',
  setup: build => {
    const besideBundle = { path: './gpt2Ranks.cjs', external: true };
    build.onResolve({ filter: /^js-tiktoken\/ranks\/gpt2$/ }, () => besideBundle);
  },
};

const nodeBundle = {
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  ...commonJsMeta,
  plugins: [ranksApart],
} satisfies BuildOptions;

/** In parts: a window is not held up by the schema of configs before a config is open. */
const extensionBundle: BuildOptions = {
  ...nodeBundle,
  entryPoints: { extension: 'src/extension.ts' },
  plugins: [ranksApart, commonJsChunks],
  outExtension: { '.js': '.cjs' },
  external: ['vscode'],
};

const cliBundle: BuildOptions = {
  ...nodeBundle,
  entryPoints: { cli: 'src/cli/main.ts' },
  outExtension: { '.js': '.cjs' },
  banner: { js: `#!/usr/bin/env node\n${nodeBundle.banner.js}` },
  external: ['onnxruntime-node'],
};

/** Interactive work with models, forked by the extension. */
const engineBundle: BuildOptions = {
  ...nodeBundle,
  entryPoints: { engine: 'src/engineProcess/main.ts' },
  outExtension: { '.js': '.cjs' },
  external: ['onnxruntime-node'],
};

/** Threads that are killed when data make them run too long. */
const workerBundle: BuildOptions = {
  ...nodeBundle,
  entryPoints: workerEntries(),
  outExtension: { '.js': '.cjs' },
};

/** Every folder of `webview/` with a `main.ts` is a view; its CSS comes from the imports. */
function webviewBundle(): BuildOptions {
  const views = readdirSync(join(root, 'webview'), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => entry.name)
    .filter(name => existsSync(join(root, 'webview', name, 'main.ts')));
  return {
    platform: 'browser',
    format: 'esm',
    target: 'chrome128',
    entryPoints: Object.fromEntries(
      views.map(view => [`webview/${view}`, `webview/${view}/main.ts`]),
    ),
    loader: { '.ttf': 'file', '.svg': 'text' },
    assetNames: 'webview/[name]',
  };
}

/** Files that are read by path at run time; a bundler would only slow down what they hold. */
function dataFiles(): [from: string, to: string][] {
  const require = createRequire(import.meta.url);
  return [
    [require.resolve('js-tiktoken/ranks/gpt2'), 'gpt2Ranks.cjs'],
    [require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'), 'DejaVuSans.ttf'],
    [require.resolve('@resvg/resvg-wasm/index_bg.wasm'), 'resvg.wasm'],
    ...['torchDevice.py', 'ttmlDevice.py'].map((name): [string, string] => [
      join(root, 'src/engine/devices', name),
      name,
    ]),
  ];
}

async function copyDataFiles(): Promise<void> {
  for (const [from, to] of dataFiles()) {
    await mkdir(dirname(join(dist, to)), { recursive: true });
    await copyFile(from, join(dist, to));
  }
}

function optionsOf(bundle: BuildOptions, mode: BuildMode): BuildOptions {
  return {
    ...bundle,
    absWorkingDir: root,
    outdir: dist,
    bundle: true,
    metafile: true,
    minify: mode.production,
    sourcemap: !mode.production,
    // Class names stay: they are part of messages and of the accessibility tree.
    keepNames: bundle.platform === 'node',
    legalComments: 'none',
    logLevel: 'warning',
  };
}

/** What was asked for by name, each with its size, and all parts of it together. */
async function printSizes(metafiles: Metafile[]): Promise<void> {
  const outputs = metafiles.flatMap(({ outputs }) => Object.keys(outputs));
  const data = dataFiles().map(([, to]) => relative(root, join(dist, to)));
  const paths = [...outputs.filter(path => !path.endsWith('.map')), ...data];
  const isPart = (path: string) => /-[A-Z0-9]{8}\.cjs$/.test(path);
  const sizeOf = async (path: string) => (await stat(join(root, path))).size;
  for (const path of paths.filter(path => !isPart(path))) printSize(path, await sizeOf(path));
  const parts = await Promise.all(paths.filter(isPart).map(sizeOf));
  const sum = parts.reduce((total, bytes) => total + bytes, 0);
  printSize(`dist: ${parts.length} parts`, sum);
}

const printSize = (path: string, bytes: number) =>
  console.log(`  ${path.padEnd(28)}${describeBytes(bytes)}`);

async function build(mode: BuildMode, watch: boolean): Promise<void> {
  await rm(dist, { recursive: true, force: true });
  const bundles = [extensionBundle, cliBundle, engineBundle, workerBundle, webviewBundle()];
  const contexts = await Promise.all(bundles.map(bundle => context(optionsOf(bundle, mode))));
  const metafiles: Metafile[] = [];
  for (const bundle of contexts) {
    const { metafile } = await bundle.rebuild();
    if (metafile) metafiles.push(metafile);
  }
  await copyDataFiles();
  await chmod(join(dist, 'cli.cjs'), 0o755);
  await printSizes(metafiles);
  if (watch) {
    await Promise.all(contexts.map(one => one.watch()));
    console.log('Watching for changes; Ctrl+C ends it.');
  } else {
    await Promise.all(contexts.map(one => one.dispose()));
  }
}

const flags = new Set(process.argv.slice(2));
try {
  await build({ production: flags.has('--production') }, flags.has('--watch'));
} catch (error) {
  if (!(error instanceof Error && 'errors' in error)) throw error;
  process.exit(1); // esbuild has said what is wrong and where
}
