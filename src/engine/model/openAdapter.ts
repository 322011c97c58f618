/**
 * An adapter by itself: its matrices, layer by layer, whatever it is over. Says nothing of whether
 * they fit a base; `openModel` does.
 */
import { disk, type FileSystem } from '../files/fileSystem';
import type { TensorEntry } from '../formats/tensorFile';
import { openWeights } from '../formats/weightFolder';
import { fail } from '../problem';
import { asFloat32 } from '../tensor/asFloat32';
import { type AdapterFacts, adapterName, readAdapterFacts } from './adapterFacts';
import type { LowRank } from './inspectAdapter';

export interface OpenedAdapter {
  readonly facts: AdapterFacts;
  /** Names of its layers, without `.weight`, numbers in their order. */
  readonly layers: readonly string[];
  /** Of the weight of a layer. */
  shapeOf(layer: string): readonly [out: number, input: number];
  read(layer: string): LowRank;
  close(): void;
}

interface Pair {
  readonly a: string;
  readonly b: string;
  readonly shape: readonly [out: number, input: number];
}

/** @throws `adapter.…` for what is none, or has several ranks; as `readAdapterFacts`; `read` as the file's own */
export function openAdapter(dir: string, fs: FileSystem = disk): OpenedAdapter {
  const facts = readAdapterFacts(dir, fs);
  if (!facts)
    return fail('adapter.none', `${dir} has no adapter_config.json: it is no adapter.`, {
      file: dir,
    });
  const file = openWeights(facts.weights, fs);
  const matrix = (name: string) =>
    asFloat32(file.read(name))?.data ??
    fail('adapter.no-numbers', `${facts.weights}: ${name} holds no floating-point numbers.`, {
      file: facts.weights,
    });
  try {
    const pairs = pairsIn(file.entries, facts);
    const layers = [...pairs.keys()].sort(inOrder.compare);
    return {
      facts,
      layers,
      shapeOf: layer => pairs.get(layer)!.shape,
      read(layer) {
        const { a, b } = pairs.get(layer)!;
        return { a: matrix(a), b: matrix(b), r: facts.lora.r };
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

const inOrder = new Intl.Collator('en', { numeric: true });

function pairsIn(
  entries: ReadonlyMap<string, Pick<TensorEntry, 'shape'>>,
  { lora: { r }, weights }: AdapterFacts,
): Map<string, Pair> {
  const named = new Map([...entries.keys()].map(name => [adapterName(name), name]));
  const pairs = new Map<string, Pair>();
  for (const [name, a] of named) {
    const layer = /^(.*)\.lora_A$/.exec(name)?.[1];
    if (layer === undefined) continue;
    const b = named.get(`${layer}.lora_B`);
    const [down, input = 0] = entries.get(a)!.shape;
    const [out = 0, up] = b === undefined ? [] : entries.get(b)!.shape;
    if (b === undefined || down !== r || up !== r)
      fail(
        'adapter.wrong-rank',
        `${weights}: ${layer} has ${b === undefined ? 'no lora_B' : `matrices of ranks ${String(down)} and ${String(up)}`}, and the adapter says ${r}. Adapters with one rank for all layers are read.`,
        { file: weights },
      );
    else pairs.set(layer, { a, b, shape: [out, input] });
  }
  if (pairs.size === 0)
    fail('adapter.no-tensors', `${weights} holds no lora_A and lora_B.`, { file: weights });
  return pairs;
}
