/**
 * The real tensors view in a real browser, answered by the real host-side session over real files in
 * their thread. Only VS Code itself is played.
 */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../../scripts/project';
import { disk } from '../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import { narrowFloats } from '../../src/engine/tensor/narrowFloats';
import type { Tensor } from '../../src/engine/tensor/tensor';
import { sizeOf, tensor } from '../../src/engine/tensor/tensor';
import { TensorsSession } from '../../src/host/tensors/tensorsSession';
import type { HostMessage } from '../../src/protocol/tensors';
import { randomNumbers } from '../durability/randomNumbers';
import type { EditorThemeName } from './editorThemes';
import { type ViewPage, openViewPage } from './viewPage';

export interface TensorsLabOptions {
  path: string;
  theme?: EditorThemeName;
  size?: { width: number; height: number };
  memory?: unknown;
  lostMessages?: number;
}

export interface TensorsLab extends Omit<ViewPage, 'deliver'> {
  /** What the session had done, newest last. */
  readonly calls: readonly (readonly [name: string, ...args: unknown[]])[];
  /** Messages that it posted. */
  readonly posted: readonly HostMessage[];
  session(): TensorsSession;
  /** Loads the page anew with a session of its own, as after it was hidden. */
  reload(): Promise<void>;
  /** Settles when everything that was asked for is there and drawn. */
  rest(): Promise<void>;
}

export async function openTensorsLab(options: TensorsLabOptions): Promise<TensorsLab> {
  const calls: (readonly [string, ...unknown[]])[] = [];
  const posted: HostMessage[] = [];
  const view = await openViewPage({
    view: 'tensors',
    title: basename(options.path),
    ...options,
    receive: message => session.receive(message),
  });
  const makeSession = () =>
    new TensorsSession({
      path: options.path,
      label: join('models', basename(options.path)),
      post: message => {
        posted.push(message);
        view.deliver(message);
      },
      ports: {
        copy: text => Promise.resolve(void calls.push(['copy', text])),
        openAsText: () => Promise.resolve(void calls.push(['openAsText'])),
      },
    });
  let session = makeSession();
  await view.open();
  return {
    ...view,
    calls,
    posted,
    rest: view.idle,
    session: () => session,
    reload: async () => {
      session.dispose();
      session = makeSession();
      await view.page.reload();
    },
    close: async () => {
      session.dispose();
      await view.close();
    },
  };
}

/** Numbers of a normal distribution. Source: Box and Muller. */
export function normal(seed: number): () => number {
  const random = randomNumbers(seed);
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A small Llama with numbers as training leaves them, and some things worth finding. */
export function writeLlama(): string {
  const folder = join(root, '.cache', 'tensors-lab');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'llama-tiny.safetensors');
  const [hidden, inner, vocabulary, layers] = [192, 512, 1024, 6];
  const tensors = new Map<string, Tensor>();
  let seed = 1;
  const add = (name: string, shape: number[], scale: number, around = 0) => {
    const next = normal(seed++);
    const values = Float32Array.from({ length: sizeOf(shape) }, () => around + next() * scale);
    tensors.set(name, tensor('bfloat16', shape, narrowFloats(values, 'bfloat16')));
  };
  add('model.embed_tokens.weight', [vocabulary, hidden], 0.02);
  for (let layer = 0; layer < layers; layer++) {
    const name = (rest: string) => `model.layers.${layer}.${rest}.weight`;
    add(name('self_attn.q_proj'), [hidden, hidden], 0.03);
    add(name('self_attn.k_proj'), [hidden / 3, hidden], 0.04);
    add(name('self_attn.v_proj'), [hidden / 3, hidden], 0.02);
    add(name('self_attn.o_proj'), [hidden, hidden], 0.02);
    add(name('mlp.gate_proj'), [inner, hidden], 0.025);
    add(name('mlp.up_proj'), [inner, hidden], 0.025);
    add(name('mlp.down_proj'), [hidden, inner], 0.02);
    add(name('input_layernorm'), [hidden], 0.05, 1);
    add(name('post_attention_layernorm'), [hidden], 0.05, 1);
  }
  add('model.norm.weight', [hidden], 0.1, 1);
  const damaged = tensors.get('model.layers.4.mlp.up_proj.weight')!.data as Uint16Array;
  damaged.fill(0x7fc0, 40_000, 40_012); // NaN
  damaged[90_000] = 0x4100; // 8
  tensors.set(
    'inv_freq',
    tensor(
      'float32',
      [16],
      Float32Array.from({ length: 16 }, (_, i) => 10_000 ** (-i / 16)),
    ),
  );
  tensors.set(
    'position_ids',
    tensor(
      'int64',
      [1, 512],
      BigInt64Array.from({ length: 512 }, (_, i) => BigInt(i)),
    ),
  );
  writeSafetensors(
    disk,
    path,
    tensors,
    new Map([
      ['format', 'pt'],
      ['created', '2026-11-20'],
      [
        'config',
        JSON.stringify({ hidden_size: hidden, layers, rope: { theta: 10000 }, note: 'văn bản' }),
      ],
    ]),
  );
  return path;
}
