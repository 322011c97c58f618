/** Finds the name that somebody probably meant. */

/** The candidate with the fewest edits from `name`, if those are few for its length. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const scored = candidates
    .map(candidate => ({ candidate, distance: distanceBetween(normal(name), normal(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  const limit = Math.max(1, Math.floor(name.length / 3));
  return best && best.distance <= limit ? best.candidate : undefined;
}

/** `batchSize`, `batch-size` and `batch_size` are one name. */
const normal = (name: string): string =>
  name
    .slice(0, 64)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/[-\s]/g, '_')
    .toLowerCase();

/** Damerau–Levenshtein, restricted: insertions, deletions, substitutions, swaps of neighbours. */
function distanceBetween(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(previous, j) + 1,
        at(row, j - 1) + 1,
        at(previous, j - 1) + (isSame ? 0 : 1),
        isSwap ? at(before, j - 2) + 1 : Infinity,
      );
    }
    before = previous;
    previous = row;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
