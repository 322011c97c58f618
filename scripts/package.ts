/**
 * Makes the VSIX of this platform in `artifacts/`: the production build and the runtime's binaries
 * of this platform only, which are a seventh of what npm installs. Prints its files and size.
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createVSIX, listFiles } from '@vscode/vsce';
import { describeBytes, readManifest, root } from './project';

export interface Vsix {
  path: string;
  /** Platform as the Marketplace names it, e.g. `linux-x64`. */
  target: string;
  /** Paths inside the extension. */
  files: string[];
  bytes: number;
}

const binaries = 'node_modules/onnxruntime-node/bin/napi-v6';

export async function packageExtension(): Promise<Vsix> {
  const { name, version } = readManifest();
  const target = `${process.platform}-${process.arch}`;
  const path = join(root, 'artifacts', `${name}-${target}-${version}.vsix`);
  await mkdir(join(root, 'artifacts'), { recursive: true });
  const ignoreFile = await writeIgnoreFile();
  await createVSIX({
    cwd: root,
    target,
    packagePath: path,
    ignoreFile,
    // Pictures of the README are in the package.
    rewriteRelativeLinks: false,
    allowMissingRepository: true,
  });
  const files = await listFiles({ cwd: root, ignoreFile });
  return { path, target, files, bytes: (await stat(path)).size };
}

/** `.vscodeignore` and what it cannot say: which platform this is. */
async function writeIgnoreFile(): Promise<string> {
  const rules = await readFile(join(root, '.vscodeignore'), 'utf8');
  const path = join(root, '.cache', 'vscodeignore');
  await mkdir(join(root, '.cache'), { recursive: true });
  await writeFile(path, `${rules}!${binaries}/${process.platform}/${process.arch}/**\n`);
  return path;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { path, target, files, bytes } = await packageExtension();
  console.log(`${path}: ${target}, ${files.length} files, ${describeBytes(bytes)}`);
}
