/**
 * Our Python programs on an interpreter that the user chose: asked what it has, or to run a request.
 * Nothing goes through a shell, and only an allow-list of the environment is passed on.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { disk } from '../files/fileSystem';
import { writeTextDurably } from '../files/writeDurably';
import { readSafetensors, writeSafetensors } from '../formats/safetensors';
import { ProblemError } from '../problem';
import type { Tensor } from '../tensor/tensor';

/** What the program says of its interpreter. */
const factsSchema = z.looseObject({
  python: z.string(),
  executable: z.string(),
  torch: z.string().optional(),
  torchError: z.string().optional(),
  threads: z.number().optional(),
  accelerators: z.array(z.string()).default([]),
  ttml: z.string().optional(),
  ttmlError: z.string().optional(),
});
export type PythonFacts = z.infer<typeof factsSchema>;

/** Passed on to Python: nothing that carries tokens or runs code on start. */
const PASSED_ON =
  /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|CUDA_\w+|OMP_\w+|MKL_\w+|TT_\w+|ARCH_NAME|VIRTUAL_ENV|CONDA_PREFIX|SYSTEMROOT|WINDIR|PATHEXT)$/i;

/** In which order interpreters are looked for when none was chosen. */
const INTERPRETERS =
  process.platform === 'win32' ? ['python', 'py'] : ['python3', '/usr/bin/python3'];

const PROBE_MS = 60_000;

const PROGRAMS = { torch: 'torchDevice.py', ttml: 'ttmlDevice.py' } as const;

/** What an interpreter may have installed. */
export type PythonLibrary = keyof typeof PROGRAMS;

/** Beside this file, or beside the bundle; a bundle elsewhere in the project finds the source. */
function pathOf(program: string): string {
  const beside = join(import.meta.dirname, program);
  if (existsSync(beside)) return beside;
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, 'src', 'engine', 'devices', program);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new Error(`${program} is missing`);
  }
}

/**
 * The interpreter that was chosen, or the first of the usual ones that has what is asked for.
 * @throws `python.failed` for one that was chosen and does not run
 */
export async function findPython(
  library: PythonLibrary,
  chosen?: string,
): Promise<PythonFacts | undefined> {
  if (chosen !== undefined) return probePython(chosen);
  let found: PythonFacts | undefined;
  for (const path of INTERPRETERS) {
    const facts = await probePython(path).catch(() => undefined);
    if (facts?.[library] !== undefined) return facts;
    found ??= facts;
  }
  return found;
}

/** Importing PyTorch takes seconds; what an interpreter has does not change while we run. */
const probed = new Map<string, Promise<PythonFacts>>();

/** @throws `python.failed` */
function probePython(path: string): Promise<PythonFacts> {
  const known = probed.get(path) ?? askPython(path);
  probed.set(path, known);
  return known;
}

async function askPython(path: string): Promise<PythonFacts> {
  const signal = AbortSignal.timeout(PROBE_MS);
  const output = await runPython(path, 'torch', ['probe'], signal);
  const said = output.trimEnd().split('\n').at(-1)!; // libraries may greet before it
  const parsed = factsSchema.safeParse(parseJson(said));
  if (parsed.success) return parsed.data;
  throw failure(path, `it answered ${output.slice(0, 200)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Runs a program with a request and tensors, which go as files in a folder of their own.
 * @returns the tensors that it wrote
 * @throws `python.failed`
 */
export async function askForTensors(
  interpreter: string,
  program: PythonLibrary,
  request: object,
  tensors: ReadonlyMap<string, Tensor>,
): Promise<Map<string, Tensor>> {
  const folder = join(tmpdir(), `weightroom-${program}-${randomUUID()}`);
  disk.mkdir(folder);
  try {
    const [input, out, path] = ['in.safetensors', 'out.safetensors', 'request.json'].map(name =>
      join(folder, name),
    ) as [string, string, string];
    writeSafetensors(disk, input, tensors);
    writeTextDurably(disk, path, JSON.stringify({ ...request, tensors: input, out }));
    await runPython(interpreter, program, ['run', path]);
    return readSafetensors(out);
  } finally {
    disk.rm(folder);
  }
}

/** @returns what it printed @throws `python.failed` with the last line it complained with */
function runPython(
  interpreter: string,
  program: PythonLibrary,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(interpreter, ['-I', '-B', pathOf(PROGRAMS[program]), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: Object.fromEntries(Object.entries(process.env).filter(([n]) => PASSED_ON.test(n))),
      ...(signal && { signal, killSignal: 'SIGKILL' as const }),
    });
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
    const refuse = (why: string) => reject(failure(interpreter, why));
    child.on('error', error => refuse(error.message));
    child.on('close', (code, killedBy) => {
      if (code === 0) resolve(said.out);
      else refuse(said.err.trim().split('\n').at(-1) || `it ended with ${code ?? killedBy}`);
    });
  });
}

const failure = (path: string, why: string): ProblemError =>
  new ProblemError({
    code: 'python.failed',
    severity: 'error',
    message: `${path} could not run: ${why}. Choose another interpreter with --python, or the setting weightroom.devices.python.`,
    where: { file: path },
  });
