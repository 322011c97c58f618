/** A view and the played editor, bundled as `npm run build` bundles a view. */
import { type BuildOptions, build } from 'esbuild';
import { root } from '../../scripts/project';

export interface PageFiles {
  script: string;
  style: string;
  playedEditor: string;
}

const bundled = new Map<string, Promise<PageFiles>>();

/** Bundles each view once in a process. @param name folder in `webview/` */
export function bundleForPage(name: string): Promise<PageFiles> {
  const known = bundled.get(name) ?? bundle(name);
  bundled.set(name, known);
  return known;
}

async function bundle(name: string): Promise<PageFiles> {
  const view = await filesOf({
    entryPoints: { [name]: `webview/${name}/main.ts` },
    format: 'esm',
    loader: { '.svg': 'text' },
  });
  const editor = await filesOf({
    entryPoints: { playedEditor: 'test/webview/playedEditor.ts' },
    format: 'iife',
  });
  return {
    script: view(`${name}.js`),
    style: view(`${name}.css`),
    playedEditor: editor('playedEditor.js'),
  };
}

async function filesOf(options: BuildOptions): Promise<(name: string) => string> {
  const { outputFiles = [] } = await build({
    ...options,
    absWorkingDir: root,
    outdir: 'dist',
    bundle: true,
    write: false,
    minify: true,
    target: 'chrome128',
    logLevel: 'warning',
  });
  return name => outputFiles.find(({ path }) => path.endsWith(name))?.text ?? '';
}
