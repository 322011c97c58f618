/**
 * A Tenstorrent device without its hardware: weights are laid out as ttml holds them, bfloat16 in
 * tiles, and the model is computed from these on the processor. It is the layout that is faithful,
 * and the rounding of every result; not the order in which its cores add up.
 */
import { checkedIds } from '../evaluate/trace';
import type { Graph } from '../graph/graph';
import { SessionsByShape } from '../generate/decoding';
import { cacheShape, isSlm } from '../model/families';
import type { ModelShape } from '../model/modelShape';
import { logitsProgram } from '../model/programs';
import type { BatchShape } from '../model/startProgram';
import { openSession } from '../session/session';
import { asFloat32 } from '../tensor/asFloat32';
import { sizeOf, type Tensor } from '../tensor/tensor';
import { type LabDevice, refuseAdapter, type WritingModel } from './device';
import { forwardGraph, withOutputs } from './graphValues';
import { type DeviceLayout, fromDevice, placesOf, toDevice } from './layout';
import { fromTiled, toTiled } from './tiles';
import { canonicalGradients, expectedOf, ttmlGradients } from './ttmlGradients';
import { inCanonicalOrder, ttmlGraph } from './ttmlGraph';
import { ttmlLayout, type TtmlOptions } from './ttmlLayout';

export interface TenstorrentOptions extends TtmlOptions {
  /** Tensors that a device was read back into, by its names, instead of those that are laid out. */
  readonly held?: ReadonlyMap<string, Tensor>;
}

export const tenstorrentDevice = (options: TenstorrentOptions = {}): LabDevice<WritingModel> => ({
  name: 'tenstorrent',
  load: (model, weights) => {
    refuseAdapter(model);
    const layout = ttmlLayout(model.base, options);
    const read = (name: string) => weights.get(name)!;
    const memory = new Map(
      [...layout.tensors].map(([name, t]) => [
        name,
        // as it lies in the device's memory
        toTiled(options.held?.get(name) ?? toDevice(t, read)),
      ]),
    );
    return Promise.resolve(loaded(model, layout, memory));
  },
});

function inOrder(paired: ReadonlyMap<string, number>, name: string, t: Tensor): Tensor {
  const size = paired.get(name);
  return size === undefined ? t : inCanonicalOrder(t, size);
}

function loaded(
  model: ModelShape,
  layout: DeviceLayout,
  memory: ReadonlyMap<string, Tensor>,
): WritingModel {
  const places = placesOf(layout);
  const held = (name: string) => fromTiled(memory.get(name)!, layout.tensors.get(name)!.shape);
  const headSize = isSlm(model.base) ? 0 : cacheShape(model.base).size;
  const wide = () =>
    new Map([...layout.tensors.keys()].map(name => [name, asFloat32(held(name))!] as const));
  const run = async (graph: Graph, feeds: readonly [string, Tensor][]) => {
    const session = await openSession(graph);
    try {
      return await session.run(new Map([...feeds, ...wide()]));
    } finally {
      await session.dispose();
    }
  };
  let writing: SessionsByShape<BatchShape> | undefined;
  return {
    weightBytes: [...layout.tensors.values()].reduce((n, t) => n + 2 * sizeOf(t.paddedShape), 0),
    readBack: name => {
      const place = places.get(name)!;
      return Promise.resolve(fromDevice(place, held(place.tensor.name)));
    },
    run: async ({ ids, values }) => {
      const plain = withOutputs(forwardGraph(model, ids), values);
      const { graph, paired } = ttmlGraph(plain, layout, headSize);
      const results = await run(graph, [['ids', ids]]);
      return new Map([...results].map(([name, t]) => [name, inOrder(paired, name, t)]));
    },
    gradients: async ({ ids, targets, values = [] }) => {
      const { vocab_size } = model.base;
      const checked = checkedIds(targets, 'targets', vocab_size, -1);
      const program = ttmlGradients(forwardGraph(model, ids), { layout, headSize, values });
      const results = await run(program.graph, [
        ['ids', ids],
        ['expected', expectedOf(checked, vocab_size)],
      ]);
      const gradient = (name: string) => results.get(program.gradients.get(name)!)!;
      const found = canonicalGradients(layout, gradient).set('loss', results.get(program.loss)!);
      for (const name of values) found.set(name, inOrder(program.paired, name, gradient(name)));
      return found;
    },
    logitsAt: async (ids, rows) => {
      writing ??= new SessionsByShape(
        wide(),
        {},
        shape => ttmlGraph(logitsProgram(model, shape, 'chosen'), layout, headSize).graph,
      );
      const [batch = 1, time = 1] = ids.shape;
      const results = await writing.run({ batch, time }, [
        ['ids', ids],
        ['rows', rows],
      ]);
      return results.get('logits')!;
    },
    get secondsOpening() {
      return writing?.secondsOpening ?? 0;
    },
    close: async () => writing?.dispose(),
  };
}
