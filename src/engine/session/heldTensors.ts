/**
 * Tensors that a device holds between runs, for all sessions on it: on a GPU in its own memory, on the
 * processor where they lie. Programs whose results stay there.
 */
import type * as ort from 'onnxruntime-node';
import { type Graph, GraphBuilder } from '../graph/graph';
import { toOnnx } from '../graph/toOnnx';
import type { Tensor } from '../tensor/tensor';
import { toOrt } from './ortTensor';
import { createSession, type Device } from './session';

/** A device whose memory is not the processor's. */
export const hasOwnMemory = (device: Device): boolean => device === 'webgpu';

export class HeldTensors {
  constructor(
    private readonly here: ReadonlyMap<string, Tensor>,
    private readonly there: ReadonlyMap<string, ort.Tensor> = new Map(),
    /** What put them there, and is of no use for anything else. */
    private readonly program?: HoldingProgram,
  ) {}

  /** @throws `session.no-device` */
  static async on(device: Device, tensors: ReadonlyMap<string, Tensor>): Promise<HeldTensors> {
    const up = [...tensors].filter(([, { dtype }]) => hasOwnMemory(device) && dtype === 'float32');
    if (up.length === 0) return new HeldTensors(tensors);
    const b = new GraphBuilder('hold');
    const nothing = b.scalar(-0);
    const values = up.map(([name, { shape }]) => b.add(b.input(name, 'float32', shape), nothing));
    const names = up.map(([name]) => name);
    const program = await HoldingProgram.open(b.build(values), names, device);
    const there = await program.run(tensors);
    const here = new Map([...tensors].filter(([name]) => !there.has(name)));
    return new HeldTensors(here, there, program);
  }

  /** As a session takes it; undefined when it is none of these. */
  input(name: string): Tensor | ort.Tensor | undefined {
    return this.there.get(name) ?? this.here.get(name);
  }

  async dispose(): Promise<void> {
    for (const tensor of this.there.values()) tensor.dispose();
    await this.program?.dispose();
  }
}

/** A graph whose results the device holds. They have to be disposed of before it. */
export class HoldingProgram {
  private constructor(
    private readonly graph: Graph,
    private readonly names: readonly string[],
    private readonly session: ort.InferenceSession,
  ) {}

  /** @param names of the results, in their order @throws `session.no-device` */
  static async open(
    graph: Graph,
    names: readonly string[],
    device: Device,
  ): Promise<HoldingProgram> {
    const session = await createSession(toOnnx(graph, undefined), device, {
      preferredOutputLocation: 'gpu-buffer',
    });
    return new HoldingProgram(graph, names, session);
  }

  async run(
    feeds: ReadonlyMap<string, Tensor>,
    held?: HeldTensors,
  ): Promise<Map<string, ort.Tensor>> {
    const { inputs, outputs } = this.graph;
    const results = await this.session.run(
      Object.fromEntries(
        inputs.map(v => [v.name, toOrt(v, feeds.get(v.name) ?? held?.input(v.name))]),
      ),
    );
    return new Map(this.names.map((name, i) => [name, results[outputs[i]!.name]!]));
  }

  dispose(): Promise<void> {
    return this.session.release();
  }
}
