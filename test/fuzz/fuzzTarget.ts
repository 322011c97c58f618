/** What can be fuzzed, and the fuzzing of it: every case must end in `ok` or in a typed refusal. */
import { randomNumbers } from '../durability/randomNumbers';
import type { Random } from './mutate';

export interface FuzzTarget {
  /** Sound inputs to start from. */
  seeds(): Buffer[];
  /** Puts into a folder what the inputs refer to. */
  prepare?(folder: string): void;
  make(seeds: readonly Buffer[], random: Random): Buffer;
  /** `ok` or the code of the refusal. Any other error is a finding, and so is a crash or a hang. */
  judge(bytes: Buffer, folder: string): string;
}

export interface FuzzReport {
  /** Cases by outcome. */
  readonly outcomes: Record<string, number>;
  /** Milliseconds of each case. */
  readonly times: number[];
}

/** A case that ended otherwise than it must. */
export class Finding extends Error {
  constructor(
    /** By which the case is made again. */
    readonly caseNumber: number,
    readonly bytes: Buffer,
    cause: unknown,
  ) {
    super(
      `case ${caseNumber}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
    );
  }
}

/** Each case has numbers of its own, so that it can be made again without those before it. */
export function makeCase(target: FuzzTarget, seeds: readonly Buffer[], caseNumber: number): Buffer {
  return target.make(seeds, randomNumbers(caseNumber * 2654435761));
}

/** Cases `[from, to)`, judged in `folder`. @throws Finding */
export function fuzz(target: FuzzTarget, from: number, to: number, folder: string): FuzzReport {
  const seeds = target.seeds();
  target.prepare?.(folder);
  const report: FuzzReport = { outcomes: {}, times: [] };
  for (let i = from; i < to; i++) {
    const bytes = makeCase(target, seeds, i);
    const began = performance.now();
    try {
      const outcome = target.judge(bytes, folder);
      report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      throw new Finding(i, bytes, error);
    }
    report.times.push(performance.now() - began);
  }
  return report;
}
