/** `weightroom prepare CONFIG`: makes the token bins that a config needs. */
import { amountText, countText } from '../curves/numberText';
import type { PrepareProgress } from '../engine/data/progress';
import type { TokenBin } from '../engine/data/tokenBin';
import { type ExampleSet, exampleCount, trainedCount } from '../engine/examples/exampleSet';
import { prepareRunData, type RunData } from '../engine/run/prepareRunData';
import type { AddCommand, CommandContext } from './command';
import { readConfigFile } from './configFile';
import { exitCode } from './failure';

export const addPrepare: AddCommand = (program, context) => {
  program
    .command('prepare')
    .description('turn the data of a config into token bins, or find them made')
    .argument('<config>', 'a Weightroom config')
    .option('--json', 'print one JSON object a bin')
    .action(async (path: string, { json = false }: { json?: boolean }) => {
      context.exit(await prepare(path, json, context));
    });
};

async function prepare(path: string, json: boolean, { out, err }: CommandContext): Promise<number> {
  const { config } = readConfigFile(path, err);
  const cancelling = new AbortController();
  const cancel = () => cancelling.abort();
  process.once('SIGINT', cancel);
  try {
    const prepared = await prepareRunData({
      config,
      configPath: path,
      onProgress: progress => json || out.status(describeProgress(progress)),
      signal: cancelling.signal,
    });
    out.status('');
    for (const line of describe(prepared, json)) out.print(line);
    return exitCode.done;
  } catch (error) {
    if (!cancelling.signal.aborted) throw error;
    out.status('');
    return exitCode.stopped;
  } finally {
    process.off('SIGINT', cancel);
  }
}

const describeProgress = ({ file, done, total, examplesPerSecond }: PrepareProgress): string =>
  `${file}: ${countText(done)} of ${countText(total)} examples, ${amountText(examplesPerSecond)}/s`;

function describe(prepared: RunData, json: boolean): string[] {
  const { tokenizer } = prepared;
  const sets = { train: prepared.train, validation: prepared.validation };
  return Object.entries(sets).flatMap(([role, set]) => {
    if (set === undefined) return [];
    if ('trained' in set)
      return json ? JSON.stringify(exampleFacts(role, set)) : describeSet(role, set);
    return json ? JSON.stringify(facts(role, set)) : describeBin(role, set, tokenizer?.name);
  });
}

const describeSet = (role: string, set: ExampleSet): string =>
  `${role.padEnd(10)}  ${set.path}  ${countText(exampleCount(set))} examples, ${countText(set.tokens.length)} tokens of ${set.facts.tokenizer}, ${countText(trainedCount(set))} trained`;

const exampleFacts = (role: string, set: ExampleSet): object => ({
  role,
  path: set.path,
  examples: exampleCount(set),
  tokens: set.tokens.length,
  trained: trainedCount(set),
  tokenizer: set.facts.tokenizer,
  sha256: set.sha256,
});

function describeBin(
  role: string,
  { path, length, dtype, sidecar }: TokenBin,
  tokenizer = 'ids',
): string {
  const examples = sidecar ? `, ${countText(sidecar.examples)} examples` : '';
  return `${role.padEnd(10)}  ${path}  ${countText(length)} tokens of ${tokenizer}${examples}, ${dtype}`;
}

const facts = (role: string, { path, length, dtype, sidecar }: TokenBin): object => ({
  role,
  path,
  tokens: length,
  dtype,
  tokenizer: sidecar?.tokenizer,
  examples: sidecar?.examples,
  sha256: sidecar?.sha256,
});
