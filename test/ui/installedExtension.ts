/** Before all UI tests: packages the extension and installs it into VS Code, as a user would. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { packageExtension } from '../../scripts/package';
import { root } from '../../scripts/project';
import { installCodeServer, type CodeServer } from '../../scripts/vscode/installCodeServer';
import { requireChromium } from '../../scripts/vscode/prerequisites';
import { removeFolder } from '../../scripts/vscode/removeFolder';
import { installExtension } from '../../scripts/vscode/startCodeServer';

export interface InstalledExtension {
  server: CodeServer;
  vsix: string;
  vsixBytes: number;
  /** Paths inside the VSIX. */
  vsixFiles: string[];
  /** The folder of extensions it was installed into. */
  extensions: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    installed: InstalledExtension;
  }
}

export default async function install(project: TestProject): Promise<() => Promise<void>> {
  requireChromium();
  await rm(join(root, 'artifacts', 'ui', 'failed'), { recursive: true, force: true });
  const server = await installCodeServer(line => console.log(line));
  const vsix = await packageExtension();
  const home = await mkdtemp(join(tmpdir(), 'weightroom-extensions-'));
  const extensions = join(home, 'extensions');
  await installExtension(server, vsix.path, { profile: join(home, 'profile'), extensions });
  project.provide('installed', {
    server: { node: server.node, entry: server.entry },
    vsix: vsix.path,
    vsixBytes: vsix.bytes,
    vsixFiles: vsix.files,
    extensions,
  });
  return () => removeFolder(home);
}
