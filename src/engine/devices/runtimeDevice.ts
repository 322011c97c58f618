/** Devices that ONNX Runtime reaches: the processor, a GPU through WebGPU, CUDA, DirectML, Core ML. */
import { trace } from '../evaluate/trace';
import { GraphBuilder } from '../graph/graph';
import type { ModelShape } from '../model/modelShape';
import { type Device, openSession, type Session } from '../session/session';
import { type Tensor, tensor } from '../tensor/tensor';
import { bytesIn, type LabDevice, type LoadedModel } from './device';
import { forwardGraph, withOutputs } from './graphValues';

export const runtimeDevice = (name: Device): LabDevice => ({
  name,
  load: (model, weights) => Promise.resolve(loaded(name, model, weights)),
});

function loaded(
  device: Device,
  model: ModelShape,
  weights: ReadonlyMap<string, Tensor>,
): LoadedModel {
  return {
    weightBytes: bytesIn(weights),
    readBack: name => throughDevice(device, weights.get(name)!),
    run: ({ ids, values }) =>
      once(
        withOutputs(forwardGraph(model, ids), values),
        device,
        new Map([...weights, ['ids', ids]]),
      ),
    gradients: ({ ids, targets, values }) =>
      trace(model, weights, { idx: ids, targets, gradients: true, values, device }).then(
        results => {
          results.delete('logits');
          return results;
        },
      ),
    close: () => Promise.resolve(),
  };
}

async function once(
  graph: Parameters<typeof openSession>[0],
  device: Device,
  feeds: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const session: Session = await openSession(graph, { device });
  try {
    return await session.run(feeds);
  } finally {
    await session.dispose();
  }
}

/** Up to the device's memory, through its simplest operator, and back. */
async function throughDevice(device: Device, weight: Tensor): Promise<Tensor> {
  const b = new GraphBuilder('read_back');
  const held = b.add(b.input('weight', 'float32', weight.shape), b.scalar(-0));
  const results = await once(b.build([held]), device, new Map([['weight', weight]]));
  return results.get(held.name)!;
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
