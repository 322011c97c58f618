/** `weightroom evaluate CONFIG|MODEL`: what a model makes of examples, judged; and a gate for CI. */
import { existsSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { readConfig } from '../engine/config/readConfig';
import type { EvaluateConfig } from '../engine/config/schema';
import { readPlan, readSamples } from '../engine/evaluate/evaluationFolder';
import { junitText } from '../engine/evaluate/junit';
import { compareWithBaseline, readBaseline } from '../engine/evaluate/regressionGate';
import type { EvaluationRequest } from '../engine/evaluate/runEvaluation';
import type { EvaluationSettings } from '../engine/evaluate/settings';
import { configTextOf, settingsOf } from '../engine/evaluate/settingsOf';
import { disk } from '../engine/files/fileSystem';
import { readText } from '../engine/files/readFile';
import { writeTextDurably } from '../engine/files/writeDurably';
import { fail } from '../engine/problem';
import type { Device } from '../engine/session/session';
import type { EvaluationEvent, EvaluationReport } from '../protocol/evaluation';
import { type AddCommand, type CommandContext, runsOption } from './command';
import { modelNamed, modelOfConfig, type NamedModel } from './evaluatedModel';
import { addEvaluateKeys, withOptions } from './evaluateOptions';
import { comparisonLines, progressText, reportLines, scoresOf } from './evaluateWords';
import { describeProblem, exitCode, ProblemsError } from './failure';

interface EvaluateOptions extends Record<string, unknown> {
  runs: string;
  out?: string;
  only?: number[];
  resume?: string;
  baseline?: string;
  junit?: string;
  device?: Device;
  threads: number;
  json?: boolean;
  events?: boolean;
}

export const addEvaluate: AddCommand = (program, context) => {
  const command = program
    .command('evaluate')
    .description('answer examples with a model and judge the answers')
    .argument(
      '[target]',
      'a config with `evaluate`; or a run (its id or the end of it, or "latest"), a model folder, or a model in the cache',
    );
  addEvaluateKeys(command)
    .addOption(runsOption())
    .option('--out <dir>', 'folder that the evaluation gets its own folder in')
    .option('--only <list>', 'these examples alone, by index from 0, e.g. 3,17', indices)
    .option('--resume <dir>', 'go on with an evaluation that was stopped')
    .option(
      '--baseline <file>',
      'an earlier evaluation; exit code 1 when this one is worse beyond noise',
    ) // prettier-ignore
    .option('--junit <file>', 'write a test for each sample')
    .option('--device <name>', 'cpu or webgpu')
    .option('--threads <n>', '0 uses every core', wholeNumber, 0)
    .option('--json', 'print the report as one JSON object')
    .option('--events', 'print what happens, one JSON object a line')
    .action(async (target: string | undefined, options: EvaluateOptions) => {
      context.exit(await evaluate(target, options, context));
    });
};

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A whole number.');
}

function indices(text: string): number[] {
  if (/^\d{1,9}(,\d{1,9})*$/.test(text)) return text.split(',').map(Number);
  throw new InvalidArgumentError('Whole numbers with commas between them.');
}

/** All that decides an evaluation, wherever it was said. */
interface Asked {
  readonly settings: EvaluationSettings;
  readonly model: NamedModel;
  readonly evaluate: EvaluateConfig;
  readonly device: Device;
  /** Where evaluations go that are not of a run. */
  readonly beside: string;
}

