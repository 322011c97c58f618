/** Which devices there are, what each can do, and why one is missing: each is tried, not guessed. */
import { existsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import {
  type RuntimeDevice,
  runtimeDevices,
  type TorchDevice,
  torchDevices,
} from '../../protocol/devices';
import { BANK_DEVICES } from './bankDevice';
import { ProblemError } from '../problem';
import { type Backend, runtimeBackends } from '../session/backends';
import type { Ability, DeviceFacts } from './device';
import { findPython, type PythonFacts, type PythonLibrary } from './pythonProgram';
import { tryRuntimeDevice } from './runtimeDevice';
import { gpusOf, requireTorch } from './torchDevice';
import { requireTtml } from './ttmlDevice';

export interface FindOptions {
  /** The Python interpreter to ask for PyTorch and ttml. */
  readonly python?: string | undefined;
  /** Starts no process: PyTorch and ttml are not asked. */
  readonly startsNothing?: boolean;
}

const EVERYTHING: readonly Ability[] = ['generate', 'train', 'trace', 'gradients', 'read-back'];
const BEYOND: readonly Ability[] = ['generate', 'trace', 'gradients', 'read-back'];

export async function findDevices(options: FindOptions = {}): Promise<DeviceFacts[]> {
  const asked = (library: PythonLibrary): Promise<Asked> =>
    findPython(library, options.python).catch((error: unknown) => (error as Error).message);
  const python = options.startsNothing
    ? { torch: undefined, ttml: undefined }
    : { torch: await asked('torch'), ttml: await asked('ttml') };
  const runtime = await findRuntimeDevices();
  return [
    ...runtime,
    ...torchDevices.map(name => torchFacts(name, python.torch, options)),
    tenstorrentFacts(),
    ttmlFacts(python.ttml, options),
  ];
}

/** Those of ONNX Runtime. Starts no process. */
export async function findRuntimeDevices(): Promise<RuntimeFacts[]> {
  const backends = runtimeBackends();
  const found = [cpuFacts()];
  for (const name of runtimeDevices)
    if (name !== 'cpu') found.push(await ofRuntime(name, backends));
  return found;
}

export type RuntimeFacts = DeviceFacts & { readonly name: RuntimeDevice };

function cpuFacts(): RuntimeFacts {
  const all = cpus();
  return {
    name: 'cpu',
    title: 'Processor',
    available: true,
    abilities: EVERYTHING,
    layout: 'canonical',
    dtypes: ['float32', 'float16', 'bfloat16', '8 bit', '4 bit'],
    details: [`${all[0]?.model.trim() ?? 'unknown'}, ${all.length} threads`],
    memoryBytes: totalmem(),
  };
}

type About = Omit<DeviceFacts, 'available' | 'details'>;
type RuntimeName = Exclude<RuntimeDevice, 'cpu'>;

const TITLES: Record<RuntimeName, string> = {
  webgpu: 'GPU through WebGPU',
  cuda: 'NVIDIA GPU through CUDA',
  dml: 'GPU through DirectML',
  coreml: 'Apple Core ML',
};

const SOFTWARE_GPU = '/usr/lib/chromium/vk_swiftshader_icd.json';

async function ofRuntime(name: RuntimeName, backends: readonly Backend[]): Promise<RuntimeFacts> {
  const about: About & { name: RuntimeName } = {
    ...{ name, title: TITLES[name], dtypes: ['float32'], abilities: EVERYTHING },
    layout: 'canonical',
  };
  const backend = backends.find(each => each.name === name);
  if (backend && !backend.isInstalled)
    return { ...about, available: false, details: [], reason: NOT_INSTALLED };
  if (!backend) return { ...about, available: false, details: [], reason: notBuiltIn(name) };
  try {
    await tryRuntimeDevice(name);
    return { ...about, available: true, details: detailsOf(name) };
  } catch (error) {
    return { ...about, available: false, details: [], reason: whyNot(name, error as Error) };
  }
}

const NOT_INSTALLED =
  'Its libraries are not installed: ONNX Runtime downloads them after its own install, which this project leaves out.';

function notBuiltIn(name: RuntimeName): string {
  const where = {
    webgpu: 'this system',
    cuda: 'Linux and Windows',
    dml: 'Windows',
    coreml: 'macOS',
  };
  return `ONNX Runtime for ${process.platform} was built without it; it has it on ${where[name]}.`;
}

function detailsOf(name: RuntimeName): string[] {
  const driver = process.env['VK_ICD_FILENAMES'] ?? '';
  if (name !== 'webgpu' || !/swiftshader/i.test(driver)) return [];
  return ['SwiftShader: a GPU in software, for tests; slow'];
}

function whyNot(name: RuntimeName, { message }: Error): string {
  const software =
    name === 'webgpu' && existsSync(SOFTWARE_GPU)
      ? ` A GPU in software is installed: set VK_ICD_FILENAMES=${SOFTWARE_GPU} to use it, slowly.`
      : '';
  return `${message.split('\n', 1).join()}${software}`;
}

/** Facts, why the chosen interpreter failed, or nothing when none was found or none was asked. */
type Asked = PythonFacts | string | undefined;

const TORCH_TITLES: Record<TorchDevice, string> = {
  torch: 'PyTorch',
  'torch-cuda': 'PyTorch on a GPU',
  'torch-mps': 'PyTorch on an Apple GPU',
};

function torchFacts(name: TorchDevice, asked: Asked, options: FindOptions): DeviceFacts {
  const about: About = {
    ...{ name, title: TORCH_TITLES[name], dtypes: ['float32'], abilities: BEYOND },
    layout: 'canonical',
  };
  return throughPython(about, asked, options, found => {
    const python = requireTorch(name, found);
    return [`torch ${python.torch}, ${interpreterOf(python)}`, ...(gpusOf(name, python) ?? [])];
  });
}

const interpreterOf = ({ python, executable }: PythonFacts): string =>
  `Python ${python}, ${executable}`;

/** @param details of the device; throws a problem when it is missing */
function throughPython(
  about: About,
  asked: Asked,
  { startsNothing }: FindOptions,
  details: (python: PythonFacts | undefined) => string[],
): DeviceFacts {
  const missing = (reason: string) => ({ ...about, available: false, details: [], reason });
  if (startsNothing) return missing(NOT_ASKED);
  if (typeof asked === 'string') return missing(asked);
  try {
    return { ...about, available: true, details: details(asked) };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return missing(error.message);
  }
}

const NOT_ASKED = 'Python is not asked in a folder that is not trusted.';

const TENSTORRENT = { layout: 'ttml', dtypes: ['bfloat16'] } as const;

const tenstorrentFacts = (): DeviceFacts => ({
  ...TENSTORRENT,
  name: 'tenstorrent',
  title: "Tenstorrent's layout",
  available: true,
  abilities: [...BEYOND, 'plan-memory'],
  details: [
    'no hardware is used: what ttml lays out is executed on the processor',
    `memory plans for ${BANK_DEVICES.map(({ title }) => title).join('; ')}`,
  ],
  memoryBytes: BANK_DEVICES[0]!.banks * BANK_DEVICES[0]!.bankBytes,
});

function ttmlFacts(asked: Asked, options: FindOptions): DeviceFacts {
  const about: About = {
    ...TENSTORRENT,
    ...{ name: 'ttml', title: 'Tenstorrent through ttml', abilities: BEYOND },
  };
  return throughPython(about, asked, options, found => {
    const python = requireTtml(found);
    return [`ttml ${python.ttml}, ${interpreterOf(python)}`];
  });
}
