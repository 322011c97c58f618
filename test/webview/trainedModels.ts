/**
 * Small models that were really trained, for views that show what models write: two checkpoints of a
 * run, and a folder as others make them, with a chat template. Made once, then kept in `.cache`.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/project';
import { makeDemoProblems } from '../../src/engine/data/demoProblems';
import { knownTemplates } from '../../src/engine/chat/chatTemplate';
import { bundle } from '../durability/bundle';

export interface TrainedModels {
  /** A folder with `runs/`, as a workspace. */
  readonly workspace: string;
  /** Checkpoints of one run, by step. */
  readonly early: string;
  readonly late: string;
  /** The late one with `tokenizer.json` and a chat template. */
  readonly chat: string;
}

const config = `weightroom: 1
model: { family: slm, block_size: 128, n_layer: 2, n_head: 4, n_embed: 64 }
data: { train: problems.jsonl, format: gsm8k, tokenizer: "bpe:384" }
train: { max_steps: 240, batch_size: 8, learning_rate: 5e-3, warmup_steps: 20, save_every: 120 }
`;

/** For a test file: its command line is bundled when there is something to train. */
export function trainedModels(): TrainedModels {
  const workspace = join(root, '.cache', 'trained-models', '1');
  if (!existsSync(workspace)) {
    const own = `${workspace}.${process.pid}`;
    train(own);
    makeChatFolder(checkpointOf(own, 240), join(own, 'chat-model'));
    // Another test file may have been as quick.
    if (existsSync(workspace)) rmSync(own, { recursive: true });
    else renameSync(own, workspace);
  }
  return {
    workspace,
    early: checkpointOf(workspace, 120),
    late: checkpointOf(workspace, 240),
    chat: join(workspace, 'chat-model'),
  };
}

function train(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const problems = makeDemoProblems(7, 1500).map(problem => `${JSON.stringify(problem)}\n`);
  writeFileSync(join(folder, 'problems.jsonl'), problems.join(''));
  writeFileSync(join(folder, 'tiny.yaml'), config);
  const { status, stderr } = spawnSync(
    process.execPath,
    [bundle('src/cli/main.ts'), 'train', 'tiny.yaml'],
    { cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`training failed: ${stderr}`);
}

function checkpointOf(workspace: string, step: number): string {
  const runs = join(workspace, 'runs');
  const [run] = readdirSync(runs);
  return join(runs, run!, 'checkpoints', `step-${String(step).padStart(6, '0')}`);
}

function makeChatFolder(checkpoint: string, folder: string): void {
  mkdirSync(folder);
  for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
    copyFileSync(join(checkpoint, name), join(folder, name));
  const tokenizer = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    chat_template: knownTemplates.chatml,
  };
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizer));
}
