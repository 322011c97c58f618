/**
 * The real weight diff in a real browser, answered by the real host-side session over real files in
 * their threads. Only VS Code itself is played.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../../scripts/project';
import { toDevice } from '../../src/engine/devices/layout';
import { ttmlLayout } from '../../src/engine/devices/ttmlLayout';
import { disk } from '../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import { familyParameters } from '../../src/engine/model/families';
import { readModelShape } from '../../src/engine/model/modelConfig';
import { sizeOf, type Tensor, tensor } from '../../src/engine/tensor/tensor';
import { DiffSession, type PickedSide } from '../../src/host/diff/diffSession';
import type { DiffHostMessage, LogitFacts } from '../../src/protocol/weightDiff';
import { randomNumbers } from '../durability/randomNumbers';
import type { EditorThemeName } from './editorThemes';
import { openViewPage, type ViewPage } from './viewPage';

export interface DiffLabOptions {
  left: string;
  right: string;
  theme?: EditorThemeName;
  size?: { width: number; height: number };
  memory?: unknown;
  lostMessages?: number;
  isQuick?: boolean;
  logits?: () => Promise<LogitFacts>;
  choose?: () => PickedSide | undefined;
}

export interface DiffLab extends Omit<ViewPage, 'deliver'> {
  /** What the session had done, newest last. */
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  readonly posted: readonly DiffHostMessage[];
  session(): DiffSession;
  /** Settles when all rows are compared and drawn. */
  compared(): Promise<void>;
  rest(): Promise<void>;
}

const isLast = (message: DiffHostMessage): boolean =>
  message.type === 'rows' && message.progress.isDone;

const picked = (path: string): PickedSide => ({ path, label: basename(path) });

export async function openDiffLab(options: DiffLabOptions): Promise<DiffLab> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  const posted: DiffHostMessage[] = [];
  const view = await openViewPage({
    view: 'diff',
    title: 'Weight diff',
    ...options,
    receive: message => session.receive(message),
  });
  const session = new DiffSession({
    sides: { left: picked(options.left), right: picked(options.right) },
    post: message => {
      posted.push(message);
      view.deliver(message);
    },
    ports: {
      copy: text => Promise.resolve(void calls.push(['copy', text])),
      save: (name, text) => {
        calls.push(['save', name, text]);
        return Promise.resolve(true);
      },
      choose: side => {
        calls.push(['choose', side]);
        return Promise.resolve(options.choose?.());
      },
      logits:
        options.logits ?? (() => Promise.reject(new Error('this folder holds no model that runs'))),
      shows: sides => void calls.push(['shows', sides.left.label, sides.right.label]),
    },
  });
  await view.open();
  /** Comparisons whose end somebody has waited for. */
  let handled = 0;
  return {
    ...view,
    calls,
    posted,
    session: () => session,
    rest: view.idle,
    compared: async () => {
      handled++;
      while (posted.filter(isLast).length < handled)
        await new Promise(resolve => setTimeout(resolve, 20));
      if (!options.lostMessages) await view.idle();
    },
    close: async () => {
      session.dispose();
      await view.close();
    },
  };
}

const CONFIG = {
  model_type: 'llama',
  vocab_size: 500,
  max_position_embeddings: 64,
  num_hidden_layers: 8,
  num_attention_heads: 8,
  num_key_value_heads: 8,
  hidden_size: 256,
  intermediate_size: 384,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  hidden_act: 'silu',
};
const HEAD = CONFIG.hidden_size / CONFIG.num_attention_heads;

/**
 * A small Llama, and what a device's read-back of it would be: with two heads exchanged in layer 5, a
 * noisy matrix in layer 3, and a norm of the last layer lost.
 */
export function writeModelAndDump(name: string): { model: string; dump: string } {
  const folder = join(root, '.cache', name);
  const model = join(folder, 'Llama-tiny-gsm8k');
  mkdirSync(model, { recursive: true });
  writeFileSync(join(model, 'config.json'), JSON.stringify(CONFIG));
  const shape = readModelShape(model);
  const random = randomNumbers(5);
  const normal = () => (random() + random() + random() + random() - 2) * 0.035;
  const weights = new Map<string, Tensor>();
  for (const spec of familyParameters(shape)) {
    const centre = spec.init.kind === 'ones' ? 1 : 0;
    const data = Float32Array.from({ length: sizeOf(spec.shape) }, () => centre + normal());
    weights.set(spec.name, tensor('float32', spec.shape, data));
  }
  writeSafetensors(disk, join(model, 'model.safetensors'), weights, new Map([['format', 'pt']]));
  const damaged = new Map(
    [...weights].map(([key, { dtype, shape: size, data }]) => [
      key,
      { dtype, shape: size, data: data.slice() },
    ]),
  );
  const dataOf = (key: string) => damaged.get(`model.layers.${key}.weight`)!.data as Float32Array;
  swapRows(
    dataOf('5.self_attn.k_proj'),
    3 * HEAD * CONFIG.hidden_size,
    4 * HEAD * CONFIG.hidden_size,
    HEAD * CONFIG.hidden_size,
  );
  dataOf('3.mlp.up_proj').forEach(
    (value, i, all) => (all[i] = value + (i % 97 === 0 ? 0.12 * normal() * 30 : 0)),
  );
  dataOf('6.input_layernorm').forEach(
    (value, i, all) => (all[i] = value * (1 + 0.2 * Math.sin(i))),
  );
  const dump = new Map<string, Tensor>();
  for (const held of ttmlLayout(shape).tensors.values())
    if (!held.name.includes('llama_block_7/mlp_norm'))
      dump.set(
        held.name,
        toDevice(held, key => damaged.get(key)!),
      );
  const dumpPath = join(folder, 'device-step-500.safetensors');
  writeSafetensors(disk, dumpPath, dump);
  return { model, dump: dumpPath };
}

function swapRows(data: Float32Array, first: number, second: number, count: number): void {
  const held = data.slice(first, first + count);
  data.copyWithin(first, second, second + count);
  data.set(held, second);
}
