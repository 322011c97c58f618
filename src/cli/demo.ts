/** `weightroom demo`: the main job from nothing to a model that answers, on data made here. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { DEMO_SIZES, writeDemo } from '../engine/data/demoProblems';
import type { Gsm8kProblem } from '../engine/data/gsm8k';
import { type Answered, answerProblems } from '../engine/evaluate/exactMatch';
import type { EvaluationSettings } from '../engine/evaluate/settings';
import { settingsOf } from '../engine/evaluate/settingsOf';
import { disk } from '../engine/files/fileSystem';
import { readText } from '../engine/files/readFile';
import { ensureFolder } from '../engine/files/writeDurably';
import { initializeParameters } from '../engine/model/initialize';
import { readModelFolder } from '../engine/model/modelFolder';
import { baseParameters } from '../engine/model/programs';
import { fail } from '../engine/problem';
import { chooseCheckpoint } from '../engine/run/chooseCheckpoint';
import { writeLossPictures } from '../engine/run/lossPictures';
import { createRunFolder } from '../engine/run/runFolder';
import { readRunLog } from '../engine/run/runLog';
import { openModelTokenizer } from '../engine/data/modelTokenizer';
import { startRun } from '../engine/run/startRun';
import type { EvaluationReport, EvaluationSample } from '../protocol/evaluation';
import type { AddCommand, CommandContext } from './command';
import { cliPath } from './command';
import { readConfigFile } from './configFile';
import { modelNamed } from './evaluatedModel';
import { withOptions } from './evaluateOptions';
import { progressText } from './evaluateWords';
import { exitCode } from './failure';
import { followInTerminal } from './followInTerminal';

/** Held-out problems asked before and after. */
const ASKED = 100;
const SHOWN = 4;

export const addDemo: AddCommand = (program, context) => {
  program
    .command('demo')
    .description('make word problems, train a small model on them, and ask it new ones')
    .argument('[folder]', 'where demo.yaml is, and data and runs go', '.')
    .action(async (folder: string) => {
      context.exit(await demo(resolve(folder), context));
    });
};

async function demo(folder: string, context: CommandContext): Promise<number> {
  const { out } = context;
  const configPath = join(folder, 'demo.yaml');
  if (!existsSync(configPath))
    fail('demo.no-config', `${folder} has no demo.yaml. Name the folder of the examples.`, {
      file: configPath,
    });
  const problems = makeData(folder, out.print);

  const { config, text, name } = readConfigFile(configPath, context.err);
  const settings = settingsOf({
    ...{ evaluate: withOptions(config.evaluate ?? {}, {}), data: config.data, name },
    ...{ baseDir: folder, configPath },
  });
  const runDir = createRunFolder(join(folder, 'runs'), {
    configText: text,
    configPath,
    name,
    resolved: { config },
  });
  const pid = startRun({ nodePath: process.execPath, cliPath: cliPath(), runDir });
  const code = await followInTerminal(runDir, {
    ...context,
    json: false,
    pid,
    onInterrupt: 'stop',
  });
  if (code !== exitCode.done) return code;

  const asking = { problems, seed: config.train.seed, context };
  const before = await askUntrained(runDir, asking);
  const after = await evaluateTrained(runDir, { ...settings, samples: ASKED }, context);
  report(runDir, { before, after }, context);
  const pictures = await writeLossPictures(runDir);
  const place = (path: string) => relative(process.cwd(), path) || '.';
  out.print('');
  out.print(`Run folder    ${place(runDir)}`);
  out.print(`Loss curves   ${place(pictures.svg)} and ${basename(pictures.png)}`);
  out.print(`Evaluation    ${place(after.dir)}`);
  out.print(
    `In VS Code    npm run code, then Weightroom in the activity bar, then ${basename(runDir)}`,
  );
  return exitCode.done;
}

