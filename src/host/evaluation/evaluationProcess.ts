/**
 * A process of the command line that evaluates: what it says, line by line, and how it ends. Knows
 * nothing of VS Code, nor of where evaluations lie.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Problem, ProblemError } from '../../engine/problem';
import type { EvaluationEvent, EvaluationSample } from '../../protocol/evaluation';
import type { EvaluationProgress } from '../../protocol/evaluationView';
import type { RunningEvaluation } from '../evaluationStore';
import { problemIn, unsaid } from './commandProblem';
import { sampleFrom } from './fileSchemas';

/** Of what it said last: enough to tell why it ended. */
const LAST_WORDS = 4000;
/** Between asking it to end and ending it. */
const GRACE_MS = 20_000;

export class EvaluationProcess implements RunningEvaluation {
  readonly dir: Promise<string>;
  readonly end: Promise<'done' | 'stopped' | 'failed'>;
  progress: EvaluationProgress | null = null;
  problem: Problem | undefined;
  readonly #child: ChildProcess;
  readonly #samples = new Set<(sample: EvaluationSample) => void>();
  readonly #progresses = new Set<(progress: EvaluationProgress) => void>();
  #lastWords = '';
  #isStopping = false;
  #ended = false;

  /** @param child with pipes for what it says */
  constructor(child: ChildProcess) {
    this.#child = child;
    let tellDir: (dir: string) => void = () => undefined;
    let refuse: (error: unknown) => void = () => undefined;
    this.dir = new Promise((resolve, reject) => {
      tellDir = resolve;
      refuse = reject;
    });
    this.dir.catch(() => undefined); // whoever does not ask for it is told by `end`
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS);
    });
    const lines = child.stdout && createInterface({ input: child.stdout });
    lines?.on('line', line => this.#take(line, tellDir));
    this.end = new Promise(resolve => {
      const over = (how: 'done' | 'stopped' | 'failed') => {
        this.#ended = true;
        if (how === 'failed') this.problem = problemIn(this.#lastWords);
        refuse(new ProblemError(this.problem ?? unsaid('It ended before it began.')));
        resolve(how);
      };
      child.on('error', error => {
        this.#lastWords += `\n${error.message}`;
        over('failed');
      });
      // The last lines may come after the process is gone.
      child.on('close', code => {
        if (code === 0) over('done');
        else over(code === 130 || this.#isStopping ? 'stopped' : 'failed');
      });
    });
  }

  onSample(listener: (sample: EvaluationSample) => void): { dispose(): void } {
    this.#samples.add(listener);
    return { dispose: () => void this.#samples.delete(listener) };
  }

  onProgress(listener: (progress: EvaluationProgress) => void): { dispose(): void } {
    this.#progresses.add(listener);
    return { dispose: () => void this.#progresses.delete(listener) };
  }

  stop(): void {
    if (this.#ended) return;
    this.#isStopping = true;
    this.#child.kill('SIGINT');
    const late = setTimeout(() => {
      if (!this.#ended) this.#child.kill('SIGKILL');
    }, GRACE_MS);
    late.unref();
  }

  #take(line: string, tellDir: (dir: string) => void): void {
    const event = eventFrom(line);
    switch (event?.type) {
      case 'started':
      case 'stopped':
      case 'done':
        tellDir(event.dir);
        break;
      case 'progress': {
        const { phase, done, total, tokensPerSecond, secondsLeft } = event;
        this.progress = { phase, done, total, tokensPerSecond, secondsLeft };
        for (const listener of this.#progresses) listener(this.progress);
        break;
      }
      case 'sample': {
        const sample = sampleFrom(event.sample);
        if (sample) for (const listener of this.#samples) listener(sample);
        break;
      }
      default: // a word of its own, which is none of ours
    }
  }
}

function eventFrom(line: string): EvaluationEvent | undefined {
  try {
    const value = JSON.parse(line) as EvaluationEvent | null;
    return value !== null && typeof value === 'object' ? value : undefined;
  } catch {
    return undefined;
  }
}
