/** Bundles a TypeScript program into one file that plain Node runs, as the product is. */
import { buildSync } from 'esbuild';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { commonJsMeta } from '../../scripts/commonJsMeta';
import { workerEntries } from '../../scripts/workers';

const root = join(import.meta.dirname, '../..');

/**
 * Inside the project, where native modules are found, with the engine's threads beside it; gone
 * after the test file.
 * @param source relative to the project
 * @returns path of the bundle
 */
export function bundle(source: string): string {
  const name = source.replace(/\W+/g, '-');
  const outdir = join(root, '.cache/bundles', `${name}-${process.pid}`);
  buildSync({
    absWorkingDir: root,
    entryPoints: { [name]: source, ...workerEntries() },
    outdir,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['onnxruntime-node'],
    ...commonJsMeta,
  });
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));
  return join(outdir, `${name}.cjs`);
}