/** @returns the first held-out problems */
function makeData(folder: string, print: (line: string) => void): Gsm8kProblem[] {
  const data = join(folder, 'data');
  const validation = join(data, 'validation.jsonl');
  if (!existsSync(validation)) {
    ensureFolder(disk, data);
    writeDemo(disk, data, DEMO_SIZES);
  }
  print(
    `Data          ${DEMO_SIZES.train} word problems to learn from, ${DEMO_SIZES.validation} held out, seed ${DEMO_SIZES.seed}`,
  );
  const lines = readFileSync(validation, 'utf8').trimEnd().split('\n').slice(0, ASKED);
  return lines.map(line => JSON.parse(line) as Gsm8kProblem);
}

interface Asking {
  problems: readonly Gsm8kProblem[];
  seed: number;
  context: CommandContext;
}

/** Answers of the same model before training. */
async function askUntrained(runDir: string, { problems, seed, context }: Asking) {
  const { dir } = chooseCheckpoint(runDir, 'best');
  const { model } = readModelFolder(dir);
  const tokenizer = await openModelTokenizer(dir);
  if (!tokenizer)
    return fail('demo.no-tokenizer', 'The demo trains on text; name a tokenizer in demo.yaml.', {
      file: dir,
    });
  const { openGenerator } = await import('../engine/generate/generate'); // loads the native runtime
  const generator = openGenerator(model, initializeParameters(baseParameters(model), seed));
  const answers: Answered[] = [];
  try {
    const settings = { tokenizer, batch: 50, maxTokens: 64 };
    for await (const answered of answerProblems(generator, problems, settings)) {
      answers.push(answered);
      context.out.status(`Asking the untrained model  ${answers.length}/${problems.length}`);
    }
  } finally {
    await generator.dispose();
    context.out.status('');
  }
  return answers;
}

interface Evaluated {
  dir: string;
  report: EvaluationReport;
  samples: readonly EvaluationSample[];
}

/** The trained model on the same problems, stored beside the run. */
async function evaluateTrained(
  runDir: string,
  settings: EvaluationSettings,
  { out }: CommandContext,
): Promise<Evaluated> {
  const { evaluations, ...model } = modelNamed(runDir, { checkpoint: 'best' }, dirname(runDir));
  const { runEvaluation } = await import('../engine/evaluate/runEvaluation'); // loads the native runtime
  const { openTextModel } = await import('../engine/sandbox/textModel');
  const events = runEvaluation({
    ...{ settings, model, evaluations: evaluations! },
    configText: readText(disk, settings.configPath!),
    open: () => openTextModel({ dir: model.dir }),
    signal: new AbortController().signal,
  });
  const samples: EvaluationSample[] = [];
  for await (const event of events) {
    if (event.type === 'progress') out.status(`Asking the trained model  ${progressText(event)}`);
    else if (event.type === 'sample') samples.push(event.sample);
    else if (event.type === 'done') {
      out.status('');
      return { dir: event.dir, report: event.report, samples };
    }
  }
  throw new Error('the evaluation ended without a report');
}

function report(
  runDir: string,
  { before, after }: { before: readonly Answered[]; after: Evaluated },
  { out }: CommandContext,
): void {
  out.print('');
  for (const { question, output, exact, expected } of after.samples.slice(0, SHOWN)) {
    out.print(`Q  ${question}`);
    out.print(`A  ${output.split('\n\n')[0]?.replaceAll('\n', ' ') ?? ''}`);
    out.print(
      `   answered ${exact?.answer ?? 'nothing'}, expected ${expected ?? '?'}  ${exact?.isRight ? '✓' : '✗'}`,
    );
    out.print('');
  }
  const evaluations = readRunLog(runDir).events.filter(e => e.type === 'eval');
  const loss = (at: 0 | -1) => evaluations.at(at)?.loss.toFixed(3) ?? 'none';
  const right = (count: number) => `${count}/${after.samples.length}`;
  const rightBefore = right(before.filter(({ isRight }) => isRight).length);
  const rightAfter = right(after.samples.filter(({ exact }) => exact?.isRight).length);
  out.print('                   untrained   trained');
  out.print(`Validation loss    ${loss(0).padStart(9)}   ${loss(-1).padStart(7)}`);
  out.print(
    `Exact match        ${rightBefore.padStart(9)}   ${rightAfter.padStart(7)}   of ${after.samples.length} held-out problems`,
  );
}
