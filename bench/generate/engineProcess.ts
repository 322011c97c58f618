/** The processes of a benchmark: bundled, started, asked, ended. Knows nothing of what they measure. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { MALLOC_KEEPS_PAGES } from '../../src/engine/processEnvironment';
import type { EngineSettings, Memory, Reply, Request } from './engine';

const here = import.meta.dirname;
const project = join(here, '..', '..');
const competitors = join(here, '..', 'node_modules');

/** File of each engine, and the folder from which its packages are found. */
const engines = {
  ours: { entry: 'ourEngine', outdir: join(project, '.cache', 'bench'), arch: 'cjs' },
  'llama.cpp': { entry: 'llamaCpp', outdir: join(competitors, '.bench'), arch: 'esm' },
  'transformers.js': { entry: 'transformersJs', outdir: join(competitors, '.bench'), arch: 'esm' },
} as const;
export type EngineName = keyof typeof engines;
export const engineNames = Object.keys(engines) as EngineName[];

export function requireCompetitors(): void {
  if (!existsSync(competitors))
    throw new Error(`${competitors} is not there: run \`npm --prefix bench ci\` first`);
}

function bundle(entry: string, outdir: string, format: 'cjs' | 'esm'): string {
  const outfile = join(outdir, `${entry}.${format === 'cjs' ? 'cjs' : 'mjs'}`);
  buildSync({
    entryPoints: [join(here, `${entry}.ts`)],
    ...{ outfile, format, bundle: true, platform: 'node', target: 'node20' },
    external: ['onnxruntime-node'],
    logLevel: 'error',
  });
  return outfile;
}

/** A process that answers one message at a time. */
class Child<Asked extends object, Answer> {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  constructor(file: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    this.#process = fork(file, args, { execArgv: [], env: { ...process.env, ...env } });
    this.#exited = once(this.#process, 'exit');
    this.#process.on('message', answer => this.#waiting?.resolve(answer as Answer));
    this.#process.on('exit', (code, signal) =>
      this.#waiting?.reject(new Error(`a measured process ended: ${code ?? signal}`)),
    );
  }

  ask(request: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#process.send(request);
    });
  }

  async end(): Promise<void> {
    this.#waiting = undefined;
    if (this.#process.connected) this.#process.disconnect();
    await this.#exited;
  }
}

export interface OpenedEngine {
  readonly name: EngineName;
  /** Of opening. */
  readonly opened: { seconds: number; memory: Memory };
  start(prompt: readonly number[]): Promise<Reply>;
  decode(count: number): Promise<Reply>;
  end(): Promise<void>;
}

const files = new Map<string, string>();

export async function openEngine(
  name: EngineName,
  settings: EngineSettings,
): Promise<OpenedEngine> {
  const { entry, outdir, arch } = engines[name];
  const file = files.get(name) ?? bundle(entry, outdir, arch);
  files.set(name, file);
  const began = performance.now();
  const child = new Child<Request, Reply>(file, [], name === 'ours' ? MALLOC_KEEPS_PAGES : {});
  try {
    const { memory } = await child.ask({ do: 'open', settings });
    return {
      name,
      opened: { seconds: (performance.now() - began) / 1000, memory },
      start: prompt => child.ask({ do: 'start', prompt: [...prompt] }),
      decode: count => child.ask({ do: 'decode', count }),
      end: () => child.end(),
    };
  } catch (error) {
    await child.end();
    throw error;
  }
}

/** @returns a function that reads memory once and tells bytes per second */
export function openBandwidth(threads: number) {
  const file = bundle('bandwidth', join(project, '.cache', 'bench'), 'cjs');
  const child = new Child<object, { bytesPerSecond: number }>(file, [String(threads)]);
  return {
    measure: async () => (await child.ask({})).bytesPerSecond,
    end: () => child.end(),
  };
}
