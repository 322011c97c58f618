/**
 * `npm run fuzz`: 10,000 damaged inputs for every target, or those that are named. A case that
 * crashes, hangs or ends in an error without a code is a finding: its bytes are kept and named.
 * Without names, the tests that try damaged inputs of their own do so as often, too.
 *
 *   npm run fuzz
 *   npm run fuzz -- npz onnx --count 100000 --from 10000
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { IsolatedThread } from '../../src/engine/isolate/isolatedThread';
import { root } from '../../scripts/project';
import { readText, sourcesBelow } from '../rules/sourceTree';
import { makeCase, type FuzzReport } from './fuzzTarget';
import { targets } from './targets';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '10000' },
    from: { type: 'string', default: '0' },
  },
});
const unknown = positionals.filter(name => !(name in targets));
if (unknown.length > 0)
  throw new Error(`no target ${unknown.join(', ')}; there are ${Object.keys(targets).join(', ')}`);

interface Found {
  caseNumber: number;
  bytes: Uint8Array;
  message: string;
}

const BATCH = 100;
/** A case that takes so long hangs. */
const LIMIT_MS = 5_000;
const MEMORY_MB = 512;

const folder = mkdtempSync(join(tmpdir(), 'weightroom-fuzz-'));
const findings = join(root, 'artifacts', 'fuzz');

async function fuzzTarget(name: string, from: number, count: number): Promise<number> {
  let thread = newThread();
  const outcomes: Record<string, number> = {};
  const times: number[] = [];
  let found = 0;
  const run = async (start: number, end: number): Promise<void> => {
    try {
      const limit = LIMIT_MS * (end - start === 1 ? 1 : 4);
      const report = await thread.ask<FuzzReport | Found>(
        { target: name, from: start, to: end, folder },
        limit,
      );
      if ('message' in report) {
        found++;
        keep(name, report);
        if (report.caseNumber + 1 < end) await run(report.caseNumber + 1, end);
        return;
      }
      times.push(...report.times);
      for (const [outcome, n] of Object.entries(report.outcomes))
        outcomes[outcome] = (outcomes[outcome] ?? 0) + n;
    } catch (error) {
      thread = newThread();
      if (end - start > 1) {
        for (let i = start; i < end; i++) await run(i, i + 1);
        return;
      }
      found++;
      const bytes = makeCase(targets[name]!, targets[name]!.seeds(), start);
      keep(name, { caseNumber: start, bytes, message: String(error) });
    }
  };
  for (let at = from; at < from + count; at += BATCH)
    await run(at, Math.min(at + BATCH, from + count));
  thread.close();
  describe(name, outcomes, times, found);
  return found;
}

const newThread = () =>
  new IsolatedThread(join(import.meta.dirname, 'fuzzThread.ts'), { memoryMb: MEMORY_MB });

function keep(name: string, { caseNumber, bytes, message }: Found): void {
  mkdirSync(findings, { recursive: true });
  const path = join(findings, `${name}-${caseNumber}`);
  writeFileSync(path, bytes);
  console.log(`  ${name} ${message}\n  kept as ${path}`);
}

function describe(name: string, outcomes: Record<string, number>, times: number[], found: number) {
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? 0).toFixed(1);
  const total = times.reduce((sum, ms) => sum + ms, 0) / 1000;
  console.log(
    `${name}: ${times.length + found} cases, ${found} findings, ${outcomes.ok ?? 0} read; ` +
      `median ${at(0.5)} ms, 99th ${at(0.99)} ms, worst ${at(1)} ms, ${total.toFixed(1)} s in all`,
  );
  const sorted = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  console.log(`  ${sorted.map(([outcome, n]) => `${outcome} ${n}`).join(', ')}`);
}

/** Tests that count by `mutantCount`. */
async function runTests(): Promise<number> {
  const tests = sourcesBelow('test').filter(
    path => path.endsWith('.test.ts') && readText(path).includes("/mutants'"),
  );
  if (tests.length === 0) return 0;
  const child = spawn(join(root, 'node_modules', '.bin', 'vitest'), ['run', ...tests], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, WEIGHTROOM_MUTANTS: values.count },
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0 ? 0 : 1;
}

let all = 0;
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(targets))
    all += await fuzzTarget(name, Number(values.from), Number(values.count));
  if (positionals.length === 0) all += await runTests();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = all === 0 ? 0 : 1;
