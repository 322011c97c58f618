/** The closed table of what the view of an evaluation may ask for. Nothing else gets any further. */
import * as z from 'zod';
import { exportKinds, MOST_ROWS, type RequestMessage } from '../../protocol/evaluationView';
import { isTooBig } from '../messageSize';

const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const nothing = z.null();
const sample = z.strictObject({ index });

const MOST_INDICES = 100_000;
const MOST_WORDS = 1000;

const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id: index, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', nothing),
  request('rows', z.strictObject({ from: index, count: z.number().int().min(1).max(MOST_ROWS) })),
  request('sample', sample),
  request('search', z.strictObject({ words: z.string().max(MOST_WORDS) })),
  request('compare', z.strictObject({ baseline: z.string().nullable() })),
  request('runAgain', z.strictObject({ indices: z.array(index).min(1).max(MOST_INDICES) })),
  request('stop', nothing),
  request('resume', nothing),
  request('openInSandbox', sample),
  request('openText', z.strictObject({ index, what: z.enum(['prompt', 'output', 'reference']) })),
  request('openTrace', sample),
  request('openConfig', nothing),
  request('export', z.strictObject({ kind: z.enum(exportKinds) })),
  request('copy', z.strictObject({ text: z.string() })),
  request('trust', nothing),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseRequest(message: unknown): RequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}
