/** The sentence that tree and curves speak of a run, e.g. "sums, training, step 40 of 3000, …". */

export interface ShownRun {
  name: string;
  /** "training", "done", "stopped", … */
  status: string;
  step: number;
  maxSteps: number;
}

export function parseSpokenRun(sentence: string): ShownRun {
  const [name = '', status = ''] = sentence.split(', ');
  const [, step = '0', maxSteps = '0'] = /step (\d+) of (\d+)/.exec(sentence) ?? [];
  return { name, status, step: Number(step), maxSteps: Number(maxSteps) };
}
