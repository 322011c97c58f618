/** The closed table of what the view of a memory plan may ask for. Nothing else gets any further. */
import * as z from 'zod';
import type { MemoryRequestMessage } from '../../protocol/memoryView';
import { isTooBig } from '../messageSize';

const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const nothing = z.null();
const name = z.string().min(1).max(100);

const request = <Name extends string, Params extends z.ZodType>(of: Name, params: Params) =>
  z.strictObject({ id: index, request: z.literal(of), params });

const table = z.discriminatedUnion('request', [
  request('ready', nothing),
  request('choose', z.strictObject({ device: name })),
  request('describe', nothing),
  request('apply', z.strictObject({ id: name })),
  request('explain', nothing),
  request('openConfig', nothing),
  request('save', z.strictObject({ kind: z.enum(['json', 'csv']) })),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseMemoryRequest(message: unknown): MemoryRequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}
