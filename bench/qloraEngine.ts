/** One run of bench/qlora.ts, as its process: `CONFIG RUNS`. Prints seconds of its steps and its peak. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../src/engine/config/readConfig';
import { planFacts } from '../src/engine/plan/planFacts';
import { planRun } from '../src/engine/plan/planRun';
import { executeRun } from '../src/engine/run/executeRun';
import { createRunFolder } from '../src/engine/run/runFolder';
import { runProcess } from '../src/engine/run/runProcess';

const [configPath = '', runsDir = ''] = process.argv.slice(2);

async function main(): Promise<void> {
  const configText = readFileSync(configPath, 'utf8');
  const { config } = readConfig(configText);
  if (!config) throw new Error(`${configPath} is no config`);
  const plan = planRun(config, planFacts({ config, baseDir: join(configPath, '..'), runsDir }));
  const run = { configText, configPath, name: 'qlora', resolved: { config } };
  const runDir = createRunFolder(runsDir, run);
  const end = await runProcess(runDir, { execute: executeRun });
  if (end.outcome !== 'done') throw new Error(end.problem?.message ?? end.outcome);
  const events = readFileSync(join(runDir, 'events.jsonl'), 'utf8').trimEnd().split('\n');
  const steps = events.map(line => JSON.parse(line) as Step).filter(e => e.type === 'step');
  const { memoryBytes } = plan;
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const seconds = steps.map(s => s.seconds);
  const notice = events.find(line => line.includes('quantization.error'));
  console.log(
    JSON.stringify({ seconds, loss: steps.at(-1)?.loss, peakBytes, memoryBytes, notice }),
  );
}

interface Step {
  type: string;
  seconds: number;
  loss: number;
}

void main();
