/** What kind of data a config names, as far as the config itself says. Pure. */
import { extname } from 'node:path';
import type { DataConfig } from './schema';

export const isTokenBin = (file: string): boolean => extname(file) === '.bin';

/** Whether the data are examples with answers, and not a stream of tokens. */
export const hasExamples = ({ format }: Pick<DataConfig, 'format'>): boolean =>
  format === 'chat' || format === 'completion';

/** Whether there is anything to validate on. */
export const holdsOut = ({ train, validation, validation_fraction }: DataConfig): boolean =>
  validation !== undefined || (validation_fraction > 0 && !isTokenBin(train));
