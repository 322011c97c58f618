/**
 * Files beside an ONNX model in which its data lies, opened only where they cannot lead out of the
 * model's folder: no absolute or climbing names, no link out of the folder, no second name of a file
 * that lies elsewhere. Source: onnx, docs/ExternalDataSecurity.md.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, join, relative, isAbsolute, sep } from 'node:path';
import { onDisk } from '../../files/diskProblem';
import type { FileSystem } from '../../files/fileSystem';
import type { ByteSource } from '../byteSource';
import { fileSource } from '../byteSource';

export class ExternalData {
  private readonly opened = new Map<string, { source: ByteSource; file: number }>();

  /** @param path of the model */
  constructor(
    private readonly path: string,
    private readonly fs: FileSystem,
  ) {}

  /** @param refuse says why the file is not opened */
  open(location: string, refuse: (what: string) => never): ByteSource {
    const known = this.opened.get(location);
    if (known) return known.source;
    const path = this.inside(location, refuse);
    const file = onDisk('read', path, () => this.fs.open(path, 'r'));
    const source = fileSource(this.fs, file, path);
    this.opened.set(location, { source, file });
    return source;
  }

  close(): void {
    for (const { file } of this.opened.values()) this.fs.close(file);
    this.opened.clear();
  }

  private inside(location: string, refuse: (what: string) => never): string {
    const parts = location.split('/');
    if (location === '' || /^[/~]|\\|\0|:/.test(location) || parts.includes('..'))
      return refuse(`its data would lie outside of its folder, in "${location}"`);
    const path = join(dirname(this.path), location);
    const [model, real] = [realPath(this.path), realPath(path)];
    if (real === undefined) return refuse(`its data should lie in ${location}, which is missing`);
    // the folder as it is called, and the one in which a link to the model ends, as in a hub's cache
    const folders = [realPath(dirname(this.path)), model && dirname(model)];
    if (!folders.some(folder => folder !== undefined && isBelow(folder, real)))
      return refuse(`its data file ${location} is a link that leads out of its folder`);
    const facts = statSync(real);
    if (!facts.isFile()) return refuse(`its data file ${location} is no file`);
    if (facts.nlink > 1)
      return refuse(`its data file ${location} has a second name elsewhere (a hard link); copy it`);
    return path;
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // not there, a circle of links, or no permission: it cannot be opened
  }
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
