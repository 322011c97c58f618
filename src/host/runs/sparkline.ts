/** A loss history as six block characters, and what it says in words. Knows nothing of runs. */

const BLOCKS = '▁▂▃▄▅▆▇█';
const WIDTH = 6;

/** Means of six equal stretches, on a linear scale from the lowest to the highest of them. */
export function sparkline(values: readonly number[]): string {
  if (values.length < 2) return '';
  const width = Math.min(WIDTH, values.length);
  const means = Array.from({ length: width }, (_, i) =>
    mean(
      values.slice(
        Math.floor((i * values.length) / width),
        Math.floor(((i + 1) * values.length) / width),
      ),
    ),
  );
  const low = Math.min(...means);
  const span = Math.max(...means) - low;
  const levelOf = (value: number) =>
    span === 0 ? 0 : Math.round(((value - low) / span) * (BLOCKS.length - 1));
  return means.map(value => BLOCKS[levelOf(value)]).join('');
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
