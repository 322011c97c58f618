/** How many tokens a row of a batch has. Pure. */
import type { RunConfig } from './schema';

/** A folder's context may be far longer than anybody trains with. */
const LONGEST_BY_DEFAULT = 1024;

/** @param context the most tokens that the model takes */
export const rowLength = (
  { model, data }: Pick<RunConfig, 'model' | 'data'>,
  context: number,
): number => data.max_length ?? ('from' in model ? Math.min(LONGEST_BY_DEFAULT, context) : context);
