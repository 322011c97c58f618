/** The closed table of what the view of adapters may ask for. Nothing else gets any further. */
import * as z from 'zod';
import { type AdapterRequestMessage, MOST_ADAPTERS } from '../../protocol/adapterView';
import { isTooBig } from '../messageSize';

const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Place of an adapter in the view. */
const place = z
  .number()
  .int()
  .min(0)
  .max(MOST_ADAPTERS - 1);
const nothing = z.null();

const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id: index, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', nothing),
  request('again', nothing),
  request('compare', nothing),
  request('remove', z.strictObject({ at: place })),
  request('chooseBase', z.strictObject({ at: place })),
  request(
    'save',
    z.strictObject({ format: z.enum(['json', 'csv']), first: place, second: place.nullable() }),
  ),
  request('savePicture', z.strictObject({ svg: z.string() })),
  request('copy', z.strictObject({ text: z.string() })),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseAdapterRequest(message: unknown): AdapterRequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}
