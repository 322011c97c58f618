/**
 * `npm test`: every check there is, one stage after another, and one line at the very end with what
 * passed and failed. `npm test -- unit ui` runs some stages. A stage that cannot run has failed.
 *
 * Files with failed tests are run once more, by themselves, when they are few: VS Code and a browser on
 * a busy machine lose a click now and then. What passes only then is named at the end.
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

/** Counts by file, or by whatever else the tool can repeat. */
type Results = Map<string, Counts>;

interface Stage {
  name: string;
  /** A program of `node_modules/.bin` with its arguments. */
  command: string[];
  /** Where it leaves its results; a stage without them is one test: its exit code. */
  results?: {
    file: string;
    read: (text: string) => Results;
    /** The command for those that failed, if they can be told. */
    repeat: (failed: string[]) => string[] | undefined;
  };
}

/** More files than these do not fail by chance. */
const MOST_REPEATED = 3;

const logs = join(root, 'artifacts', 'test');

function vitest(name: string, ...args: string[]): Stage {
  const file = join(logs, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const command = ['vitest', 'run', ...args, ...reporters];
  const repeat = (failed: string[]) =>
    failed.includes(name) ? undefined : [...command, ...failed];
  return { name, command, results: { file, read: readVitest, repeat } };
}

const hostTests = ['tsx', 'test/host/runHost.ts'];

/** Those of a row run side by side: each of them keeps one core busy. */
const rows: Stage[][] = [
  [{ name: 'build', command: ['tsx', 'scripts/build.ts'] }],
  [
    { name: 'types', command: ['tsc', '-b'] },
    { name: 'lint', command: ['eslint', '--max-warnings', '0', '.'] },
    { name: 'format', command: ['prettier', '--check', '--log-level', 'warn', '.'] },
  ],
  [vitest('unit')],
  [
    {
      name: 'host',
      command: hostTests,
      results: {
        file: join(root, '.cache', 'host-tests', 'results.json'),
        read: readMocha,
        repeat: () => hostTests,
      },
    },
  ],
  [vitest('ui', '--config', 'test/ui/vitest.config.ts')],
];

function readVitest(text: string): Results {
  const json = JSON.parse(text) as {
    testResults: {
      name: string;
      status: string;
      assertionResults: { fullName: string; status: string }[];
    }[];
  };
  return new Map(
    json.testResults.map(({ name, status, assertionResults: tests }) => {
      const file = relative(root, name);
      const passed = tests.filter(test => test.status === 'passed').length;
      const failures = tests
        .filter(test => test.status === 'failed')
        .map(({ fullName }) => `${file}: ${fullName}`);
      const skipped = tests.length - passed - failures.length;
      if (status === 'failed' && failures.length === 0) failures.push(`${file} as a whole`);
      return [file, { passed, failed: failures.length, skipped, failures }];
    }),
  );
}

function readMocha(text: string): Results {
  const { stats, failures } = JSON.parse(text) as {
    stats: { passes: number; failures: number; pending: number };
    failures: { fullTitle: string }[];
  };
  const counts = {
    passed: stats.passes,
    failed: stats.failures,
    skipped: stats.pending,
    failures: failures.map(({ fullTitle }) => fullTitle),
  };
  return new Map([['host', counts]]);
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

const failing = (results: Results): string[] =>
  [...results].filter(([, { failed }]) => failed > 0).map(([file]) => file);

const oneFailure = (what: string): Counts => ({
  passed: 0,
  failed: 1,
  skipped: 0,
  failures: [what],
});

/** A tool may fail without a failed test: files that do not load, a host that died. */
async function runOnce({ name, results }: Stage, command: string[]): Promise<Results> {
  if (results) await rm(results.file, { force: true });
  const code = await execute(command);
  if (!results) {
    const counts = { passed: 1, failed: 0, skipped: 0, failures: [] };
    return new Map([[name, code === 0 ? counts : { ...oneFailure(name), failures: [] }]]);
  }
  const text = await readFile(results.file, 'utf8').catch(() => undefined);
  if (text === undefined) return new Map([[name, oneFailure('left no results')]]);
  const read = results.read(text);
  if (code !== 0 && failing(read).length === 0)
    read.set(name, oneFailure(`ended with code ${code}, though no test failed`));
  return read;
}

/** @returns what counts in the end, and what had failed before it passed */
async function runStage(stage: Stage): Promise<{ counts: Counts; mended: string[] }> {
  const first = await runOnce(stage, stage.command);
  const files = failing(first);
  const isFew = files.length > 0 && files.length <= MOST_REPEATED;
  const command = isFew ? stage.results?.repeat(files) : undefined;
  if (!command) return { counts: sum(first), mended: [] };
  console.log(`\n${stage.name} once more: ${files.join(', ')}`);
  const second = await runOnce(stage, command);
  const still = new Set(failing(second));
  const mended = files.filter(file => !still.has(file));
  return {
    counts: sum(new Map([...first, ...second])),
    mended: mended.flatMap(file => first.get(file)!.failures),
  };
}

function describe({ passed, failed, skipped }: Omit<Counts, 'failures'>): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : '');
}

const sum = (results: Results): Counts => [...results.values()].reduce(add, nothing);

const nothing: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };

function add(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  };
}

const wanted = process.argv.slice(2);
const isChosen = ({ name }: Stage) => wanted.length === 0 || wanted.includes(name);
const chosen = rows.map(row => row.filter(isChosen)).filter(row => row.length > 0);
const summary: string[] = [];
let total = nothing;

async function take(stage: Stage): Promise<void> {
  const began = performance.now();
  const { counts, mended } = await runStage(stage);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const mark = counts.failed === 0 ? '✓' : '✗';
  const line = `${mark} ${stage.name.padEnd(8)}${seconds.padStart(7)} s  ${describe(counts)}`;
  console.log(line);
  summary.push(
    line,
    ...counts.failures.map(name => `    ✗ ${name}`),
    ...mended.map(name => `    ↻ ${name}: failed, then passed`),
  );
  total = add(total, counts);
}

for (const [index, row] of chosen.entries()) {
  console.log(`\n[${index + 1}/${chosen.length}] ${row.map(({ name }) => name).join(', ')}`);
  await Promise.all(row.map(take));
}
console.log(`\n${summary.join('\n')}\n${describe(total)}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
