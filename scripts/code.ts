/**
 * `npm run code [-- FOLDER]`: opens VS Code with the extension on the examples, or on a folder. The
 * desktop's `code` when it is on PATH; else the browser-hosted one, until Ctrl+C.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { packageExtension } from './package';
import { root } from './project';
import { findDesktop, type Desktop } from './vscode/findDesktop';
import { installCodeServer } from './vscode/installCodeServer';
import { installExtension, startCodeServer } from './vscode/startCodeServer';

/** Always the same when it is free: the browser keeps a workbench's layout by its address. */
const usualPort = 8139;

async function openDesktop(desktop: Desktop, folder: string): Promise<void> {
  console.log(`Opening ${folder} in ${desktop.command}`);
  const flags = ['--new-window', `--extensionDevelopmentPath=${root}`];
  const child = spawn(desktop.command, [...flags, folder], { stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${desktop.command} ended with ${String(code)}`);
}

async function serveInBrowser(folder: string): Promise<void> {
  const program = await installCodeServer(line => console.log(line));
  const { path } = await packageExtension();
  const profile = join(root, '.cache', 'browser-vscode');
  const extensions = join(profile, 'extensions');
  await rm(extensions, { recursive: true, force: true });
  await installExtension(program, path, { profile, extensions });
  const server = await startCodeServer(program, { profile, extensions, usualPort });
  console.log(`\nVS Code with Weightroom: ${server.addressOf(folder)}\nCtrl+C stops it.`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), server.ended]);
  await server.stop();
}

const folder = resolve(process.argv[2] ?? join(root, 'examples'));
const desktop = findDesktop();
await (desktop ? openDesktop(desktop, folder) : serveInBrowser(folder));
