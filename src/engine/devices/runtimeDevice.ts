/** Devices that ONNX Runtime reaches: the processor, a GPU through WebGPU, CUDA, DirectML, Core ML. */
import { trace } from '../evaluate/trace';
import { GraphBuilder } from '../graph/graph';
import type { ModelShape } from '../model/modelShape';
import { HeldTensors } from '../session/heldTensors';
import { type Device, openSession, type Session } from '../session/session';
import { type Tensor, tensor } from '../tensor/tensor';
import { bytesIn, type LabDevice, type LoadedModel } from './device';
import { forwardGraph, withOutputs } from './graphValues';

export const runtimeDevice = (device: Device): LabDevice => ({
  name: device,
  load: async (model, weights) => loaded(device, model, await heldOn(device, weights)),
});

interface Held {
  readonly tensors: HeldTensors;
  readonly bytes: number;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

const heldOn = async (device: Device, weights: ReadonlyMap<string, Tensor>): Promise<Held> => ({
  tensors: await HeldTensors.on(device, weights),
  bytes: bytesIn(weights),
  shapes: new Map([...weights].map(([name, { shape }]) => [name, shape])),
});

const loaded = (
  device: Device,
  model: ModelShape,
  { tensors: held, bytes, shapes }: Held,
): LoadedModel => ({
  weightBytes: bytes,
  // through the device's simplest operator
  readBack: async name => {
    const b = new GraphBuilder('read_back');
    const read = b.add(b.input(name, 'float32', shapes.get(name)!), b.scalar(-0));
    const results = await once(b.build([read]), device, new Map(), held);
    return results.get(read.name)!;
  },
  run: ({ ids, values }) =>
    once(withOutputs(forwardGraph(model, ids), values), device, new Map([['ids', ids]]), held),
  gradients: async ({ ids, targets, values }) => {
    const asked = { idx: ids, targets, gradients: true, values, device, held };
    const results = await trace(model, new Map(), asked);
    results.delete('logits');
    return results;
  },
  close: () => held.dispose(),
});

async function once(
  graph: Parameters<typeof openSession>[0],
  device: Device,
  feeds: ReadonlyMap<string, Tensor>,
  held?: HeldTensors,
): Promise<Map<string, Tensor>> {
  const session: Session = await openSession(graph, { device });
  try {
    return await session.run(feeds, held);
  } finally {
    await session.dispose();
  }
}

/** Whether the device computes: a product of known numbers. @throws why it does not */
export async function tryRuntimeDevice(device: Device): Promise<void> {
  const b = new GraphBuilder('probe');
  const product = b.matmul(b.input('a', 'float32', [2, 2]), b.input('b', 'float32', [2, 2]));
  const feeds = new Map([
    ['a', tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4))],
    ['b', tensor('float32', [2, 2], Float32Array.of(5, 6, 7, 8))],
  ]);
  const results = await once(b.build([product]), device, feeds);
  const { data } = results.get(product.name)!;
  if (Array.from(data as Float32Array).join() !== '19,22,43,50')
    throw new Error(
      `it computes ${Array.from(data as Float32Array).join(', ')} for 19, 22, 43, 50`,
    );
}
