/**
 * Our Python program on an interpreter that the user chose: asked what it has, or to run a request.
 * Nothing goes through a shell, and only an allow-list of the environment is passed on.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { ProblemError } from '../problem';

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
  /^(PATH|HOME|USER|LANG|LC_\w+|TZ|TMPDIR|TEMP|TMP|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|CUDA_\w+|OMP_\w+|MKL_\w+|TT_METAL_\w+|VIRTUAL_ENV|CONDA_PREFIX|SYSTEMROOT|WINDIR|PATHEXT)$/i;

/** In which order interpreters are looked for when none was chosen. */
const INTERPRETERS =
  process.platform === 'win32' ? ['python', 'py'] : ['python3', '/usr/bin/python3'];

const PROBE_MS = 60_000;

const PROGRAM = 'torchDevice.py';

/** Beside this file, or beside the bundle; a bundle elsewhere in the project finds the source. */
function programPath(): string {
  const beside = join(import.meta.dirname, PROGRAM);
  if (existsSync(beside)) return beside;
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    const path = join(folder, 'src', 'engine', 'devices', PROGRAM);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new Error(`${PROGRAM} is missing`);
  }
}

/**
 * The interpreter that was chosen, or the first of the usual ones that has PyTorch.
 * @throws `python.failed` for one that was chosen and does not run
 */
export async function findPython(chosen?: string): Promise<PythonFacts | undefined> {
  if (chosen !== undefined) return probePython(chosen);
  let found: PythonFacts | undefined;
  for (const path of INTERPRETERS) {
    const facts = await probePython(path).catch(() => undefined);
    if (facts?.torch !== undefined) return facts;
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
  const output = await runPython(path, ['probe'], AbortSignal.timeout(PROBE_MS));
  const parsed = factsSchema.safeParse(parseJson(output));
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

/** @returns what it printed @throws `python.failed` with the last line it complained with */
export function runPython(
  interpreter: string,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(interpreter, ['-I', '-B', programPath(), ...args], {
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
