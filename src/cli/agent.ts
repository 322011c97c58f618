/** `weightroom agent MODEL --agent NAME --question TEXT`: an agent over one question, step by step. */
import { Option } from 'commander';
import { isRecord, traceLine } from '../engine/agents/agentTrace';
import type { AgentSettings } from '../engine/agents/runAgent';
import { disk } from '../engine/files/fileSystem';
import { writeTextDurably } from '../engine/files/writeDurably';
import { fail } from '../engine/problem';
import type { Device } from '../engine/session/session';
import {
  type AgentEnd,
  type AgentEvent,
  type AgentName,
  agentNames,
  type AgentRecord,
  type AgentStart,
} from '../protocol/evaluation';
import { type AddCommand, type CommandContext, runsOption } from './command';
import { modelNamed } from './evaluatedModel';
import { exitCode } from './failure';
import { printable } from './terminal';
import { number } from './numberOption';

interface AgentOptions {
  runs: string;
  checkpoint: string;
  adapter?: string;
  agent: AgentName;
  question: string;
  judge: AgentStart['judges'];
  steps: number;
  votes: number;
  maxNewTokens: number;
  maxTokens?: number;
  maxSeconds?: number;
  temperature: number;
  topK: number;
  topP: number;
  seed: number;
  trace?: string;
  device: Device;
  threads: number;
  json?: boolean;
  events?: boolean;
}

export const addAgent: AddCommand = (program, context) => {
  program
    .command('agent')
    .description('let an agent try: write, judge, write again; with a calculator, or by vote')
    .argument('<model>', 'a run, a model folder, or a model in the cache, as for generate')
    .addOption(runsOption())
    .option('--checkpoint <which>', 'of a run: best, newest or a step', 'best')
    .option('--adapter <dir>', 'an adapter to put on the model')
    .addOption(
      new Option('--agent <name>', 'slm and math as in the small-model notebook')
        .choices(agentNames)
        .default('math'),
    )
    .requiredOption('--question <text>', 'what is asked')
    .addOption(
      new Option('--judge <what>', "the answer alone, or prompt and answer, as the notebook's rule")
        .choices(['answer', 'whole'])
        .default('answer'),
    )
    .option('--steps <n>', 'tries of each answer', number({ least: 1, whole: true }), 3)
    .option(
      '--votes <n>',
      'answers, of which the most frequent counts',
      number({ least: 1, whole: true }),
      1,
    )
    .option('--max-new-tokens <n>', 'of a step', number({ least: 1, whole: true }), 128)
    .option('--max-tokens <n>', 'of all steps together', number({ least: 1, whole: true }))
    .option('--max-seconds <s>', 'for all of it', number({ least: 0.001 }))
    .option('--temperature <t>', '0 is greedy', number({ least: 0 }), 0.8)
    .option('--top-k <k>', 'only the k most likely; 0 = all', number({ least: 0, whole: true }), 50)
    .option(
      '--top-p <p>',
      'only the likeliest that reach p together',
      number({ least: 0, most: 1 }),
      1,
    )
    .option('--seed <n>', 'of the sampling', number({ least: 0, whole: true }), 0)
    .option('--trace <file>', 'write the trace, a record a line')
    .addOption(new Option('--device <name>').choices(['cpu', 'webgpu']).default('cpu'))
    .option('--threads <n>', '0 uses every core', number({ least: 0, most: 256, whole: true }), 0)
    .option('--json', 'print one JSON object: final, answer and steps')
    .option('--events', 'print what happens, one JSON object a line')
    .action(async (model: string, options: AgentOptions) => {
      context.exit(await agent(model, options, context));
    });
};

async function agent(
  wanted: string,
  options: AgentOptions,
  context: CommandContext,
): Promise<number> {
  const { question, json, events } = options;
  if (question.trim() === '') fail('agent.no-question', 'The question is empty. Ask something.');
  const checkpoint = /^\d+$/.test(options.checkpoint) ? Number(options.checkpoint) : options.checkpoint; // prettier-ignore
  const choice = { adapter: options.adapter, checkpoint: checkpoint as 'best' };
  const named = modelNamed(wanted, choice, options.runs);
  const { openTextModel } = await import('../engine/sandbox/textModel'); // loads the native runtime
  const { runAgent } = await import('../engine/agents/runAgent');
  const { dir, adapterDir } = named;
  const { device, threads } = options;
  const model = await openTextModel({ dir, adapterDir: adapterDir ?? undefined, device, threads });
  const stopping = new AbortController();
  process.once('SIGINT', () => stopping.abort());
  const records: AgentRecord[] = [];
  try {
    for await (const event of runAgent(model, settingsOf(named.name, options), stopping.signal)) {
      if (isRecord(event)) records.push(event);
      if (events) context.out.print(JSON.stringify(event));
      else if (!json) tell(event, context);
    }
  } finally {
    await model.close();
  }
  if (options.trace !== undefined)
    writeTextDurably(disk, options.trace, records.map(traceLine).join(''));
  if (json) context.out.print(JSON.stringify(resultOf(records)));
  return stopping.signal.aborted ? exitCode.stopped : exitCode.done;
}

const settingsOf = (model: string, options: AgentOptions): AgentSettings => ({
  agent: options.agent,
  judges: options.judge,
  question: options.question,
  model,
  budget: {
    steps: options.steps,
    tokens: options.maxTokens ?? null,
    seconds: options.maxSeconds ?? null,
  },
  votes: options.votes,
  sampling: {
    maxTokens: options.maxNewTokens,
    temperature: options.temperature,
    topK: options.topK,
    topP: options.topP,
    minP: 0,
    repetitionPenalty: 1,
    seed: options.seed,
    stop: [],
    alternatives: 0,
  },
});

/** As the notebook's `{final, steps}`, and what else is known. */
function resultOf(records: readonly AgentRecord[]): object {
  const start = records.find(record => record.type === 'agent');
  const end = records.find((record): record is AgentEnd => record.type === 'end')!;
  const steps = records.filter(record => record.type === 'step').map(({ type: _, ...step }) => step); // prettier-ignore
  const { final, answer, isGood, reason, tally, newTokens, seconds } = end;
  const { agent: name, judges, question, model, budget, votes, sampling } = start!;
  return {
    ...{ agent: name, judges, model, question, final, answer, good: isGood, reason, steps },
    ...{ step_count: steps.length, votes, tally, new_tokens: newTokens, seconds, budget, sampling },
  };
}

function tell(event: AgentEvent, { out }: CommandContext): void {
  if (event.type === 'step') {
    const { step, vote, output, calls, critique, seconds, newTokens } = event;
    out.print(`Step ${step}${vote > 0 ? `, answer ${vote + 1}` : ''}, ${newTokens} tokens in ${seconds.toFixed(1)} s`); // prettier-ignore
    out.print(printable(output.trim()).replace(/^/gm, '  '));
    for (const { expression, result, problem } of calls)
      out.print(`  computed ${printable(expression)} = ${result ?? problem ?? ''}`);
    out.print(critique === null ? '  good' : `  Critique: ${critique}`);
  } else if (event.type === 'end') {
    const votes = event.tally.map(({ answer, votes: n }) => `${answer ?? 'nothing'} ×${n}`);
    out.print(`Answer ${event.answer ?? 'none'} (${event.reason})${votes.length > 1 ? `: ${votes.join(', ')}` : ''}`); // prettier-ignore
  }
}
