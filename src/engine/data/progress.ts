/** How far a preparation is, told at most ten times a second. Knows nothing of a screen. */

export interface PrepareProgress {
  /** What is being read. */
  file: string;
  /** `tokenizer`: its vocabulary is learnt; `tokens`: the bin is filled. */
  phase: 'tokenizer' | 'tokens';
  /** Examples; lines of plain text. */
  done: number;
  total: number;
  examplesPerSecond: number;
}

export type OnProgress = (progress: PrepareProgress) => void;

const REPORT_EVERY_MS = 100;

/** A function to call with the number of examples done; the last one is always told. */
export function progressOf(
  { file, phase, total }: Pick<PrepareProgress, 'file' | 'phase' | 'total'>,
  onProgress: OnProgress | undefined,
): (done: number) => void {
  const started = performance.now();
  let told = started;
  return done => {
    const now = performance.now();
    if (now - told < REPORT_EVERY_MS && done < total) return;
    told = now;
    const examplesPerSecond = done / Math.max((now - started) / 1000, 1e-3);
    onProgress?.({ file, phase, done, total, examplesPerSecond });
  };
}
