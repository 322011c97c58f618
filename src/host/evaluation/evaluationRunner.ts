/**
 * The processes of this window that evaluate: started, found by their folder, ended with the window.
 * Knows what the command line is told, not what it does.
 */
import { dirname, join } from 'node:path';
import { evaluationFiles, type EvaluationPlan } from '../../protocol/evaluation';
import type { Launcher } from '../launcher';
import type { EvaluationProcess } from './evaluationProcess';

/** With the schema of what it says, which a window that evaluates nothing need not load. */
const loadProcess = () => import('./evaluationProcess');

export type Order =
  /** As the config says; `indices`: only these examples of it. */
  | {
      readonly kind: 'config';
      readonly path: string;
      readonly indices?: readonly number[];
      /** Where its folder goes; undefined = as the config's model says. */
      readonly out?: string;
    }
  /** On with one that was stopped. */
  | { readonly kind: 'resume'; readonly dir: string };

/** What the command line is told. */
export const argumentsOf = (order: Order): string[] =>
  order.kind === 'resume'
    ? ['evaluate', '--resume', order.dir, '--events']
    : [
        'evaluate',
        order.path,
        ...(order.indices ? ['--only', order.indices.join(',')] : []),
        ...(order.out === undefined ? [] : ['--out', order.out]),
        '--events',
      ];

/** The examples of an evaluation anew: by its config, or by what it wrote down of its command. */
export const again = (
  dir: string,
  { configPath }: EvaluationPlan,
  indices: readonly number[],
): Order =>
  configPath === null
    ? { kind: 'config', path: join(dir, evaluationFiles.config), indices, out: dirname(dir) }
    : { kind: 'config', path: configPath, indices };

export class EvaluationRunner {
  readonly #running = new Map<string, EvaluationProcess>();
  readonly #problems = new Map<string, EvaluationProcess['problem']>();
  readonly #all = new Set<EvaluationProcess>();

  constructor(
    private readonly launcher: Pick<Launcher, 'startCommand'>,
    /** Something is another way than before, in this folder. */
    private readonly changed: (dir: string) => void,
  ) {}

  /** @throws `host.untrusted` */
  async start(order: Order): Promise<EvaluationProcess> {
    const { EvaluationProcess } = await loadProcess();
    const cwd = dirname(order.kind === 'resume' ? order.dir : order.path);
    const child = this.launcher.startCommand(argumentsOf(order), cwd);
    const started = new EvaluationProcess(child);
    this.#all.add(started);
    void this.#follow(started);
    return started;
  }

  at(dir: string): EvaluationProcess | undefined {
    return this.#running.get(dir);
  }

  /** Why the last process in that folder failed. */
  problemAt(dir: string): EvaluationProcess['problem'] {
    return this.#problems.get(dir);
  }

  get processes(): readonly EvaluationProcess[] {
    return [...this.#all];
  }

  /** They can be resumed. */
  dispose(): void {
    for (const each of this.#all) each.stop();
  }

  async #follow(started: EvaluationProcess): Promise<void> {
    const dir = await started.dir.catch(() => undefined);
    if (dir !== undefined) {
      this.#running.set(dir, started);
      this.#problems.delete(dir);
      started.onProgress(() => this.changed(dir));
      started.onSample(() => this.changed(dir));
      this.changed(dir);
    }
    await started.end;
    this.#all.delete(started);
    if (dir === undefined) return;
    this.#running.delete(dir);
    if (started.problem) this.#problems.set(dir, started.problem);
    this.changed(dir);
  }
}
