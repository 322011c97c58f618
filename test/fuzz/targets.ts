/** Everything that is fuzzed, by name. */
import { formatTargets } from './formatTargets';
import type { FuzzTarget } from './fuzzTarget';

export const targets: Readonly<Record<string, FuzzTarget>> = { ...formatTargets };
