/** What a device holds is there for every session on it, until it is let go. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../../src/engine/graph/graph';
import { HeldTensors } from '../../../src/engine/session/heldTensors';
import { type Device, openSession } from '../../../src/engine/session/session';
import { type Tensor, tensor } from '../../../src/engine/tensor/tensor';
import { hasWebGpu } from '../../softwareGpu';

const weight = tensor('float32', [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
const at = tensor('int64', [2], BigInt64Array.of(1n, 0n));

function product() {
  const b = new GraphBuilder('product');
  const out = b.matmul(b.input('x', 'float32', [1, 2]), b.input('weight', 'float32', [2, 3]));
  return { graph: b.build([out]), name: out.name };
}

function rows() {
  const b = new GraphBuilder('rows');
  const out = b.gather(b.input('weight', 'float32', [2, 3]), b.input('at', 'int64', [2]));
  return { graph: b.build([out]), name: out.name };
}

const devices: Device[] = hasWebGpu ? ['cpu', 'webgpu'] : ['cpu'];

describe.each(devices)('tensors held on %s', device => {
  it('are read by one session after another, beside what is fed', async () => {
    const held = await HeldTensors.on(device, new Map<string, Tensor>([['weight', weight], ['at', at]])); // prettier-ignore
    const results: number[][] = [];
    for (const { graph, name } of [product(), rows(), product()]) {
      const session = await openSession(graph, { device });
      const x = tensor('float32', [1, 2], Float32Array.of(10, results.length));
      const found = await session.run(new Map([['x', x]]), held);
      results.push(Array.from(found.get(name)!.data, Number));
      await session.dispose();
    }
    await held.dispose();
    expect(results).toEqual([
      [10, 20, 30],
      [4, 5, 6, 1, 2, 3],
      [18, 30, 42],
    ]);
  });

  it('give way to what is fed under their name', async () => {
    const held = await HeldTensors.on(device, new Map([['weight', weight]]));
    const { graph, name } = product();
    const session = await openSession(graph, { device });
    const x = tensor('float32', [1, 2], Float32Array.of(1, 1));
    const other = { ...weight, data: new Float32Array(6).fill(2) };
    const found = await session.run(new Map<string, Tensor>([['x', x], ['weight', other]]), held); // prettier-ignore
    expect([...found.get(name)!.data]).toEqual([4, 4, 4]);
    await session.dispose();
    await held.dispose();
  });

  it('are missed by name when they are not there', async () => {
    const { graph } = product();
    const session = await openSession(graph, { device });
    const x = tensor('float32', [1, 2], Float32Array.of(1, 1));
    await expect(session.run(new Map([['x', x]]))).rejects.toThrow('input weight was not fed');
    await session.dispose();
  });
});
