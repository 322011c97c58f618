/**
 * A grid over keys of a config: each combination of values as the text of a config of its own, with
 * everything else as it was written. Knows nothing of runs.
 */
import { isMap, parseDocument } from 'yaml';
import * as z from 'zod';
import { fail } from '../problem';

/** The text of a sweep: `config: base.yaml` and `grid: { train.learning_rate: [1e-3, 1e-4], … }`. */
export interface Sweep {
  /** Path of the config that is varied, relative to the sweep's own folder. */
  readonly config: string;
  readonly grid: ReadonlyMap<string, readonly SweepValue[]>;
}

export type SweepValue = string | number | boolean;

export interface SweepVariant {
  readonly values: ReadonlyMap<string, SweepValue>;
  readonly text: string;
}

/** More than anybody waits for; a typing error rather than a wish. */
const MOST = 1000;

const value = z.union([z.string(), z.number(), z.boolean()]);
const schema = z.strictObject({
  config: z.string().min(1),
  grid: z.record(z.string().regex(/^[a-z_]+(\.[a-z_0-9]+)*$/), z.array(value).min(1)),
});

/** @throws `sweep.bad-file` */
export function readSweep(text: string, file: string): Sweep {
  const document = parseDocument(text, { maxAliasCount: 10 } as object);
  const parsed = schema.safeParse(document.errors.length > 0 ? undefined : document.toJS());
  if (!parsed.success) {
    const why = document.errors[0]?.message ?? parsed.error.issues[0]?.message ?? 'unknown';
    const key = parsed.error.issues[0]?.path.join('.') ?? '';
    return fail(
      'sweep.bad-file',
      `${file} is no sweep: ${key ? `\`${key}\`: ` : ''}${why}. Write \`config: base.yaml\` and \`grid: { train.learning_rate: [1e-3, 1e-4] }\`.`,
      { file, ...(key && { key }) },
    );
  }
  const { config, grid } = parsed.data;
  return { config, grid: new Map(Object.entries(grid)) };
}

/** Every combination, the last key changing fastest. @throws `sweep.too-many` */
export function sweepVariants(base: string, { grid }: Pick<Sweep, 'grid'>): SweepVariant[] {
  const count = [...grid.values()].reduce((n, values) => n * values.length, 1);
  if (count > MOST)
    fail('sweep.too-many', `The grid has ${count} combinations; at most ${MOST} are run.`);
  let combinations: [string, SweepValue][][] = [[]];
  for (const [key, values] of grid)
    combinations = combinations.flatMap(some =>
      values.map(v => [...some, [key, v] as [string, SweepValue]]),
    );
  return combinations.map(some => ({ values: new Map(some), text: withValues(base, some) }));
}

function withValues(base: string, values: readonly (readonly [string, SweepValue])[]): string {
  const document = parseDocument(base);
  for (const [key, v] of values) {
    const path = key.split('.');
    const parent = path.slice(0, -1);
    if (parent.length > 0 && !isMap(document.getIn(parent, true)))
      document.setIn(parent, document.createNode({}));
    document.setIn(path, v);
  }
  return document.toString();
}
