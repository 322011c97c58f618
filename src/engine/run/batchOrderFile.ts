/** Reads `train.batch_order`: which windows every step of another run trained on. */
import { resolve } from 'node:path';
import * as z from 'zod';
import type { TrainConfig } from '../config/schema';
import type { FileSystem } from '../files/fileSystem';
import { readText } from '../files/readFile';
import { fail } from '../problem';

const schema = z.array(z.array(z.array(z.int().min(0))));

interface Windows {
  tokens: number;
  time: number;
  fs: FileSystem;
}

/** @returns `[step][micro][row]`, checked against the config's sizes. @throws `batch-order.…` */
export function readBatchOrder(
  configDir: string,
  { batch_order = '', batch_size, gradient_accumulation, max_steps }: TrainConfig,
  { tokens, time, fs }: Windows,
): number[][][] {
  const file = resolve(configDir, batch_order);
  const where = { file, key: 'train.batch_order' };
  const steps = parse(readText(fs, file), file);
  if (steps.length < max_steps)
    fail(
      'batch-order.too-short',
      `${file} has batches of ${steps.length} steps, train.max_steps is ${max_steps}. Lower it.`,
      where,
    );
  steps.forEach((micros, step) => {
    if (micros.length !== gradient_accumulation || micros.some(rows => rows.length !== batch_size))
      fail(
        'batch-order.wrong-size',
        `Step ${step} of ${file} is not ${gradient_accumulation} micro-batches of ${batch_size} rows, as train.gradient_accumulation and train.batch_size say.`,
        where,
      );
    const outside = micros.flat().find(start => start + time >= tokens);
    if (outside !== undefined)
      fail(
        'batch-order.outside',
        `Step ${step} of ${file} starts at token ${outside}; a window of ${time} there is beyond the ${tokens} tokens of data.train.`,
        where,
      );
  });
  return steps;
}

function parse(text: string, file: string): number[][][] {
  const where = { file, key: 'train.batch_order' };
  const shape = 'a list of steps, each a list of micro-batches, each a list of start offsets';
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const path = parsed.error.issues[0]?.path.join('][') ?? '';
    return fail('batch-order.malformed', `${file} is not ${shape}, at [${path}].`, where);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return fail(
      'batch-order.malformed',
      `${file} is not JSON (${error.message}); it must be ${shape}.`,
      where,
    );
  }
}
