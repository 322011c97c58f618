/**
 * Builds a browser-hosted VS Code from the npm registry alone, once per version, in a cache outside
 * the repository. It takes about a minute and 800 MB. Knows nothing of how the server is started.
 *
 * Of code-server's native modules only the four that the server loads are compiled; a plain install
 * would also want the headers of Kerberos.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { MissingPrerequisite, requireCompiler } from './prerequisites';

/** code-server 4.139.1 is VS Code 1.139.1 and wants exactly this major version of Node. */
export const codeServerVersion = '4.139.1';
const nodeVersion = '24.21.0';

export interface CodeServer {
  /** Executable of the Node it was built for. */
  node: string;
  /** Its entry script. */
  entry: string;
}

export type Progress = (line: string) => void;

/** The installed server; builds it first when the cache does not hold it. */
export async function installCodeServer(progress: Progress): Promise<CodeServer> {
  const home = join(cacheFolder(), codeServerVersion);
  if (!existsSync(layoutOf(home).entry)) await buildInto(home, progress);
  return layoutOf(home);
}

function cacheFolder(): string {
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return process.env['WEIGHTROOM_HOST_CACHE'] ?? join(caches, 'weightroom-host');
}

function nodePackage(): string {
  return `node-${process.platform}-${process.arch}`;
}

function layoutOf(home: string): CodeServer & { nodeHome: string; vscode: string } {
  const nodeHome = join(home, 'node', 'node_modules', nodePackage());
  const server = join(home, 'server', 'node_modules', 'code-server');
  return {
    node: join(nodeHome, 'bin', 'node'),
    entry: join(server, 'out', 'node', 'entry.js'),
    nodeHome,
    vscode: join(server, 'lib', 'vscode'),
  };
}

/** Everything happens in a sibling folder that takes its name when complete: no half-built cache. */
async function buildInto(home: string, progress: Progress): Promise<void> {
  if (process.platform === 'win32') {
    throw new MissingPrerequisite(
      'The browser-hosted VS Code does not run on Windows. Install desktop VS Code and put `code` on PATH.',
    );
  }
  requireCompiler();
  progress(
    `Building browser-hosted VS Code ${codeServerVersion} in ${home} (once, about a minute)`,
  );
  const draft = `${home}.${String(process.pid)}`;
  try {
    await assemble(draft, progress);
    await rename(draft, home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function assemble(draft: string, progress: Progress): Promise<void> {
  const { nodeHome, vscode, node, entry } = layoutOf(draft);
  const env = buildEnvironment(nodeHome);
  const step = async (title: string, folder: string, ...args: string[]) => {
    progress(`  ${title}`);
    await npm(args, folder, env);
  };

  await makePackage(join(draft, 'node'));
  await makePackage(join(draft, 'server'));
  await step('Node', join(draft, 'node'), 'install', `${nodePackage()}@${nodeVersion}`);
  const bare = ['install', '--ignore-scripts'];
  await step('server', join(draft, 'server'), ...bare, `code-server@${codeServerVersion}`);
  await step('password hashing', join(draft, 'server'), 'rebuild', 'argon2');
  await step('VS Code', vscode, ...bare, '--omit=dev');
  const native = ['@vscode/spdlog', '@vscode/native-watchdog', 'node-pty'];
  await step('native modules', vscode, 'rebuild', ...native);
  await step('built-in extensions', join(vscode, 'extensions'), ...bare, '--omit=dev');
  await execute(node, ['postinstall.mjs'], join(vscode, 'extensions'), env);
  await linkLaunchers(vscode);
  await execute(node, [entry, '--version'], draft, env);
}

async function makePackage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}\n');
}

/** Node 24 first, its headers for node-gyp, and nothing of an npm script this may run in. */
function buildEnvironment(nodeHome: string): NodeJS.ProcessEnv {
  const outside = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return {
    ...Object.fromEntries(outside),
    PATH: join(nodeHome, 'bin') + delimiter + (process.env['PATH'] ?? ''),
    npm_config_nodedir: nodeHome,
    MAKEFLAGS: '-j2',
  };
}

/** What code-server's own install script does for the programs that the terminal calls. */
async function linkLaunchers(vscode: string): Promise<void> {
  const system = process.platform === 'darwin' ? 'darwin' : 'linux';
  const links = [
    ['remote-cli', `code-${system}.sh`, 'code-server'],
    ['helpers', `browser-${system}.sh`, 'browser.sh'],
  ] as const;
  for (const [folder, target, name] of links) {
    const path = join(vscode, 'bin', folder, name);
    await rm(path, { force: true });
    await symlink(target, path);
  }
}

async function npm(args: string[], folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  await execute('npm', [...args, '--no-audit', '--no-fund'], folder, env);
}

/** Runs a program; its output is shown only when it fails. */
async function execute(
  program: string,
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  const tail = Buffer.concat(output).toString().split('\n').slice(-30).join('\n');
  throw new Error(`${program} ${args.join(' ')} failed in ${cwd} (exit ${String(code)})\n${tail}`);
}
