/** How likely a model finds a text when its heads are turned by halves and by neighbours. */
import type { Graph } from '../graph/graph';
import { logitsProgram } from '../model/programs';
import type { ModelShape } from '../model/modelShape';
import { openSession } from '../session/session';
import { type Tensor, tensor } from '../tensor/tensor';
import type { RopeProbe } from './ropeLayout';

/** The same graph with rows of a head paired as neighbours. */
export const interleavedRope = (graph: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.map(node =>
    node.op === 'RotaryEmbedding'
      ? { ...node, attributes: { ...node.attributes, interleaved: 1 } }
      : node,
  ),
});

/** Longer texts decide no better. */
const MOST_TOKENS = 128;

/**
 * @param weights by canonical name, float32
 * @param ids of a text, at least two
 */
export async function probeRopeOrder(
  model: ModelShape,
  weights: ReadonlyMap<string, Tensor>,
  ids: readonly number[],
): Promise<RopeProbe> {
  const used = ids.slice(0, Math.min(MOST_TOKENS, model.base.block_size));
  const graph = logitsProgram(model, { batch: 1, time: used.length }, 'all');
  const feeds = new Map([
    ...weights,
    ['ids', tensor('int64', [1, used.length], BigInt64Array.from(used, BigInt))],
  ]);
  return {
    halfSplit: await lossesOf(graph, feeds, used),
    interleaved: await lossesOf(interleavedRope(graph), feeds, used),
  };
}

async function lossesOf(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  ids: readonly number[],
): Promise<number[]> {
  const session = await openSession(graph);
  try {
    const { data, shape } = (await session.run(feeds)).get('logits')!;
    const vocabulary = shape.at(-1)!;
    return ids.slice(1).map((next, i) => {
      const row = (data as Float32Array).subarray(i * vocabulary, (i + 1) * vocabulary);
      const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
      const sum = row.reduce((total, x) => total + Math.exp(x - most), 0);
      return most + Math.log(sum) - row[next]!;
    });
  } finally {
    await session.dispose();
  }
}
