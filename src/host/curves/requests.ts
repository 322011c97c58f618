/**
 * The closed table of what the curves view may ask for. Nothing that is not in it, and nothing that
 * is too big, gets any further.
 */
import * as z from 'zod';
import { type RequestMessage, runActions, startActions } from '../../protocol/curves';
import { isTooBig } from '../messageSize';

const runId = z.string().min(1).max(512);
const runIds = z.array(runId).max(256);
const axis = z.enum(['step', 'tokens', 'seconds']);
const smoothing = z.number().min(0).max(0.9999);
const columns = z.number().int().min(1).max(16384);
const value = z.number().min(-1e18).max(1e18);
const nothing = z.null();

const range = z
  .strictObject({
    runs: runIds,
    axis,
    from: value,
    to: value,
    log: z.boolean(),
    columns,
    smallColumns: columns,
    smoothing,
    lineExtremes: z.boolean(),
  })
  .refine(({ from, to, log }) => from < to && (!log || from > 0));

const picture = z.strictObject({
  runs: runIds,
  highlighted: runId.nullable(),
  axis,
  range: z.tuple([value, value]).nullable(),
  xLog: z.boolean(),
  yLog: z.boolean(),
  smoothing,
  raw: z.boolean(),
  validation: z.boolean(),
  theme: z.enum(['dark', 'light', 'highContrast']),
});

const id = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', z.strictObject({ opened: runIds.nullable() })),
  request('range', range),
  request('addRuns', nothing),
  request('closeRun', z.strictObject({ run: runId })),
  request('act', z.strictObject({ action: z.enum(runActions), run: runId })),
  request('start', z.strictObject({ action: z.enum(startActions) })),
  request('compareConfigs', z.strictObject({ runs: z.tuple([runId, runId]) })),
  request('showEvent', z.strictObject({ run: runId, seq: id })),
  request('picture', picture),
  request('saveSvg', picture),
  request('saveCsv', picture),
  request('savePng', z.strictObject({ png: z.instanceof(ArrayBuffer) })),
  request('copy', z.strictObject({ text: z.string() })),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseRequest(message: unknown): RequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}
