/**
 * Shapes of what comes into the sandbox from outside: the closed table of what its view may ask for,
 * and documents that were written to the disk. Nothing else gets any further.
 */
import { basename } from 'node:path';
import * as z from 'zod';
import {
  copyables,
  LARGEST_WEIGHT,
  modes,
  MOST_COLUMNS,
  MOST_NEW_TOKENS,
  type PickedModel,
  type RequestMessage,
  type SandboxDocument,
} from '../../protocol/sandboxView';
import { deviceNames } from '../../protocol/devices';
import { isTooBig } from '../messageSize';

const whole = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Also the name of a file. */
const id = z.string().regex(/^[\w-]{1,64}$/);
/** The message as a whole is bounded. */
const text = z.string();
const nothing = z.null();

const sampling = z.strictObject({
  temperature: z.number().min(0).max(100),
  topK: whole.max(10_000_000),
  topP: z.number().min(0).max(1),
  minP: z.number().min(0).max(1),
  repetitionPenalty: z.number().min(0.01).max(100),
  maxTokens: whole.min(1).max(MOST_NEW_TOKENS),
  seed: whole.max(2 ** 32 - 1),
  greedy: z.boolean(),
  stop: z.array(z.string().min(1).max(1000)).max(32),
});

const run = {
  backend: z.enum(['kv', 'nocache', 'batch']),
  device: z.enum(deviceNames),
  bits: z.union([z.literal(4), z.literal(8)]).nullable(),
};

const adapterUse = z.strictObject({
  weight: z.number().min(0).max(LARGEST_WEIGHT),
  isOn: z.boolean(),
});

const edits = z
  .strictObject({
    mode: z.enum(modes),
    prompt: text,
    system: text,
    message: text,
    sampling,
    sameSeed: z.boolean(),
  })
  .partial();

const column = z.strictObject({ column: id });
const columns = z.strictObject({ column: id.nullable() });

const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id: whole, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', nothing),
  request('edit', edits),
  request('count', column),
  request('addColumn', nothing),
  request('removeColumn', column),
  request('chooseModel', column.extend({ what: z.enum(['model', 'adapter']) })),
  request('setAdapter', column.extend({ adapter: text, to: adapterUse.nullable() })),
  request('devices', nothing),
  request('setColumn', column.extend({ run: z.strictObject(run) })),
  request('layerErrors', column),
  request('generate', columns),
  request('regenerate', columns),
  request('stop', columns),
  request('branch', column.extend({ at: whole, token: whole })),
  request('clear', nothing),
  request('restore', z.strictObject({ item: id })),
  request('forget', z.strictObject({ item: id.nullable() })),
  request('copy', column.extend({ what: z.enum(copyables) })),
  request('saveJson', nothing),
  request('saveExample', column),
  request('trust', nothing),
  request('restartEngine', nothing),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseRequest(message: unknown): RequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  // A key that is there and undefined is not in the table: messages are plain data.
  return parsed.success ? (parsed.data as RequestMessage) : undefined;
}

const adapter = adapterUse.extend({ dir: text, name: text, path: text, detail: text });

const picked = z.object({
  dir: text,
  adapters: z.array(adapter),
  name: text,
  short: text,
  path: text,
  contextLength: z.number(),
});

/** A model as it was written when it could have one adapter. */
const pickedWithOne = z.object({
  ...picked.omit({ adapters: true }).shape,
  adapterDir: text.nullable(),
  adapterPath: text.nullable(),
  adapter: text,
});

const model = z.union([
  picked,
  pickedWithOne.transform(({ adapterDir, adapterPath, adapter: detail, ...own }): PickedModel => {
    if (adapterDir === null) return { ...own, adapters: [] };
    const path = adapterPath ?? adapterDir;
    const only = { dir: adapterDir, name: own.short, path, detail, weight: 1, isOn: true };
    const name = own.name.replace(` + ${own.short}`, '');
    return { ...own, name, short: basename(own.dir), adapters: [only] };
  }),
]);

const alternative = z.object({
  id: whole,
  text,
  probability: z.number(),
  cut: z.enum(['top-k', 'top-p', 'min-p']).optional(),
});

const token = z.object({
  id: whole,
  piece: text,
  shown: text,
  probability: z.number(),
  survivors: z.number(),
  entropy: z.number().nullable(),
  alternatives: z.array(alternative),
  isForced: z.literal(true).optional(),
});

const problem = z.object({ code: text, message: text });
const status = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('waiting') }),
  z.object({
    kind: z.literal('opening'),
    layer: text.nullable(),
    done: z.number(),
    total: z.number(),
  }),
  z.object({ kind: z.literal('streaming') }),
  z.object({
    kind: z.literal('ended'),
    reason: z.enum(['end-token', 'stop', 'length', 'cancelled']),
  }),
  z.object({ kind: z.literal('failed'), problem }),
]);

const outcome = z.object({
  column: id,
  model,
  run: z.object(run),
  sampling,
  promptIds: z.array(whole),
  rendered: text.nullable(),
  status,
  tokens: z.array(token),
  continued: whole,
  text: text.nullable(),
  stats: z
    .object({
      secondsOpening: z.number(),
      secondsToFirst: z.number(),
      tokensPerSecond: z.number(),
      cacheBytes: z.number(),
    })
    .nullable(),
});

const onKnownDevice = z.object({ run: z.object({ device: z.enum(deviceNames) }) });
const onAnyDevice = z.object({ run: z.object({ device: z.string() }) });

/** What was written on a device that this version has no name for is left out, not relabelled. */
const outcomes = z
  .array(z.unknown())
  .transform(all =>
    all.filter(
      each => onKnownDevice.safeParse(each).success || !onAnyDevice.safeParse(each).success,
    ),
  )
  .pipe(z.array(outcome));

const document = z.object({
  mode: z.enum(modes),
  prompt: text,
  system: text,
  message: text,
  sampling,
  sameSeed: z.boolean(),
  columns: z
    .array(
      z.object({
        id,
        model: model.nullable(),
        ...run,
        device: z.enum(deviceNames).catch('cpu'),
      }),
    )
    .min(1)
    .max(MOST_COLUMNS),
  exchanges: z.array(z.object({ id, mode: z.enum(modes), user: text, outcomes })),
});

/** A document as an older version or anybody else may have left it; undefined when it is none. */
export function parseDocument(value: unknown): SandboxDocument | undefined {
  const parsed = document.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

const item = z.object({ id, at: z.number(), title: text, models: z.array(text) });

export const parseItems = (value: unknown) => z.array(item).safeParse(value).data ?? [];
