/** Where an out-of-memory message stands in a line of a terminal. Asked of every line: cheap. */

const START = 'Not enough space';

export interface LinkPlace {
  readonly startIndex: number;
  readonly length: number;
}

/** From its first word to its closing bracket or the end; undefined when there is none. */
export function oomLinkIn(line: string): LinkPlace | undefined {
  const startIndex = line.indexOf(START);
  if (startIndex < 0 || !/\bbuffer across \d+ banks/.test(line)) return undefined;
  const end = line.indexOf(')', startIndex);
  return { startIndex, length: (end < 0 ? line.length : end + 1) - startIndex };
}
