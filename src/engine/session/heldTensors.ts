/**
 * Tensors that a device holds between runs, for all sessions on it: on a GPU in its own memory, on the
 * processor where they lie.
 */
import * as ort from 'onnxruntime-node';
import { GraphBuilder } from '../graph/graph';
import { toOnnx } from '../graph/toOnnx';
import type { Tensor } from '../tensor/tensor';
import { type Device, runtimeOptions } from './session';
import { toOrt } from './ortTensor';

export class HeldTensors {
  private constructor(
    private readonly here: ReadonlyMap<string, Tensor>,
    private readonly there: ReadonlyMap<string, ort.Tensor>,
    /** What is there is its memory, and goes with it. */
    private readonly session?: ort.InferenceSession,
  ) {}

  static async on(device: Device, tensors: ReadonlyMap<string, Tensor>): Promise<HeldTensors> {
    const up = [...tensors].filter(([, { dtype }]) => device === 'webgpu' && dtype === 'float32');
    if (up.length === 0) return new HeldTensors(tensors, new Map());
    const b = new GraphBuilder('hold');
    const nothing = b.scalar(-0);
    const values = up.map(([name, { shape }]) => b.input(name, 'float32', shape));
    const held = values.map(value => b.add(value, nothing));
    const session = await ort.InferenceSession.create(toOnnx(b.build(held), undefined), {
      ...runtimeOptions(device),
      preferredOutputLocation: 'gpu-buffer',
    });
    const results = await session.run(
      Object.fromEntries(values.map(value => [value.name, toOrt(value, tensors.get(value.name))])),
    );
    const there = new Map(values.map(({ name }, i) => [name, results[held[i]!.name]!] as const));
    const here = new Map([...tensors].filter(([name]) => !there.has(name)));
    return new HeldTensors(here, there, session);
  }

  /** As a session takes it; undefined when it is none of these. */
  input(name: string): Tensor | ort.Tensor | undefined {
    return this.there.get(name) ?? this.here.get(name);
  }

  async dispose(): Promise<void> {
    for (const tensor of this.there.values()) tensor.dispose();
    await this.session?.release();
  }
}
