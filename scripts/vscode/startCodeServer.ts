/**
 * Runs the browser-hosted VS Code on a free loopback port, with a profile of its own. Knows nothing
 * of the browser that looks at it, nor of what is tested.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CodeServer } from './installCodeServer';

export interface ServerOptions {
  /** Folder for settings, server log and everything else VS Code writes. */
  profile: string;
  extensions: string;
  settings?: Record<string, unknown>;
  /** Open folders in Restricted Mode until the user trusts them. Default: all are trusted. */
  asksForTrust?: boolean;
  /** Accept `extensionTestsPath` from the address; toasts and modal dialogs are then suppressed. */
  runsTests?: boolean;
  /** Used when it is free, else any other. */
  usualPort?: number;
}

export interface RunningServer {
  readonly port: number;
  /** What it and its extensions take for the user's home. */
  readonly home: string;
  /** Address of the workbench with this folder open. */
  addressOf(folder: string): string;
  /** Windows read them when they are loaded. */
  changeSettings(settings: Record<string, unknown>): Promise<void>;
  /** Settles when the server has ended, by itself or stopped. */
  readonly ended: Promise<unknown>;
  stop(): Promise<void>;
}

/** A workbench that shows only what is asked for: no welcome, no accounts, no updates. */
const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'window.autoDetectColorScheme': false,
  'chat.disableAIFeatures': true,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': 'off',
  'telemetry.telemetryLevel': 'off',
  'terminal.integrated.gpuAcceleration': 'off',
  'git.enabled': false,
  'github.gitAuthentication': false,
};

export async function startCodeServer(
  server: CodeServer,
  options: ServerOptions,
): Promise<RunningServer> {
  const port = await freePort(options.usualPort);
  const settingsFile = join(options.profile, 'data', 'User', 'settings.json');
  await mkdir(join(options.profile, 'home'), { recursive: true });
  await mkdir(join(options.profile, 'data', 'User'), { recursive: true });
  await writeSettings(settingsFile, { ...quietSettings, ...options.settings });

  const log = join(options.profile, 'server.log');
  const child = spawn(server.node, [server.entry, ...flagsOf(options, port)], {
    env: environmentOf(options.profile),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const sink = createWriteStream(log);
  child.stdout.pipe(sink);
  child.stderr.pipe(sink);
  await untilHealthy(child, port, log);

  return {
    port,
    home: join(options.profile, 'home'),
    addressOf: folder => `http://127.0.0.1:${String(port)}/?folder=${encodeURIComponent(folder)}`,
    changeSettings: async change => {
      const current = JSON.parse(await readFile(settingsFile, 'utf8')) as Record<string, unknown>;
      await writeSettings(settingsFile, { ...current, ...change });
    },
    ended: once(child, 'close'),
    stop: () => stop(child),
  };
}

/** Installs a VSIX as a user would, into a folder of extensions. */
export async function installExtension(
  server: CodeServer,
  vsix: string,
  options: { profile: string; extensions: string },
): Promise<void> {
  await mkdir(join(options.profile, 'home'), { recursive: true });
  const flags = [...placesOf(options), '--install-extension', vsix];
  const child = spawn(server.node, [server.entry, ...flags], {
    env: environmentOf(options.profile),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`VS Code did not install ${vsix}:\n${output}`);
}

function placesOf(options: { profile: string; extensions: string }): string[] {
  return [
    ...['--config', join(options.profile, 'home', 'code-server.yaml')],
    ...['--user-data-dir', join(options.profile, 'data')],
    ...['--extensions-dir', options.extensions],
  ];
}

function flagsOf(options: ServerOptions, port: number): string[] {
  return [
    ...placesOf(options),
    ...['--auth', 'none'],
    ...['--bind-addr', `127.0.0.1:${String(port)}`],
    '--disable-telemetry',
    '--disable-update-check',
    '--disable-getting-started-override',
    '--ignore-last-opened',
    // Without it the extension hosts of closed windows linger for hours.
    ...['--reconnection-grace-time', '3'],
    ...(options.asksForTrust ? [] : ['--disable-workspace-trust']),
    ...(options.runsTests ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ];
}

/** The server and what it starts see a home of their own and no extension gallery. */
function environmentOf(profile: string): NodeJS.ProcessEnv {
  const home = join(profile, 'home');
  const outside = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|NODE_|HF_|XDG_CACHE)/i.test(name),
  );
  return {
    ...Object.fromEntries(outside),
    HOME: home,
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    EXTENSIONS_GALLERY: '{}',
  };
}

async function writeSettings(path: string, settings: Record<string, unknown>): Promise<void> {
  await writeFile(path, JSON.stringify(settings, null, 2) + '\n');
}

async function freePort(usual = 0): Promise<number> {
  const probe = createServer().listen(usual, '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch (taken) {
    if (usual === 0) throw taken;
    return freePort();
  }
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

async function untilHealthy(child: ChildProcess, port: number, log: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (child.exitCode !== null) break;
    if (await isHealthy(port)) return;
    await delay(100);
  }
  child.kill();
  throw new Error(`VS Code did not start:\n${await readFile(log, 'utf8')}`);
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${String(port)}/healthz`)).ok;
  } catch {
    return false; // not listening yet
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const forced = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await closed;
  clearTimeout(forced);
}
