/**
 * A Tenstorrent chip through ttml, by a Python program of ours: ttml's own model is built there, filled
 * with the weights as ttml lays them out, and run. What its modules give is compared, so of the values
 * of a model's graph only those are known that a module gives.
 */
import { checkedIds } from '../evaluate/trace';
import type { Graph } from '../graph/graph';
import type { BaseShape } from '../model/families';
import type { ModelShape } from '../model/modelShape';
import { fail } from '../problem';
import { asFloat32 } from '../tensor/asFloat32';
import { sizeOf, type Tensor, tensor } from '../tensor/tensor';
import { type LabDevice, refuseAdapter, type WritingModel } from './device';
import { forwardGraph, layerBorders } from './graphValues';
import {
  type DeviceLayout,
  fromDevice,
  placesOf,
  type PlacedParameter,
  rowsOnDevice,
  toDevice,
} from './layout';
import {
  CHOOSING_PYTHON,
  findPython,
  type PythonFacts,
  PythonProgram,
  whyMissing,
} from './pythonProgram';
import { canonicalGradients } from './ttmlGradients';
import { ttmlLayout, ttmlNamingOf } from './ttmlLayout';
import { type TtmlModel, ttmlModelOf } from './ttmlModel';

export interface TtmlDeviceOptions {
  /** The interpreter; one with ttml is looked for when none is given. */
  readonly python?: string | undefined;
}

export const ttmlDevice = ({ python }: TtmlDeviceOptions = {}): LabDevice<WritingModel> => ({
  name: 'ttml',
  load: async (model, weights) => {
    refuseAdapter(model);
    const settings = ttmlModelOf(model.base);
    const { executable } = requireTtml(await findPython('ttml', python));
    const program = new PythonProgram(executable, 'ttml');
    try {
      return await loaded(program, { model, settings, weights });
    } catch (error) {
      await program.close();
      throw error;
    }
  },
});

/** @throws `device.no-ttml`, saying what would bring it */
export function requireTtml(python: PythonFacts | undefined): PythonFacts {
  if (python?.ttml !== undefined) return python;
  return fail(
    'device.no-ttml',
    `${whyMissing('ttml', python)}. Choose the interpreter that it is installed in with ${CHOOSING_PYTHON}, or compare with its layout: --device tenstorrent.`,
  );
}

const zerosOf = (shape: readonly number[]): Tensor =>
  tensor('float32', shape, new Float32Array(sizeOf(shape)));

interface Asked {
  fill?: boolean;
  readBack?: readonly string[];
  values?: readonly string[];
  vocabulary?: number;
}

const ask = (
  program: PythonProgram,
  asked: Asked,
  tensors: Iterable<readonly [string, Tensor]>,
): Promise<Map<string, Tensor>> =>
  program.ask({ fill: false, readBack: [], values: [], ...asked }, new Map(tensors));

/** The layout in the names of the installed version. @throws `device.load` when it has other tensors */
function layoutFor(base: BaseShape, shapes: ReadonlyMap<string, readonly number[]>): DeviceLayout {
  const naming = ttmlNamingOf(shapes.keys());
  const layout = ttmlLayout(base, naming && { naming });
  const wrong = [
    ...[...layout.tensors.values()].flatMap(({ name, shape }) => {
      const has = shapes.get(name);
      if (!has) return [`it has no ${name}`];
      return has.join() === shape.join()
        ? []
        : [`its ${name} is [${has.join(', ')}], not [${shape.join(', ')}]`];
    }),
    ...[...shapes.keys()].flatMap(name =>
      layout.tensors.has(name) ? [] : [`nothing fills its ${name}`],
    ),
  ];
  if (wrong.length > 0)
    fail(
      'device.load',
      `The installed ttml builds another model: ${wrong.slice(0, 5).join('; ')}${wrong.length > 5 ? `; and ${wrong.length - 5} more` : ''}. This version of ttml is not known here.`,
    );
  return layout;
}

