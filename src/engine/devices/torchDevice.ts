/**
 * PyTorch as a device: weights, feeds and results go as safetensors files, the model's graph as a list
 * of operators. Gradients are PyTorch's own.
 */
import type { Graph } from '../graph/graph';
import { gradientOf } from '../model/programs';
import { adapterParameters, baseParameters, type ModelShape } from '../model/modelShape';
import { fail } from '../problem';
import type { Tensor } from '../tensor/tensor';
import { bytesIn, type LabDevice, type LoadedModel } from './device';
import { forwardGraph, withOutputs } from './graphValues';
import { askForTensors, findPython } from './pythonProgram';

export interface TorchOptions {
  /** The interpreter; one with PyTorch is looked for when none is given. */
  readonly python?: string | undefined;
  /** As PyTorch names it. */
  readonly on?: 'cpu' | 'cuda' | 'mps';
}

export const torchDevice = (options: TorchOptions = {}): LabDevice => ({
  name: 'torch',
  load: async (model, weights) => {
    const python = await findPython('torch', options.python);
    if (python?.torch === undefined)
      return fail(
        'device.no-torch',
        `No PyTorch here: ${python?.torchError ?? 'no Python was found'}. Install torch (Debian: python3-torch), or choose its interpreter with --python or the setting weightroom.devices.python.`,
      );
    return loaded({ interpreter: python.executable, on: options.on ?? 'cpu' }, model, weights);
  },
});

interface Where {
  interpreter: string;
  on: string;
}

function loaded(
  where: Where,
  model: ModelShape,
  weights: ReadonlyMap<string, Tensor>,
): LoadedModel {
  const parameters = [...baseParameters(model), ...adapterParameters(model)].map(p => p.name);
  return {
    weightBytes: bytesIn(weights),
    readBack: async name => {
      const only = new Map([[name, weights.get(name)!]]);
      const results = await execute(where, { tensors: only, nodes: [], fetch: [name] });
      return results.get(name)!;
    },
    run: ({ ids, values }) => {
      const graph = withOutputs(forwardGraph(model, ids), values);
      const tensors = new Map([...weights, ['ids', ids], ...constantsOf(graph)]);
      return execute(where, { tensors, nodes: nodesOf(graph), fetch: values });
    },
    gradients: async ({ ids, targets, values = [] }) => {
      const graph = forwardGraph(model, ids);
      const tensors = new Map([
        ...weights,
        ['ids', ids],
        ['targets', targets],
        ...constantsOf(graph),
      ]);
      const request = { tensors, nodes: nodesOf(graph), fetch: [], parameters, values };
      const results = await execute(where, request);
      const names = new Map([...parameters, ...values].map(name => [gradientOf(name), name]));
      return new Map([...results].map(([name, t]) => [names.get(name) ?? name, t]));
    },
    close: () => Promise.resolve(),
  };
}

interface Request {
  tensors: ReadonlyMap<string, Tensor>;
  nodes: readonly object[];
  fetch: readonly string[];
  /** Those whose gradients are wanted, with the loss of `targets`. */
  parameters?: readonly string[];
  /** Results whose gradients are wanted, too. */
  values?: readonly string[];
}

const execute = (
  { interpreter, on }: Where,
  { tensors, nodes, fetch, parameters, values = [] }: Request,
): Promise<Map<string, Tensor>> =>
  askForTensors(
    interpreter,
    'torch',
    {
      ...{ nodes, fetch, device: on, logits: 'logits' },
      ...{ gradients: parameters !== undefined, parameters: parameters ?? [], values },
    },
    tensors,
  );

const nodesOf = ({ nodes }: Graph): object[] =>
  nodes.map(({ op, inputs, outputs, attributes }) => ({
    ...{ op, attributes },
    inputs: inputs.map(v => v.name),
    outputs: outputs.map(v => v.name),
  }));

function constantsOf({ constants }: Graph): [string, Tensor][] {
  return [...constants].map(([value, data]) => {
    if (!('data' in data)) throw new Error(`constant ${value.name} lies in a file`);
    return [value.name, data];
  });
}
