/** `weightroom diff A B`: whether two models have the same weights, and what is wrong where not. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { bytesText, countText, durationText, shortText } from '../curves/numberText';
import { ModelComparison } from '../engine/compare/compareModels';
import type { Fault } from '../engine/compare/faults/fault';
import {
  type DiffReport,
  diffReport,
  type ParameterReport,
  problemsFirst,
  reasonOf,
  reportCsv,
  reportJson,
} from '../engine/compare/report';
import { reportHtml, sentences } from '../engine/compare/reportHtml';
import { disk } from '../engine/files/fileSystem';
import { writeTextDurably } from '../engine/files/writeDurably';
import { weightsIn } from '../engine/formats/weightFolder';
import { fail, ProblemError } from '../engine/problem';
import {
  type Metrics,
  type Profile,
  type ProfileName,
  profileNames,
  profiles,
  TOLERANCES,
} from '../protocol/diffMetrics';
import type { AddCommand, CommandContext } from './command';
import { runsOption } from './command';
import { type LogitInput, logitsOfBoth } from './diffLogits';
import { exitCode } from './failure';
import { modelFolder, modelPath } from './modelPath';
import { printable } from './terminal';

interface DiffFlags {
  profile: ProfileName;
  pcc?: number;
  maxAbs?: number;
  relL2?: number;
  ulp?: number;
  atol?: number;
  rtol?: number;
  base?: string;
  runs: string;
  export?: string;
  all?: boolean;
  causes: boolean;
  logits?: boolean;
  logitsOnly?: boolean;
  prompt?: string;
  threads?: number;
  json?: boolean;
}

export const addDiff: AddCommand = (program, context) => {
  program
    .command('diff')
    .description(
      'compare the weights of two models, parameter by parameter; ends with 1 where they do not match',
    )
    .argument(
      '<left>',
      'a model folder, weights of any format (safetensors, shards, .pt, .npz …), a checkpoint or run, an adapter over its base, a dump of a device, or a model in the cache',
    )
    .argument('<right>', 'the same, of the other model')
    .addOption(
      new Option('--profile <name>', 'what counts as a match')
        .choices(profileNames)
        .default('bit-exact'),
    )
    .option('--pcc <least>', 'own bound: least correlation', bound)
    .option('--max-abs <most>', 'own bound: largest difference', bound)
    .option('--rel-l2 <most>', 'own bound: largest ‖a − b‖ / ‖a‖', bound)
    .option('--ulp <most>', 'own bound: 99 % are no more units of the last place apart', bound)
    .option('--atol <t>', 'own bound: |a − b| ≤ atol + rtol·|b| everywhere', bound)
    .option('--rtol <t>', `its relative part: 0, ${TOLERANCES.join(', ')}`, relativeTolerance)
    .option('--base <folder>', 'the base of an adapter, when it is not where the adapter says')
    .addOption(runsOption())
    .option('--export <file>', 'write the report as .json, .csv or .html')
    .option('--all', 'list the parameters that match, too')
    .option('--no-causes', 'do not look for what is wrong with parameters that do not match')
    .option('--logits', 'also run both models and compare what they predict')
    .option('--logits-only', 'compare only what they predict')
    .option('--prompt <text>', 'on this text; without it, on tokens at random')
    .option('--threads <n>', 'threads that compare', positive)
    .option('--json', 'print one JSON object')
    .action(async (left: string, right: string, flags: DiffFlags) => {
      context.exit(await diff(left, right, flags, context));
    });
};

function bound(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number, as 0.99 or 1e-3.');
}

function relativeTolerance(text: string): number {
  const value = bound(text);
  if (value === 0 || TOLERANCES.some(t => t === value)) return value;
  throw new InvalidArgumentError(`One of 0, ${TOLERANCES.join(', ')}.`);
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 64) return value;
  throw new InvalidArgumentError('A whole number from 1 to 64.');
}

/** Own bounds take the place of the profile. */
function profileOf({ profile, pcc, maxAbs, relL2, ulp, atol, rtol }: DiffFlags): Profile {
  const own = {
    ...(pcc !== undefined && { pcc }),
    ...(maxAbs !== undefined && { maxAbs }),
    ...(relL2 !== undefined && { relL2 }),
    ...(ulp !== undefined && { ulp99: ulp }),
    ...((atol ?? rtol) !== undefined && { allclose: { atol: atol ?? 0, rtol: rtol ?? 0 } }),
  };
  return Object.keys(own).length === 0 ? profiles[profile] : { name: 'own', ...own };
}

/** Parameters whose fault is looked for: each is read whole. */
const MOST_CAUSES = 64;

async function diff(
  left: string,
  right: string,
  flags: DiffFlags,
  { out, err }: CommandContext,
): Promise<number> {
  const profile = profileOf(flags);
  const sides = {
    left: sidePath(left, flags.runs),
    right: sidePath(right, flags.runs),
    base: flags.base === undefined ? undefined : modelPath(flags.base),
  };
  if (flags.logitsOnly) return compareLogitsOnly({ ...sides, prompt: flags.prompt }, flags, out);
  const comparison = new ModelComparison(sides, {
    here: true,
    ...(flags.threads !== undefined && { threads: flags.threads }),
  });
  try {
    const began = performance.now();
    const opened = await comparison.open();
    const metrics = new Map<number, Metrics>();
    const unreadable = new Map<number, string>();
    const total = new Float64Array(opened.table.bytes).reduce((sum, bytes) => sum + bytes, 0);
    let done = 0;
    await comparison.compareAll((result, bytes) => {
      done += bytes;
      if (result.metrics) metrics.set(result.row, result.metrics);
      if (result.unreadable !== undefined) unreadable.set(result.row, result.unreadable);
      if (!flags.json) out.status(`${bytesText(done)} of ${bytesText(total)}`);
    });
    const seconds = (performance.now() - began) / 1000;
    const input = { opened, profile, metrics, unreadable, seconds };
    const first = diffReport(input);
    const faults = flags.causes ? await faultsOf(first, comparison) : new Map<number, Fault>();
    const wantsLogits = flags.logits === true || flags.prompt !== undefined;
    const logits = wantsLogits ? await logitsOfBoth({ ...sides, prompt: flags.prompt }) : undefined;
    const report = diffReport({ ...input, faults, ...(logits && { logits }) });
    out.status('');
    if (flags.json) out.print(JSON.stringify(reportJson(report)));
    else for (const line of describe(report, flags.all ?? false)) out.print(line);
    if (flags.export !== undefined) {
      writeTextDurably(disk, flags.export, exported(report, flags.export));
      if (!flags.json) err.print(`written to ${flags.export}`);
    }
    return report.matches ? exitCode.done : exitCode.failed;
  } finally {
    comparison.close();
  }
}

