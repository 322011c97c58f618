/** The closed table of what the view of a cache study may ask for. Nothing else gets any further. */
import * as z from 'zod';
import { exportKinds, type StudyRequestMessage } from '../../protocol/cacheStudyView';
import { isTooBig } from '../messageSize';

const name = z.string().min(1).max(4096);
const nothing = z.null();
const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', z.strictObject({ study: name.nullable() })),
  request('show', z.strictObject({ study: name })),
  request('other', z.strictObject({ study: name })),
  request(
    'tokens',
    z.strictObject({ study: name, adapter: name, variant: name, side: z.enum(['k', 'v']) }),
  ),
  request('runAgain', nothing),
  request('openConfig', nothing),
  request('manageTrust', nothing),
  request('export', z.strictObject({ kind: z.enum(exportKinds) })),
  request('copy', z.strictObject({ text: z.string() })),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseRequest(message: unknown): StudyRequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}
