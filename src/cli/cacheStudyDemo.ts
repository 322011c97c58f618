/** `weightroom cache-study-demo`: from nothing to a study of three adapters, on data made here. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { namedFolder } from '../engine/config/studyFiles';
import { type AnswerStyle, answerStyles, inStyle } from '../engine/data/answerStyles';
import { DEMO_SIZES, makeDemoProblems } from '../engine/data/demoProblems';
import { disk } from '../engine/files/fileSystem';
import { listFolder, readBytes } from '../engine/files/readFile';
import { ensureFolders, writeFileDurably, writeTextDurably } from '../engine/files/writeDurably';
import { fail } from '../engine/problem';
import { chooseCheckpoint } from '../engine/run/chooseCheckpoint';
import { createRunFolder } from '../engine/run/runFolder';
import { startRun } from '../engine/run/startRun';
import { studyConfig } from './cacheStudy';
import { type AddCommand, cliPath, type CommandContext } from './command';
import { readConfigFile } from './configFile';
import { exitCode } from './failure';
import { followInTerminal } from './followInTerminal';

/** Problems of each style, and more for the base. */
const PROBLEMS = { plain: 20_000, others: 4000 };

const BASE = join('models', 'base');

export const addCacheStudyDemo: AddCommand = (program, context) => {
  program
    .command('cache-study-demo')
    .description('train a small base and three adapters on data made here, and study their caches')
    .argument('[folder]', 'where base.yaml, study.yaml and the others are', '.')
    .action(async (folder: string) => {
      context.exit(await demo(resolve(folder), context));
    });
};

async function demo(folder: string, context: CommandContext): Promise<number> {
  const config = join(folder, 'study.yaml');
  if (!existsSync(config))
    fail(
      'demo.no-config',
      `${folder} has no study.yaml. Name the folder examples/cache-study, or a copy of it.`,
      { file: config },
    );
  writeData(folder, context);
  if (!existsSync(join(folder, BASE, 'config.json'))) {
    const run = await train(folder, 'base', context);
    if (typeof run === 'number') return run;
    copyFiles(chooseCheckpoint(run, 'newest').dir, join(folder, BASE));
  }
  for (const style of ['capitals', 'brief', 'steps'] as const) {
    if (namedFolder(style, folder).kind !== 'none') continue;
    const run = await train(folder, style, context);
    if (typeof run === 'number') return run;
  }
  return studyConfig(config, {}, context);
}

function writeData(folder: string, { out }: CommandContext): void {
  const data = join(folder, 'data');
  ensureFolders(disk, data);
  const problems = makeDemoProblems(DEMO_SIZES.seed, PROBLEMS.plain);
  for (const style of Object.keys(answerStyles) as AnswerStyle[]) {
    const path = join(data, `${style}.jsonl`);
    if (existsSync(path)) continue;
    const own = style === 'plain' ? problems : problems.slice(0, PROBLEMS.others);
    const lines = own.map(problem => `${JSON.stringify(inStyle(problem, style))}\n`);
    writeTextDurably(disk, path, lines.join(''));
    out.print(`${path}: ${own.length} problems`);
  }
}

/** @returns the run's folder, or an exit code when it did not end well */
async function train(
  folder: string,
  name: string,
  context: CommandContext,
): Promise<string | number> {
  const configPath = join(folder, `${name}.yaml`);
  const { config, text } = readConfigFile(configPath, context.err);
  const runDir = createRunFolder(join(folder, 'runs'), {
    ...{ configText: text, configPath, name, resolved: { config } },
  });
  const pid = startRun({ nodePath: process.execPath, cliPath: cliPath(), runDir });
  const code = await followInTerminal(runDir, {
    ...context,
    ...{ json: false, pid, onInterrupt: 'stop' },
  });
  return code === exitCode.done ? runDir : code;
}

/** What makes a checkpoint a model: not its optimizer. */
function copyFiles(from: string, to: string): void {
  ensureFolders(disk, to);
  const names = listFolder(disk, from).filter(name => MODEL_FILE.test(name));
  for (const name of names)
    writeFileDurably(disk, join(to, name), [readBytes(disk, join(from, name))]);
}

const MODEL_FILE = /^(config|tokenizer|weightroom)\.json$|^model\.safetensors$/;
