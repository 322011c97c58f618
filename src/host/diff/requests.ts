/** The closed table of what the weight diff's view may ask for. Nothing else gets any further. */
import * as z from 'zod';
import type { Profile } from '../../protocol/diffMetrics';
import type { DiffRequestMessage } from '../../protocol/weightDiff';
import { isTooBig } from '../messageSize';

const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const nothing = z.null();
const row = z.strictObject({ row: index });

const region = z
  .strictObject({ top: index, bottom: index, left: index, right: index })
  .refine(({ top, bottom, left, right }) => top < bottom && left < right);

const MAX_CELLS = 1 << 18;
const MAX_VALUES = 10_000;

const cells = z
  .strictObject({
    row: index,
    region,
    cell: z.strictObject({ rows: index.min(1), columns: index.min(1) }),
  })
  .refine(
    ({ region: { top, bottom, left, right }, cell }) =>
      Math.ceil((bottom - top) / cell.rows) * Math.ceil((right - left) / cell.columns) <= MAX_CELLS,
  );

const values = z
  .strictObject({ row: index, region })
  .refine(
    ({ region: { top, bottom, left, right } }) => (bottom - top) * (right - left) <= MAX_VALUES,
  );

const bound = z.number().optional();
const profile = z.strictObject({
  name: z.string().max(40),
  bits: z.boolean().optional(),
  pcc: bound,
  maxAbs: bound,
  relL2: bound,
  cosine: bound,
  ulp99: bound,
  allclose: z.strictObject({ atol: z.number(), rtol: z.number() }).optional(),
});

const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id: index, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', nothing),
  request('again', nothing),
  request('swap', nothing),
  request('detail', row),
  request('fault', row),
  request('distributions', row),
  request('cells', cells),
  request('values', values),
  request('logits', nothing),
  request('export', z.strictObject({ format: z.enum(['json', 'csv', 'html']), profile })),
  request('copy', z.strictObject({ text: z.string() })),
  request('choose', z.strictObject({ side: z.enum(['left', 'right']) })),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseRequest(message: unknown): DiffRequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? (parsed.data as DiffRequestMessage) : undefined;
}

/** What is undefined is absent. */
export const profileOf = (sent: Profile): Profile =>
  Object.fromEntries(
    Object.entries(sent).filter(([, value]) => value !== undefined),
  ) as unknown as Profile;
