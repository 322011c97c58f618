/**
 * Our Python programs on an interpreter that the user chose: asked what it has, or kept to be asked more.
 * Nothing goes through a shell, and only an allow-list of the environment is passed on.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { disk } from '../files/fileSystem';
import { readSafetensors, writeSafetensors } from '../formats/safetensors';
import { ProblemError } from '../problem';
import { pythonEnvironment } from '../processEnvironment';
import type { Tensor } from '../tensor/tensor';

/** What the program says of its interpreter. */
const factsSchema = z.looseObject({
  python: z.string(),
  executable: z.string(),
  torch: z.string().optional(),
  torchError: z.string().optional(),
  threads: z.number().optional(),
  /** Names of the GPUs that PyTorch can use, by what it calls their kind. */
  accelerators: z.object({ cuda: z.array(z.string()), mps: z.array(z.string()) }).optional(),
  ttml: z.string().optional(),
  ttmlError: z.string().optional(),
});
export type PythonFacts = z.infer<typeof factsSchema>;

/** Where an interpreter can be chosen, for messages. */
export const CHOOSING_PYTHON = '--python or the setting weightroom.devices.python';

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
  if (chosen !== undefined) return probePython(chosen, library);
  let found: PythonFacts | undefined;
  for (const path of INTERPRETERS) {
    const facts = await probePython(path, library).catch(() => undefined);
    if (facts?.[library] !== undefined) return facts;
    found ??= facts;
  }
  return found;
}

const TITLES: Readonly<Record<PythonLibrary, string>> = { torch: 'PyTorch', ttml: 'ttml' };

/** Why there is nobody to be asked for a library. */
export const whyMissing = (library: PythonLibrary, python: PythonFacts | undefined): string =>
  python
    ? `${TITLES[library]} is not installed in ${python.executable} (${python[`${library}Error`]})`
    : 'no Python was found';

/** Importing PyTorch takes seconds. What is missing may be installed while we run: that is asked again. */
const probed = new Map<string, Promise<PythonFacts>>();

/** @throws `python.failed` */
async function probePython(path: string, library: PythonLibrary): Promise<PythonFacts> {
  const asked = probed.get(path) ?? askPython(path);
  probed.set(path, asked);
  const facts = await asked.catch(() => undefined);
  if (facts?.[library] === undefined) probed.delete(path);
  return asked;
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

/** @returns what it printed @throws `python.failed` with the last line it complained with */
async function runPython(
  interpreter: string,
  program: PythonLibrary,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const child = startPython(interpreter, program, args, signal);
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stdin.end();
  const why = await endOf(child);
  if (why !== undefined) throw failure(interpreter, why);
  return printed;
}

function startPython(
  interpreter: string,
  program: PythonLibrary,
  args: readonly string[],
  signal?: AbortSignal,
): ChildProcessWithoutNullStreams {
  const child = spawn(interpreter, ['-I', '-B', pathOf(PROGRAMS[program]), ...args], {
    stdio: 'pipe',
    env: pythonEnvironment(process.env),
    ...(signal && { signal, killSignal: 'SIGKILL' as const }),
  });
  child.stdin.on('error', () => undefined); // how it ended tells more
  return child;
}

/** Of what a program complains with, so much is kept. */
const MOST_COMPLAINTS = 10_000;

/** Why it failed, undefined when it did not; once it has ended. */
function endOf(child: ChildProcessWithoutNullStreams): Promise<string | undefined> {
  return new Promise(resolve => {
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-MOST_COMPLAINTS);
    });
    child.on('error', error => resolve(error.message));
    child.on('close', (code, killedBy) => {
      const last = complaints.trim().split('\n').at(-1) || `it ended with ${code ?? killedBy}`;
      resolve(code === 0 ? undefined : last);
    });
  });
}

/** How long a program may take to end, once there is nothing left to ask. */
const CLOSING_MS = 30_000;

/**
 * A program that runs until it is closed, and keeps what it was given. Tensors go as files in a folder
 * of its own, which are gone once it has read them.
 */
export class PythonProgram {
  readonly #interpreter: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #folder: string;
  /** Settles when it has ended, with the reason. */
  readonly #over: Promise<string>;
  readonly #replies: AsyncIterator<string, undefined>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(interpreter: string, program: PythonLibrary) {
    this.#interpreter = interpreter;
    this.#folder = join(tmpdir(), `weightroom-${program}-${randomUUID()}`);
    disk.mkdir(this.#folder);
    this.#child = startPython(interpreter, program, ['serve']);
    this.#over = endOf(this.#child).then(why => why ?? 'it ended');
    this.#replies = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * Requests are answered one after another.
   * @returns the tensors that it wrote
   * @throws `python.failed`
   */
  ask(request: object, tensors: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
    const answer = this.#last.then(() => this.#ask(request, tensors));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #ask(request: object, given: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
    const [tensors, out] = ['in', 'out'].map(name => join(this.#folder, `${name}.safetensors`)) as [
      string,
      string,
    ];
    try {
      writeSafetensors(disk, tensors, given);
      this.#child.stdin.write(`${JSON.stringify({ ...request, tensors, out })}\n`);
      const line = await this.#replies.next();
      if (line.done) throw failure(this.#interpreter, await this.#over);
      const reply = replySchema.safeParse(parseJson(line.value));
      const error = reply.success ? reply.data.error : `it answered ${line.value.slice(0, 200)}`;
      if (error !== undefined) throw failure(this.#interpreter, error);
      return readSafetensors(out);
    } finally {
      disk.rm(tensors);
      disk.rm(out);
    }
  }

  /** Once what was asked is answered. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), CLOSING_MS);
    await this.#over;
    clearTimeout(late);
    disk.rm(this.#folder);
  }
}

const replySchema = z.object({ error: z.string().optional() });

const failure = (path: string, why: string): ProblemError =>
  new ProblemError({
    code: 'python.failed',
    severity: 'error',
    message: `${path} could not run: ${why}. Choose another interpreter with ${CHOOSING_PYTHON}.`,
    where: { file: path },
  });
