/**
 * Whether a checkpoint may be gone on from, compared with what there is now: never when the result
 * would mix two configs or data sets, and not to the bit when the machine differs. Reads no files.
 */
import { createHash } from 'node:crypto';
import { fail } from '../problem';
import type { TrainState } from './checkpoint';

/** What must not differ, and what costs exactness only. */
export type ResumeFacts = Pick<
  TrainState,
  'configHash' | 'dataHash' | 'tokenizerHash' | 'weightsHash' | 'versions' | 'threads' | 'device'
>;

const fixed = [
  ['configHash', 'config', 'config.yaml in the run folder was changed'],
  ['dataHash', 'data', 'the training data are not those it was trained on'],
  ['tokenizerHash', 'tokenizer', 'the tokenizer is not the one it was trained with'],
  ['weightsHash', 'weights', 'the weights under the adapter are not those it was trained on'],
] as const;

/**
 * @param now what is known now; a hash that is left out is not compared
 * @returns why the run will not be the same to the bit; empty when it will
 * @throws `resume.config-changed`, `resume.data-changed`, `resume.tokenizer-changed`, `resume.weights-changed`
 */
export function validateResume(saved: TrainState, now: Partial<ResumeFacts>): string[] {
  for (const [key, what, why] of fixed)
    if (now[key] !== undefined && now[key] !== saved[key])
      fail(
        `resume.${what}-changed`,
        `The run cannot go on from step ${saved.step}: ${why}. Bring back what was there, or start a new run.`,
      );
  const differences = [
    now.device !== undefined && now.device !== saved.device
      ? `it was on ${saved.device} and is now on ${now.device}`
      : [],
    now.threads !== undefined && now.threads !== saved.threads
      ? `it used ${saved.threads} threads and now uses ${now.threads}`
      : [],
    ...Object.entries(now.versions ?? {}).map(([name, version]) => {
      const before = saved.versions[name];
      return before === version ? [] : `${name} was ${before ?? 'unknown'} and is now ${version}`;
    }),
  ];
  return differences.flat();
}

/** What `prepareData` found, as a checkpoint remembers it. */
export function dataHashes(hashes: {
  train: string;
  validation?: string;
  tokenizer?: string;
}): Pick<TrainState, 'dataHash' | 'tokenizerHash'> {
  const { tokenizer, ...bins } = hashes;
  return {
    dataHash: hashJson(bins),
    ...(tokenizer === undefined ? {} : { tokenizerHash: tokenizer }),
  };
}

/** SHA-256 of plain data; the order of its keys does not matter. */
export const hashJson = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sortKeys(value)))
    .digest('hex');

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([key, member]) => [key, sortKeys(member)]));
}
