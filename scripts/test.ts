/**
 * `npm test`: every check there is, one stage after another, and one line at the very end with what
 * passed and failed. `npm test -- unit ui` runs some stages. A stage that cannot run has failed.
 */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { root } from './project';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** The names of the failed tests, as far as the tool tells them. */
  failures: string[];
}

interface Stage {
  name: string;
  /** A program of `node_modules/.bin` with its arguments. */
  command: string[];
  /** Where it leaves its results; a stage without them is one test: its exit code. */
  results?: { file: string; read: (text: string) => Counts };
}

const logs = join(root, 'artifacts', 'test');

function vitest(name: string, ...args: string[]): Stage {
  const file = join(logs, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  return {
    name,
    command: ['vitest', 'run', ...args, ...reporters],
    results: { file, read: readVitest },
  };
}

const stages: Stage[] = [
  { name: 'build', command: ['tsx', 'scripts/build.ts'] },
  { name: 'types', command: ['tsc', '-b'] },
  { name: 'lint', command: ['eslint', '--max-warnings', '0', '.'] },
  { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  vitest('unit'),
  {
    name: 'host',
    command: ['tsx', 'test/host/runHost.ts'],
    results: { file: join(root, '.cache', 'host-tests', 'results.json'), read: readMocha },
  },
  vitest('ui', '--config', 'test/ui/vitest.config.ts'),
];

function readVitest(text: string): Counts {
  const json = JSON.parse(text) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
    testResults: {
      name: string;
      status: string;
      assertionResults: { fullName: string; status: string }[];
    }[];
  };
  const failures = json.testResults.flatMap(({ name, status, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter(test => test.status === 'failed');
    if (failed.length > 0) return failed.map(({ fullName }) => `${file}: ${fullName}`);
    return status === 'failed' ? [`${file} as a whole`] : [];
  });
  return {
    passed: json.numPassedTests,
    failed: json.numFailedTests,
    skipped: json.numPendingTests + json.numTodoTests,
    failures,
  };
}

function readMocha(text: string): Counts {
  const { stats, failures } = JSON.parse(text) as {
    stats: { passes: number; failures: number; pending: number };
    failures: { fullTitle: string }[];
  };
  return {
    passed: stats.passes,
    failed: stats.failures,
    skipped: stats.pending,
    failures: failures.map(({ fullTitle }) => fullTitle),
  };
}

async function execute([program = '', ...args]: string[]): Promise<number> {
  const child = spawn(join(root, 'node_modules', '.bin', program), args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', code => resolve(code ?? 1));
  });
}

/** A tool may fail without a failed test: files that do not load, a host that died. */
async function runStage({ command, results }: Stage): Promise<Counts> {
  if (results) await rm(results.file, { force: true });
  const code = await execute(command);
  const whole = {
    passed: code === 0 ? 1 : 0,
    failed: code === 0 ? 0 : 1,
    skipped: 0,
    failures: [],
  };
  if (!results) return whole;
  const text = await readFile(results.file, 'utf8').catch(() => undefined);
  if (text === undefined)
    return { passed: 0, failed: 1, skipped: 0, failures: ['left no results'] };
  const counts = results.read(text);
  return { ...counts, failed: Math.max(counts.failed, whole.failed) };
}

function describe({ passed, failed, skipped }: Omit<Counts, 'failures'>): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : '');
}

function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

const wanted = process.argv.slice(2);
const chosen = stages.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const summary: string[] = [];
let total: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
for (const [index, stage] of chosen.entries()) {
  console.log(`\n[${index + 1}/${chosen.length}] ${stage.name}`);
  const began = performance.now();
  const counts = await runStage(stage);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const mark = counts.failed === 0 ? '✓' : '✗';
  summary.push(`${mark} ${stage.name.padEnd(8)}${seconds.padStart(7)} s  ${describe(counts)}`);
  console.log(summary.at(-1));
  summary.push(...counts.failures.map(name => `    ✗ ${name}`));
  total = add(total, counts);
}
console.log(`\n${summary.join('\n')}\n${describe(total)}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
