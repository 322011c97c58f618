/**
 * Runs a graph on a device. The only place that knows ONNX Runtime; `run` blocks its thread while
 * the device works.
 */
import { dirname, join, sep } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { Graph, Node } from '../graph/graph';
import { toOnnx } from '../graph/toOnnx';
import type { RuntimeDevice } from '../../protocol/devices';
import { fail } from '../problem';
import type { Tensor } from '../tensor/tensor';
import { runtimeBackends } from './backends';
import type { HeldTensors } from './heldTensors';
import { fromOrt, toOrt } from './ortTensor';
import { forWebGpu } from './webgpuGraph';

export type Device = RuntimeDevice;

ort.env.logLevel = 'fatal'; // what goes wrong is thrown, and told in our words

export interface SessionOptions {
  device?: Device;
  /** Threads within an operator; 0 lets the runtime use every physical core. */
  threads?: number;
  /**
   * Threads wait actively between the operators of a run, and only then: a gain where operators are
   * small, as for single tokens, and a loss for everything else that wants the processor.
   */
  spins?: boolean;
  /** Whether the runtime rewrites the graph, and computes what is constant, beforehand: as a rule. */
  optimises?: boolean;
}

export interface Session {
  /** It holds a copy of its stored weights in the runtime's order, and does not read where they lie. */
  readonly copiesWeights: boolean;
  /**
   * Feeds are used in place and must not change until the promise settles; results are new tensors.
   * @param held what the device holds of the graph's inputs
   * @throws when a feed is missing or has another shape than the graph's input.
   */
  run(
    feeds: ReadonlyMap<string, Tensor>,
    ...held: readonly (HeldTensors | undefined)[]
  ): Promise<Map<string, Tensor>>;
  dispose(): Promise<void>;
}

/** @throws `session.no-device` */
export async function openSession(given: Graph, options: SessionOptions = {}): Promise<Session> {
  const graph = wideningLate(options.device === 'webgpu' ? forWebGpu(given) : given);
  const folder = externalFolder(graph);
  const session = await createSession(
    toOnnx(graph, folder),
    options.device,
    sessionOptions(options, graph, folder),
  );
  const fetches = graph.outputs.map(v => v.name);
  return {
    copiesWeights: copiesWeights(graph),
    async run(feeds, ...held) {
      const given = (name: string) =>
        feeds.get(name) ?? held.map(each => each?.input(name)).find(each => each !== undefined);
      const inputs = Object.fromEntries(graph.inputs.map(v => [v.name, toOrt(v, given(v.name))]));
      const outputs = await session.run(inputs, fetches);
      return new Map(graph.outputs.map(v => [v.name, fromOrt(v, outputs[v.name])]));
    },
    dispose: () => session.release(),
  };
}

/** @throws `session.no-device` */
export async function createSession(
  model: Uint8Array,
  device: Device = 'cpu',
  options: ort.InferenceSession.SessionOptions = {},
): Promise<ort.InferenceSession> {
  requireBackend(device);
  return ort.InferenceSession.create(model, {
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    logSeverityLevel: 4,
    ...options,
  }).catch((error: unknown) => refuseDevice(device, error));
}

/** The runtime itself would take the processor in silence. @throws `session.no-device` */
function requireBackend(device: Device): void {
  if (device === 'cpu' || runtimeBackends().some(({ name }) => name === device)) return;
  fail(
    'session.no-device',
    `ONNX Runtime for ${process.platform} was built without ${device}. Use \`device: cpu\`; \`weightroom devices\` lists what is here.`,
  );
}

/** @throws `session.no-device` when that is the reason, else the error itself */
function refuseDevice(device: Device, error: unknown): never {
  const { message } = error as Error;
  if (device === 'webgpu' && /adapter|WebGpuContext/.test(message))
    fail(
      'session.no-device',
      'No GPU can be reached through WebGPU here (on Linux it needs libvulkan1 and a driver). Use `device: cpu`.',
    );
  if (device === 'cuda' && /shared library|CUDA/i.test(message))
    fail(
      'session.no-device',
      "CUDA cannot be used here: ONNX Runtime's libraries for it, or the driver, are missing. Use `device: cpu`.",
    );
  throw error;
}

/** The deepest folder that holds all of the graph's external data. */
function externalFolder(graph: Graph): string | undefined {
  const files = [...graph.constants.values()].flatMap(c => ('file' in c ? [c.file] : []));
  return files.map(dirname).reduce<string | undefined>((common, folder) => {
    let shared = common ?? folder;
    while (folder !== shared && !folder.startsWith(join(shared, sep))) shared = dirname(shared);
    return shared;
  }, undefined);
}

function sessionOptions(
  { threads = 0, spins = false, optimises = true }: SessionOptions,
  graph: Graph,
  folder: string | undefined,
): ort.InferenceSession.SessionOptions {
  return {
    // Without arena and pattern the peak is lower at the same speed, and does not grow with shapes.
    enableCpuMemArena: false,
    enableMemPattern: false,
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: optimises ? 'all' : 'disabled',
    extra: {
      session: {
        // Threads that spin take the cores from everything else on the machine, and in training are
        // slower themselves as soon as anything else runs.
        intra_op: { allow_spinning: spins ? '1' : '0' },
        force_spinning_stop: '1',
        // Weights that lie in a file are used from its pages instead of a copy in another order,
        // at the same speed; those of few bits can only be used in the runtime's order.
        disable_prepacking: copiesWeights(graph) ? '0' : '1',
        ...(folder !== undefined && { model_external_initializers_file_folder_path: folder }),
      },
      ...(widensConstants(graph) && { optimization: { disable_specified_optimizers: WIDENERS } }),
    },
  };
}

const copiesWeights = ({ nodes }: Graph): boolean => nodes.some(({ op }) => op === 'MatMulNBits');

/** What would widen constants once and for all, a copy of them in each session. */
const WIDENERS = 'ConstantFolding;FuseFp16InitializerToFp32NodeTransformer';

const widensConstants = ({ nodes, constants }: Graph): boolean =>
  nodes.some(node => isWidening(node, constants));

const isWidening = ({ op, inputs: [of] }: Node, constants: Graph['constants']): boolean =>
  op === 'Cast' && of !== undefined && constants.has(of);

/**
 * Of two inputs of a node the runtime computes the one first whose node comes later in the graph. So
 * constants that are widened come first: each is then widened right before it is needed, and not all
 * of them at the beginning of a run.
 */
function wideningLate(graph: Graph): Graph {
  if (!widensConstants(graph)) return graph;
  const isFirst = (node: Node) => isWidening(node, graph.constants);
  const { nodes } = graph;
  return { ...graph, nodes: [...nodes.filter(isFirst), ...nodes.filter(n => !isFirst(n))] };
}
