/** The closed table of what the view of a file of tensors may ask for. Nothing else gets any further. */
import * as z from 'zod';
import type { RequestMessage } from '../../protocol/tensors';
import { isTooBig } from '../messageSize';

/** Names come from files and are as long as these please; the message as a whole is bounded. */
const tensor = z.string();
const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Cells of a picture along one side. */
const cells = z.number().int().min(1).max(1024);
const nothing = z.null();

const region = z
  .strictObject({ top: index, bottom: index, left: index, right: index })
  .refine(({ top, bottom, left, right }) => top < bottom && left < right);

/** A picture has not more cells than the region has elements. */
const cellsOf = z
  .strictObject({ tensor, region, rows: cells, columns: cells })
  .refine(
    ({ region: { top, bottom, left, right }, rows, columns }) =>
      rows <= bottom - top && columns <= right - left,
  );

const MAX_VALUES = 10_000;

const values = z
  .strictObject({ tensor, region })
  .refine(
    ({ region: { top, bottom, left, right } }) => (bottom - top) * (right - left) <= MAX_VALUES,
  );

const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id: index, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', nothing),
  request('reload', nothing),
  request('statistics', z.strictObject({ tensor })),
  request('histogram', z.strictObject({ tensor })),
  request('cells', cellsOf),
  request('values', values),
  request('copy', z.strictObject({ text: z.string() })),
  request('openAsText', nothing),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseRequest(message: unknown): RequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}
