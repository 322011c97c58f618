/**
 * Parameters as a picture: layers across, modules down. Very many layers or modules are put together.
 * Knows nothing of the page, nor of what is shown of them.
 */
import { type ModelPlace, moduleLabel } from './parameterName';

export interface ModelLayout {
  readonly modules: readonly string[];
  readonly labels: readonly string[];
  /** First and last layer of each column. */
  readonly layers: readonly (readonly [from: number, to: number])[];
  /** Of each place, its cell, row by row; undefined outside of layers. */
  readonly cellOf: readonly (number | undefined)[];
}

/** Short where that tells them apart: "q proj", but "attn proj" beside "mlp proj". */
function labelsOf(modules: readonly string[]): string[] {
  const short = modules.map(moduleLabel);
  return short.map((label, i) =>
    short.indexOf(label) === short.lastIndexOf(label)
      ? label
      : modules[i]!.replaceAll(/[._]/g, ' '),
  );
}

const MOST_LAYERS = 128;
const MOST_MODULES = 28;
const OTHER = 'others';

export function modelLayout(places: readonly ModelPlace[]): ModelLayout {
  const layerNumbers = [...new Set(places.flatMap(({ layer }) => layer ?? []))].sort(
    (a, b) => a - b,
  );
  const columns = Math.min(layerNumbers.length, MOST_LAYERS);
  const columnOf = new Map(
    layerNumbers.map((layer, i) => [layer, Math.floor((i * columns) / layerNumbers.length)]),
  );
  const all = [...new Set(places.flatMap(p => (p.layer === undefined ? [] : p.module)))];
  const modules = all.length <= MOST_MODULES ? all : [...all.slice(0, MOST_MODULES - 1), OTHER];
  const rowOf = new Map(all.map((module, i) => [module, Math.min(i, modules.length - 1)]));
  const layers = Array.from({ length: columns }, (_, column): [number, number] => {
    const mine = layerNumbers.filter(layer => columnOf.get(layer) === column);
    return [mine[0]!, mine.at(-1)!];
  });
  return {
    modules,
    labels: labelsOf(modules),
    layers,
    cellOf: places.map(({ layer, module }) =>
      layer === undefined ? undefined : rowOf.get(module)! * columns + columnOf.get(layer)!,
    ),
  };
}
