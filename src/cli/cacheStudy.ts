/** `weightroom cache-study CONFIG`: what keeping adapters' caches in less memory costs. */
import { InvalidArgumentError } from 'commander';
import { relative, resolve } from 'node:path';
import { bytesText } from '../curves/numberText';
import type { StudyReport, StudyResult, VariantSummary } from '../protocol/cacheStudy';
import type { AddCommand, CommandContext } from './command';
import { readStudyFile } from './configFile';
import { exitCode } from './failure';

interface StudyFlags {
  json?: boolean;
  runs?: string;
  threads?: number;
}

export const addCacheStudy: AddCommand = (program, context) => {
  program
    .command('cache-study')
    .description("compare ways of keeping the caches of adapters over one base's")
    .argument('<config>', 'a Weightroom config with `cache_study`')
    .option('--json', 'print one JSON object; saved only where --runs says')
    .option('--runs <dir>', 'folder that the report is saved in (default: runs beside the config)')
    .option('--threads <n>', 'threads within an operator', wholeNumber)
    .action(async (path: string, flags: StudyFlags) => {
      context.exit(await studyConfig(path, flags, context));
    });
};

const wholeNumber = (text: string): number => {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
};

export async function studyConfig(
  path: string,
  { json = false, runs, threads }: StudyFlags,
  { out, err }: CommandContext,
): Promise<number> {
  const { study: config, baseDir, name, text } = readStudyFile(path, err);
  const { runStudy } = await import('../engine/cacheStudy/runStudy'); // loads the native runtime
  const { saveStudy } = await import('../engine/cacheStudy/studyFiles');
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  process.once('SIGTERM', () => stopping.abort());
  try {
    const ran = await runStudy({
      ...{ study: config.cache_study, name, device: config.device, baseDir, threads },
      signal: stopping.signal,
      onProgress: ({ adapter, what, done, total }) =>
        err.status(`${done} of ${total}  ${adapter} ${what}`),
    });
    err.status('');
    const folder = runs ?? (json ? undefined : resolve(baseDir, 'runs'));
    const saved = folder === undefined ? undefined : saveStudy(folder, ran, { path, text });
    if (json) out.print(JSON.stringify({ ...(saved?.report ?? ran.report), dir: saved?.dir }));
    else {
      for (const line of table(ran.report)) out.print(line);
      if (saved) out.print(`\nReport  ${relative(process.cwd(), saved.dir) || '.'}`);
    }
  } catch (error) {
    err.status('');
    if (stopping.signal.aborted) return exitCode.stopped;
    throw error;
  }
  return exitCode.done;
}

/** A verdict, a line for each way of keeping, then where each adapter is exact and how far it errs. */
function table(report: StudyReport): string[] {
  const { model, adapters, prefix_tokens, variants } = report;
  const rows = variants.map(v => cells(v, report));
  const heads = ['kept', 'bytes', 'ratio', 'KL', 'top-1', 'equal for', 'tok/s'];
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map(row => row[i]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ');
  return [
    `${model.name}  ${adapters.length} adapters  prefix of ${prefix_tokens} tokens  ${report.device}`,
    '',
    line(heads),
    ...rows.map(line),
    '',
    ...adapters.flatMap(({ adapter }) => errorLines(adapter, report)),
  ];
}

function cells(v: VariantSummary, { results }: StudyReport): string[] {
  const own = results.filter(r => r.variant === v.variant);
  const shortest = Math.min(...own.map(equalFor));
  const isWhole = own.every(r => r.first_divergence === null);
  return [
    `${v.on_front ? '●' : '○'} ${v.variant}`,
    bytesText(v.total_bytes),
    `${v.ratio.toFixed(1)}×`,
    v.kl === 0 ? '0' : v.kl.toPrecision(3),
    `${(100 * v.top1_agreement).toFixed(1)} %`,
    isWhole ? 'all' : `${shortest}`,
    v.tokens_per_second.toFixed(1),
  ];
}

const equalFor = ({ first_divergence, greedy_ids }: StudyResult): number =>
  first_divergence ?? greedy_ids.length;

function errorLines(adapter: string, { results }: StudyReport): string[] {
  const own = results.filter(r => r.adapter === adapter && r.strategy !== 'full');
  return [
    `${adapter}  relative L2 of V by layer, in % (✓ exact)`,
    ...own.map(({ variant, layers }) => {
      const errors = layers.map(l => (l.v_exact ? '✓' : (100 * l.v_rel_l2).toPrecision(2)));
      return `  ${variant.padEnd(26)}${errors.map(e => e.padStart(8)).join('')}`;
    }),
  ];
}
