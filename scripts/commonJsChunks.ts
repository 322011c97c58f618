/**
 * Splits a bundle into files that are loaded when they are needed, for a host that loads CommonJS:
 * esbuild splits only ES modules, so each of its files is turned into CommonJS afterwards. Modules
 * that several files need exist once, as without splitting.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { transform, type OutputFile, type Plugin } from 'esbuild';

export const commonJsChunks: Plugin = {
  name: 'commonjs-chunks',
  setup: build => {
    const { initialOptions: options } = build;
    const { minify = false, keepNames = false, target, sourcemap } = options;
    Object.assign(options, { format: 'esm', splitting: true, write: false });
    // the second step follows the maps of the first, when they are in the text
    if (sourcemap) options.sourcemap = 'inline';
    const convert = async ({ path, text }: OutputFile) => {
      const { code, map } = await transform(text, {
        format: 'cjs',
        platform: 'node',
        minify,
        keepNames,
        ...(target && { target }),
        ...(sourcemap && { sourcemap: 'external', sourcefile: path }),
      });
      await mkdir(dirname(path), { recursive: true });
      if (map === '') return writeFile(path, code);
      await writeFile(`${path}.map`, map);
      await writeFile(path, `${code}//# sourceMappingURL=${basename(path)}.map\n`);
    };
    build.onEnd(async ({ outputFiles = [] }) => {
      await Promise.all(outputFiles.map(convert));
    });
  },
};
