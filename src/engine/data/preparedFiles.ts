/** Names of what is prepared from a data file: they stand beside it. Touches no files. */
import { extname } from 'node:path';

/** `data/x.jsonl`, `bpe:512` → `data/x.bpe-512`, which the names of all that is made of it begin with. */
export const preparedStem = (path: string, tokenizer: string): string =>
  `${withoutEnding(path)}.${tokenizer.replace(':', '-')}`;

export const trainBin = (stem: string): string => `${stem}.bin`;
export const heldOutBin = (stem: string): string => `${stem}.validation.bin`;

/** The trained vocabulary of a bin. */
export const tokenizerFile = (bin: string): string => `${withoutEnding(bin)}.tokenizer.json`;

const withoutEnding = (path: string) => path.slice(0, path.length - extname(path).length);