async function compareLogitsOnly(
  input: LogitInput,
  { json }: DiffFlags,
  out: CommandContext['out'],
): Promise<number> {
  const logits = await logitsOfBoth(input);
  const { positions, divergence, agreement } = logits;
  if (json) out.print(JSON.stringify({ logits }));
  else
    out.print(
      `divergence ${shortText(divergence)} nats, the same likeliest token at ${shortText(100 * agreement)} % of ${countText(positions)} positions`,
    );
  return agreement === 1 ? exitCode.done : exitCode.failed;
}

/** Weights as they are named; else a run's best checkpoint, a model of the cache. */
function sidePath(name: string, runs: string): string {
  const path = modelPath(name);
  if (existsSync(path) && hasWeights(path)) return path;
  try {
    return modelFolder(name, { runs });
  } catch (error) {
    if (existsSync(path) || !(error instanceof ProblemError)) throw error;
    return fail('diff.not-found', `There is no file, folder, run or downloaded model "${name}".`, {
      file: name,
    });
  }
}

function hasWeights(path: string): boolean {
  if (!disk.stat(path).isFolder) return true;
  if (existsSync(join(path, 'adapter_config.json'))) return true;
  try {
    weightsIn(path);
    return true;
  } catch (error) {
    if (error instanceof ProblemError) return existsSync(join(path, 'config.json'));
    throw error;
  }
}

async function faultsOf(
  { parameters }: DiffReport,
  comparison: ModelComparison,
): Promise<Map<number, Fault>> {
  const faults = new Map<number, Fault>();
  const wrong = problemsFirst(parameters).filter(
    ({ verdict, metrics }) => verdict === 'mismatch' && metrics,
  );
  for (const { row } of wrong.slice(0, MOST_CAUSES)) {
    const fault = await comparison.ask('fault', { row });
    if (fault) faults.set(row, fault);
  }
  return faults;
}

function exported(report: DiffReport, path: string): string {
  if (/\.csv$/i.test(path)) return reportCsv(report);
  if (/\.html?$/i.test(path)) return reportHtml(report);
  if (/\.json$/i.test(path)) return `${JSON.stringify(reportJson(report), null, 1)}\n`;
  return fail('diff.export', `${path} ends in none of .json, .csv, .html.`, { file: path });
}

const MARKS = { match: '✓', mismatch: '✗', missing: '⊘', unused: '⊘', ignored: '–' } as const;

function describe(report: DiffReport, isAll: boolean): string[] {
  const { left, right, profile, matches, isIdentical, seconds = 0, bytes } = report;
  const verdict = isIdentical
    ? '✓ the same, bit for bit'
    : matches
      ? `✓ they match (${profile.name})`
      : `✗ they do not match (${profile.name})`;
  const listed = problemsFirst(report.parameters).filter(
    ({ verdict: v }) => isAll || (v !== 'match' && v !== 'ignored'),
  );
  return [
    verdict,
    sentences(report),
    `left   ${sideLine(left)}`,
    `right  ${sideLine(right)}`,
    `${bytesText(bytes)} compared in ${durationText(seconds)}, ${bytesText(bytes / Math.max(seconds, 1e-9))}/s`,
    ...(listed.length > 0 ? ['', ...table(listed.map(cells))] : []),
  ];
}

const sideLine = ({ path, what, tensors, bytes }: DiffReport['left']): string =>
  `${printable(path)}: ${what}, ${countText(tensors)} tensors, ${bytesText(bytes)}`;

function cells(one: ParameterReport): string[] {
  const { name, rightName, verdict, leftType, rightType, metrics } = one;
  const types = leftType === rightType ? leftType : `${leftType || '–'} → ${rightType || '–'}`;
  const numbers = metrics
    ? [
        `rel L2 ${shortText(metrics.relL2)}`,
        `max abs ${shortText(metrics.maxAbs)}`,
        Number.isNaN(metrics.pcc) ? 'PCC –' : `PCC ${metrics.pcc.toFixed(6)}`,
      ]
    : ['', '', ''];
  const shown = rightName === undefined ? name : `${name} ↔ ${rightName}`;
  const proof = one.fault?.repaired
    ? ` (${one.fault.repair?.toLowerCase()}: PCC ${one.fault.repaired.pcc.toFixed(6)}, rel L2 ${shortText(one.fault.repaired.relL2)})`
    : '';
  return [MARKS[verdict], oneLine(shown), types, ...numbers, oneLine(`${reasonOf(one)}${proof}`)];
}

const oneLine = (text: string): string => printable(text).replace(/\s*[\n\t]\s*/g, ' ');

function table(rows: readonly string[][]): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}
