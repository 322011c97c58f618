/**
 * Runs `suite/` inside a real VS Code extension host: desktop VS Code where there is one, else the
 * browser-hosted one. Says which. `npm run test:host -- "part of a test's name"` runs some.
 *
 * The exit code of a host means little: after a native crash it is 0. Only a results file with
 * passes counts.
 */
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { commonJsMeta } from '../../scripts/commonJsMeta';
import { root } from '../../scripts/project';
import { findDesktop, type Desktop } from '../../scripts/vscode/findDesktop';
import { installCodeServer } from '../../scripts/vscode/installCodeServer';
import { launchBrowser } from '../../scripts/vscode/launchBrowser';
import { removeFolder } from '../../scripts/vscode/removeFolder';
import { startCodeServer } from '../../scripts/vscode/startCodeServer';
import { filterVariable, resultsVariable } from './index';

const bundles = join(root, '.cache', 'host-tests');
const results = join(bundles, 'results.json');
const entry = join(bundles, 'index.cjs');
const longestRun = 15 * 60_000;

interface MochaResults {
  stats: { passes: number; failures: number; pending: number };
  tests: { fullTitle: string; duration?: number; err: { message?: string; stack?: string } }[];
}

interface Scene {
  workspace: string;
  profile: string;
  environment: Record<string, string>;
}

async function bundleSuites(): Promise<void> {
  await rm(bundles, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: ['test/host/index.ts', 'test/host/suite/*.test.ts'],
    outbase: 'test/host',
    outdir: bundles,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    ...commonJsMeta,
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
}

async function makeScene(): Promise<Scene> {
  const home = await mkdtemp(join(tmpdir(), 'weightroom-host-'));
  const workspace = join(home, 'workspace');
  await mkdir(workspace);
  const isMade = /[\\/](runs|data)$/; // by whoever tried the examples here
  const filter = (path: string) => !isMade.test(path);
  await cp(join(root, 'examples'), workspace, { recursive: true, filter });
  const wanted = process.argv[2];
  const environment = {
    [resultsVariable]: results,
    ...(wanted === undefined ? {} : { [filterVariable]: wanted }),
  };
  return { workspace, profile: join(home, 'profile'), environment };
}

async function runInDesktop(desktop: Desktop, scene: Scene): Promise<void> {
  await runTests({
    vscodeExecutablePath: desktop.executable,
    extensionDevelopmentPath: root,
    extensionTestsPath: entry,
    extensionTestsEnv: scene.environment,
    launchArgs: [
      scene.workspace,
      '--disable-workspace-trust',
      ...['--user-data-dir', join(scene.profile, 'data')],
      ...['--extensions-dir', join(scene.profile, 'extensions')],
    ],
  });
}

async function runInBrowser(scene: Scene): Promise<void> {
  const program = await installCodeServer(line => console.log(line));
  const { profile, workspace, environment } = scene;
  const extensions = join(profile, 'extensions');
  const server = await startCodeServer(program, { profile, extensions, runsTests: true });
  const browser = await launchBrowser();
  try {
    const remote = (path: string) => `vscode-remote://127.0.0.1:${server.port}${path}`;
    const payload = [
      ['extensionDevelopmentPath', remote(root)],
      ['extensionTestsPath', remote(entry)],
      ['extensionEnvironment', JSON.stringify(environment)],
    ];
    const { page } = browser;
    const ended = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('The tests did not end.')), longestRun);
      const end = () => {
        clearTimeout(late);
        resolve();
      };
      void page.exposeFunction('codeAutomationExit', end);
      void page.exposeFunction('codeAutomationLog', () => undefined);
    });
    const query = `&payload=${encodeURIComponent(JSON.stringify(payload))}`;
    await page.goto(server.addressOf(workspace) + query, { waitUntil: 'domcontentloaded' });
    await ended;
  } finally {
    await browser.close();
    await server.stop();
  }
}

async function report(): Promise<boolean> {
  const text = await readFile(results, 'utf8').catch(() => undefined);
  if (text === undefined) {
    console.error('No results: the extension host died or ran nothing.');
    return false;
  }
  const { stats, tests } = JSON.parse(text) as MochaResults;
  for (const { fullTitle, err } of tests) {
    const failed = err.message !== undefined;
    console.log(`  ${failed ? '✗' : '✓'} ${fullTitle}${failed ? `\n${err.stack ?? ''}` : ''}`);
  }
  console.log(`In-host: ${stats.passes} passed, ${stats.failures} failed`);
  return stats.passes > 0 && stats.failures === 0;
}

await bundleSuites();
const scene = await makeScene();
const desktop = findDesktop();
console.log(
  `Host: ${desktop ? `desktop VS Code (${desktop.executable})` : 'browser-hosted VS Code'}`,
);
try {
  // A failed test fails the host too; the results file says it better.
  await (desktop ? runInDesktop(desktop, scene) : runInBrowser(scene)).catch(console.error);
  process.exitCode = (await report()) ? 0 : 1;
} finally {
  await removeFolder(join(scene.workspace, '..'));
}