interface ToLoad {
  readonly model: ModelShape;
  readonly settings: TtmlModel;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** @throws `device.load`, `python.failed` */
async function loaded(
  program: PythonProgram,
  { model: { base }, settings, weights }: ToLoad,
): Promise<WritingModel> {
  const told = await program.ask({ model: settings }, new Map());
  const shapes = new Map([...told].map(([name, { data }]) => [name, Array.from(data, Number)]));
  const zeros = [...shapes].filter(([name]) => settings.zeros.test(name));
  for (const [name] of zeros) shapes.delete(name);
  const layout = layoutFor(base, shapes);
  const read = (name: string) => weights.get(name)!;
  await ask(program, { fill: true }, [
    ...[...layout.tensors].map(([name, t]) => [name, asFloat32(toDevice(t, read))!] as const),
    ...zeros.map(([name, shape]) => [name, zerosOf(shape)] as const),
  ]);
  const places = placesOf(layout);
  const graphOf = (ids: Tensor) => forwardGraph({ base }, ids);
  return {
    weightBytes: [...layout.tensors.values()].reduce((n, t) => n + 2 * sizeOf(t.paddedShape), 0),
    known: graph => new Set([...valuesOfModules(graph, places).keys(), 'logits']),
    readBack: async name => {
      const place = places.get(name)!;
      const results = await ask(program, { readBack: [place.tensor.name] }, []);
      return fromDevice(place, results.get(place.tensor.name)!);
    },
    run: async ({ ids, values }) => {
      const made = valuesOfModules(graphOf(ids), places);
      const asked = values.filter(name => name !== 'logits').map(name => made.get(name)!);
      const keys = asked.map(({ key }) => key);
      const results = await ask(program, { values: keys }, [['ids', ids]]);
      const found = new Map(asked.map(value => [value.name, ofValue(value, results)]));
      const shape = [...ids.shape, base.vocab_size];
      return found.set('logits', columnsOf(results.get('logits')!, shape));
    },
    gradients: async ({ ids, targets, values = [] }) => {
      const checked = checkedIds(targets, 'targets', base.vocab_size, -1);
      const made = valuesOfModules(graphOf(ids), places);
      const asked = values.map(name => made.get(name)!);
      const results = await ask(
        program,
        { values: asked.map(({ key }) => key), vocabulary: base.vocab_size },
        [
          ['ids', ids],
          ['targets', checked],
        ],
      );
      const gradient = (name: string) => results.get(`grad/${name}`)!;
      const found = canonicalGradients(layout, gradient).set('loss', results.get('loss')!);
      for (const value of asked) found.set(value.name, ofValue(value, results));
      return found;
    },
    logitsAt: async (ids, rows) => {
      const results = await ask(program, {}, [
        ['ids', ids],
        ['rows', rows],
      ]);
      return columnsOf(results.get('logits')!, [...rows.shape, base.vocab_size]);
    },
    close: () => program.close(),
  };
}

/** A value of a model's graph that is what a module of ttml's takes (`into/`) or gives (`of/`). */
interface ModuleValue {
  readonly name: string;
  readonly shape: readonly number[];
  readonly key: string;
  /** Whose columns it is, where a module gives several in one, or in another order. */
  readonly place?: PlacedParameter;
}

const MODULES = new Set(['Gemm', 'SimplifiedLayerNormalization', 'LayerNormalization']);

function valuesOfModules(
  graph: Graph,
  places: ReadonlyMap<string, PlacedParameter>,
): Map<string, ModuleValue> {
  const values = new Map<string, ModuleValue>();
  for (const { op, inputs, outputs } of graph.nodes) {
    const place = inputs.map(v => places.get(v.name)).find(p => p !== undefined);
    const path = place?.tensor.name.split('/').slice(1, -1).join('/');
    const [out] = outputs;
    if (!out || !place || !path || !path.startsWith('blocks/') || !MODULES.has(op)) continue;
    values.set(out.name, { name: out.name, shape: out.shape, key: `of/${path}`, place });
  }
  const shapes = new Map(graph.nodes.flatMap(n => n.outputs.map(v => [v.name, v.shape] as const)));
  for (const { layer, value: name } of layerBorders(graph)) {
    if (layer === 'logits') continue;
    const key = layer === 'embedding' ? 'into/blocks/0' : `of/blocks/${layer}`;
    values.set(name, { name, shape: shapes.get(name)!, key });
  }
  return values;
}

/** The rows of a weight are the columns of what its module gives. */
function ofValue({ key, shape, place }: ModuleValue, results: ReadonlyMap<string, Tensor>): Tensor {
  const { transposed, rowAt } = place ? rowsOnDevice(place) : { transposed: true, rowAt: same };
  return columnsOf(results.get(key)!, shape, transposed ? same : rowAt);
}

const same = (i: number): number => i;

/** @param shape of which the last axis is `columnAt(0 …)` of the wider rows */
function columnsOf(
  wide: Tensor,
  shape: readonly number[],
  columnAt: (column: number) => number = same,
): Tensor<'float32'> {
  const [width, all] = [shape.at(-1)!, wide.shape.at(-1)!];
  const data = new Float32Array(sizeOf(shape));
  for (let row = 0; row < data.length / width; row++)
    for (let i = 0; i < width; i++)
      data[row * width + i] = Number(wide.data[row * all + columnAt(i)]);
  return tensor('float32', shape, data);
}