async function evaluate(
  target: string | undefined,
  options: EvaluateOptions,
  context: CommandContext,
): Promise<number> {
  const { out, err } = context;
  const baseline = options.baseline === undefined ? undefined : readBaseline(disk, options.baseline); // prettier-ignore
  const asked = options.resume === undefined ? asksFor(target, options, context) : goesOn(options.resume, options, context); // prettier-ignore
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const { runEvaluation } = await import('../engine/evaluate/runEvaluation'); // loads the native runtime
  let last: EvaluationEvent | undefined;
  try {
    for await (const event of runEvaluation({
      ...requestOf(asked, options),
      signal: stopping.signal,
    })) {
      // prettier-ignore
      last = event;
      if (options.events) out.print(JSON.stringify(event));
      else if (event.type === 'progress') err.status(progressText(event));
      else if (event.type === 'started' && !options.json) err.print(`Evaluation in ${event.dir}`);
    }
  } finally {
    err.status('');
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
  if (last?.type === 'stopped') {
    err.print(`Stopped after ${last.done} of ${last.total}. Go on with: weightroom evaluate --resume ${last.dir}`); // prettier-ignore
    return exitCode.stopped;
  }
  if (last?.type !== 'done') throw new Error('an evaluation ended without a word');
  return conclude(last, { asked, baseline, options, context });
}

interface Conclusion {
  asked: Asked;
  baseline: ReturnType<typeof readBaseline> | undefined;
  options: EvaluateOptions;
  context: CommandContext;
}

function conclude(
  { dir, report }: { dir: string; report: EvaluationReport },
  { asked, baseline, options, context }: Conclusion,
): number {
  const { out } = context;
  const { bleu } = asked.settings;
  const comparison = baseline && compareWithBaseline(disk, { dir, report, bleu }, baseline);
  if (options.junit !== undefined)
    writeTextDurably(disk, options.junit, junitText(report, readSamples(disk, dir)));
  if (options.json)
    out.print(JSON.stringify({ type: 'report', ...scoresOf(report), dir, ...report, ...(comparison && { comparison }) })); // prettier-ignore
  else if (options.events) {
    if (comparison) out.print(JSON.stringify({ type: 'comparison', ...comparison }));
  } else {
    for (const line of reportLines(report)) out.print(line);
    for (const line of comparison ? comparisonLines(comparison) : []) out.print(line);
  }
  return comparison?.verdict === 'worse' ? exitCode.failed : exitCode.done;
}

function requestOf(asked: Asked, options: EvaluateOptions): Omit<EvaluationRequest, 'signal'> {
  const { settings, model, evaluate: section, device, beside } = asked;
  const { evaluations, ...named } = model;
  const configText = configTextOf({
    name: settings.name,
    evaluate: {
      ...section,
      ...{ model: model.dir, adapter: model.adapterDir ?? undefined, data: settings.data },
      ...{ format: settings.format, system: settings.system },
      ...{ prompt: settings.prompt, completion: settings.completion },
    },
    device,
  });
  return {
    settings,
    model: named,
    configText,
    evaluations: resolve(options.out ?? evaluations ?? join(beside, 'evaluations')),
    resume: options.resume,
    open: async () => {
      const { openTextModel } = await import('../engine/sandbox/textModel'); // loads the native runtime
      return openTextModel({
        dir: model.dir,
        adapterDir: model.adapterDir ?? undefined,
        backend: section.backend,
        bits: section.quantize && (section.quantize === 'int4' ? 4 : 8),
        ...{ device, threads: options.threads },
      });
    },
  };
}

/** Of a config, or of a model with options alone. */
function asksFor(
  target: string | undefined,
  options: EvaluateOptions,
  context: CommandContext,
): Asked {
  if (target === undefined)
    return fail('evaluate.no-model', 'Name a config with `evaluate`, or a run or a model folder.');
  if (['.yaml', '.yml'].includes(extname(target)) && existsSync(target))
    return ofConfig(resolve(target), options, context);
  const section = withOptions({}, options);
  const model = modelNamed(target, section, options.runs);
  const baseDir = process.cwd();
  const name = section.data === undefined ? 'evaluation' : nameOfFile(section.data);
  return {
    settings: settingsOf({ evaluate: section, name, baseDir, configPath: null, only: options.only }), // prettier-ignore
    ...{ model, evaluate: section, device: options.device ?? 'cpu', beside: baseDir },
  };
}

const nameOfFile = (path: string): string =>
  path
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.[^.]*$/, '');

function ofConfig(path: string, options: EvaluateOptions, { err }: CommandContext): Asked {
  const { config, evaluation, name, problems } = readConfig(readText(disk, path), path);
  if (problems.some(({ severity }) => severity === 'error')) throw new ProblemsError(problems);
  for (const warning of problems) err.print(describeProblem(warning));
  const baseDir = dirname(path);
  const section = withOptions(evaluation?.evaluate ?? config?.evaluate ?? {}, options);
  const ownPaths = fromCommandLine(section, options);
  const model = modelOfConfig(ownPaths, { name, baseDir, path });
  const settings = settingsOf({
    ...{ evaluate: ownPaths, data: config?.data, name, baseDir, configPath: path },
    only: options.only,
  });
  const device = options.device ?? (evaluation ?? config)?.device ?? 'cpu';
  return { settings, model, evaluate: ownPaths, device, beside: baseDir };
}

/** Paths that were said on the command line are relative to where it was said. */
function fromCommandLine(section: EvaluateConfig, options: EvaluateOptions): EvaluateConfig {
  const own = (key: 'data' | 'adapter') =>
    typeof options[key] === 'string' ? { [key]: resolve(options[key]) } : {};
  return { ...section, ...own('data'), ...own('adapter') };
}

/** What a stopped one was, from its own folder. */
function goesOn(dir: string, options: EvaluateOptions, context: CommandContext): Asked {
  const plan = readPlan(disk, dir);
  const asked = ofConfig(join(resolve(dir), 'config.yaml'), { ...options, only: [...plan.indices] }, context); // prettier-ignore
  return {
    ...asked,
    settings: { ...asked.settings, name: plan.name, configPath: plan.configPath },
  };
}
