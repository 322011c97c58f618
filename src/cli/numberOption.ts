/** Numbers as options: checked as they are read. */
import { InvalidArgumentError } from 'commander';

interface Bounds {
  least: number;
  most?: number;
  whole?: boolean;
}

export const number =
  ({ least, most = Infinity, whole = false }: Bounds) =>
  (text: string): number => {
    const value = text.trim() === '' ? NaN : Number(text);
    if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
    const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`A ${whole ? 'whole ' : ''}number ${range}.`);
  };
