/** Where a config says that it can be evaluated. Pure. */

export interface EvaluateLine {
  /** From 0. */
  readonly line: number;
  readonly length: number;
}

const KEY = /^evaluate[ \t]*:/;

/** Undefined when the config has no `evaluate:` section. */
export function evaluateLineOf(text: string): EvaluateLine | undefined {
  const lines = text.split(/\r?\n/);
  const line = lines.findIndex(each => KEY.test(each));
  return line < 0 ? undefined : { line, length: lines[line]!.length };
}
