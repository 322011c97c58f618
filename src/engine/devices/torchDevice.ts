/**
 * PyTorch as a device: a program holds the weights and runs what it is sent. Tensors go as safetensors
 * files, the model's graph as a list of operators. Gradients are PyTorch's own.
 */
import type { TorchDevice } from '../../protocol/devices';
import type { Graph } from '../graph/graph';
import { gradientOf, logitsProgram } from '../model/programs';
import { adapterParameters, baseParameters, type ModelShape } from '../model/modelShape';
import { fail } from '../problem';
import type { Tensor } from '../tensor/tensor';
import { bytesIn, type LabDevice, type WritingModel } from './device';
import { forwardGraph, withOutputs } from './graphValues';
import {
  CHOOSING_PYTHON,
  findPython,
  type PythonFacts,
  PythonProgram,
  whyMissing,
} from './pythonProgram';

export interface TorchOptions {
  /** The interpreter; one with PyTorch is looked for when none is given. */
  readonly python?: string | undefined;
}

/** Where PyTorch computes, as it names that. */
const PLACES = { torch: 'cpu', 'torch-cuda': 'cuda', 'torch-mps': 'mps' } as const;

export const torchDevice = (
  name: TorchDevice,
  options: TorchOptions = {},
): LabDevice<WritingModel> => ({
  name,
  load: async (model, weights) => {
    const { executable } = requireTorch(name, await findPython('torch', options.python));
    const program = new PythonProgram(executable, 'torch');
    const execute: Execute = ({ tensors, ...rest }) =>
      program.ask({ ...NOTHING, device: PLACES[name], ...rest }, new Map(tensors));
    try {
      await execute({ tensors: weights, hold: true });
    } catch (error) {
      await program.close();
      throw error;
    }
    return {
      weightBytes: bytesIn(weights),
      ...loaded(execute, model),
      close: () => program.close(),
    };
  },
});

/** @throws `device.no-torch`, `device.no-gpu`, saying what would bring it */
export function requireTorch(name: TorchDevice, python: PythonFacts | undefined): PythonFacts {
  if (python?.torch === undefined)
    return fail(
      'device.no-torch',
      `${whyMissing('torch', python)}. Install torch (Debian: python3-torch), or choose its interpreter with ${CHOOSING_PYTHON}.`,
    );
  if (gpusOf(name, python)?.length === 0)
    fail(
      'device.no-gpu',
      `torch ${python.torch} of ${python.executable} finds no GPU that it calls ${PLACES[name]}. Choose an interpreter whose torch was built for the GPU with ${CHOOSING_PYTHON}, or take the device torch.`,
    );
  return python;
}

/** @returns undefined where it is the processor that computes */
export const gpusOf = (name: TorchDevice, { accelerators }: PythonFacts): string[] | undefined =>
  name === 'torch' ? undefined : (accelerators?.[PLACES[name]] ?? []);

interface Request {
  tensors: Iterable<readonly [string, Tensor]>;
  /** Keeps the tensors for later requests. */
  hold?: boolean;
  nodes?: readonly object[];
  fetch?: readonly string[];
  /** With the loss of `targets`, and the gradients of `parameters` and of results, `values`. */
  gradients?: boolean;
  parameters?: readonly string[];
  values?: readonly string[];
}

type Execute = (request: Request) => Promise<Map<string, Tensor>>;

const NOTHING = {
  ...{ hold: false, nodes: [], fetch: [], logits: 'logits' },
  ...{ gradients: false, parameters: [], values: [] },
};

function loaded(
  execute: Execute,
  model: ModelShape,
): Pick<WritingModel, 'readBack' | 'run' | 'gradients' | 'logitsAt'> {
  const parameters = [...baseParameters(model), ...adapterParameters(model)].map(p => p.name);
  let held: Graph | undefined;
  return {
    readBack: async name => {
      const results = await execute({ tensors: [], fetch: [name] });
      return results.get(name)!;
    },
    run: ({ ids, values }) => {
      const graph = withOutputs(forwardGraph(model, ids), values);
      const tensors = [['ids', ids] as const, ...constantsOf(graph)];
      return execute({ tensors, nodes: nodesOf(graph), fetch: values });
    },
    gradients: async ({ ids, targets, values = [] }) => {
      const graph = forwardGraph(model, ids);
      const tensors = [['ids', ids], ['targets', targets], ...constantsOf(graph)] as const;
      const asked = { gradients: true, parameters, values };
      const results = await execute({ tensors, nodes: nodesOf(graph), ...asked });
      const names = new Map([...parameters, ...values].map(name => [gradientOf(name), name]));
      return new Map([...results].map(([name, t]) => [names.get(name) ?? name, t]));
    },
    logitsAt: async (ids, rows) => {
      const [batch = 1, time = 1] = ids.shape;
      if (held?.inputs.find(v => v.name === 'ids')?.shape.join() !== ids.shape.join()) {
        held = logitsProgram(model, { batch, time }, 'chosen');
        await execute({ tensors: constantsOf(held), hold: true });
      }
      const tensors = [
        ['ids', ids],
        ['rows', rows],
      ] as const;
      const results = await execute({ tensors, nodes: nodesOf(held), fetch: ['logits'] });
      return results.get('logits')!;
    },
  };
}

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
