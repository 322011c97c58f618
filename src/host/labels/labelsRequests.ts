/** The closed table of what the view of labels may ask for. Nothing else gets any further. */
import * as z from 'zod';
import type { LabelsRequestMessage } from '../../protocol/labelsView';
import { isTooBig } from '../messageSize';

const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const nothing = z.null();

const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id: index, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', nothing),
  request('read', z.strictObject({ from: index })),
  request('train', nothing),
  request('openConfig', nothing),
  request('openPlan', nothing),
  request('trust', nothing),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseLabelsRequest(message: unknown): LabelsRequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}
