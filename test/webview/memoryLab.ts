/**
 * The real view of a memory plan in a real browser, answered by the real session over a config of
 * tt-train. Only VS Code itself is played.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemorySession } from '../../src/host/devices/memorySession';
import type { MemoryHostMessage } from '../../src/protocol/memoryView';
import type { EditorThemeName } from './editorThemes';
import { openViewPage, type ViewPage } from './viewPage';

export const LLAMA_1B = `# Llama 3.2 1B, full fine-tuning
training_config:
  project_name: llama3_1b
  batch_size: 8
  gradient_accumulation_steps: 1
  optimizer:
    type: AdamW
transformer_config:
  model_type: llama
  runner_type: memory_efficient
  num_heads: 32
  num_groups: 8
  embedding_dim: 2048
  intermediate_dim: 8192
  num_blocks: 16
  vocab_size: 128256
  max_sequence_length: 1024
  weight_tying: enabled
`;

export interface MemoryLabOptions {
  text?: string;
  theme?: EditorThemeName;
  size?: { width: number; height: number };
}

export interface MemoryLab extends Omit<ViewPage, 'deliver'> {
  /** What the session had done, newest last. */
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  /** The config as it is now. */
  text(): string;
}

export async function openMemoryLab(options: MemoryLabOptions = {}): Promise<MemoryLab> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  let text = options.text ?? LLAMA_1B;
  const path = join(mkdtempSync(join(tmpdir(), 'wr-memory-')), 'training_llama3_1b.yaml');
  writeFileSync(path, text);
  const view = await openViewPage({
    view: 'memory',
    title: 'Memory plan',
    ...options,
    receive: message => session.receive(message),
  });
  const session = new MemorySession({
    ...{ label: 'training_llama3_1b.yaml', config: `file://${path}`, path },
    post: (message: MemoryHostMessage) => view.deliver(message),
    ports: {
      text: () => Promise.resolve(text),
      replaceText: async changed => {
        text = changed;
        await session.refresh();
      },
      describeDevice: () => Promise.resolve('8x4273390016@64'),
      explain: () => Promise.resolve(void calls.push(['explain'])),
      openConfig: () => Promise.resolve(void calls.push(['openConfig'])),
      save: (kind, content) => {
        calls.push(['save', kind, new TextDecoder().decode(content)]);
        return Promise.resolve(`memory-plan.${kind}`);
      },
    },
  });
  await view.open();
  return { ...view, calls, text: () => text };
}
