/** A device that is asked for is the one that computes, or there is no session. */
import { describe, expect, it } from 'vitest';
import { findRuntimeDevices } from '../../../src/engine/devices/findDevices';
import { GraphBuilder } from '../../../src/engine/graph/graph';
import { openSession } from '../../../src/engine/session/session';
import { tensor } from '../../../src/engine/tensor/tensor';

const pair = () => tensor('float32', [2], Float32Array.of(1, 2));
function sum() {
  const b = new GraphBuilder('sum');
  const result = b.add(b.input('a', 'float32', [2]), b.input('b', 'float32', [2]));
  return { graph: b.build([result]), name: result.name };
}

describe('a session', async () => {
  const devices = await findRuntimeDevices();

  it('is never on the processor in the place of a device that is missing', async () => {
    const missing = devices.filter(({ available }) => !available);
    expect(missing.length).toBeGreaterThan(0);
    for (const { name } of missing)
      await expect(openSession(sum().graph, { device: name }), name).rejects.toMatchObject({
        problem: { code: 'session.no-device' },
      });
  });

  it.each(devices.filter(({ available }) => available).map(({ name }) => name))(
    'computes on %s, which was said to be there',
    async device => {
      const { graph, name } = sum();
      const session = await openSession(graph, { device });
      const feeds = new Map([
        ['a', pair()],
        ['b', pair()],
      ]);
      expect((await session.run(feeds)).get(name)?.data).toEqual(Float32Array.of(2, 4));
      await session.dispose();
    },
  );
});
