/** The closed table of what the view of a trace may ask for. Nothing else gets any further. */
import * as z from 'zod';
import type { AgentRequestMessage } from '../../../protocol/agentView';
import { isTooBig } from '../../messageSize';

const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const nothing = z.null();

const request = <Name extends string, Params extends z.ZodType>(name: Name, params: Params) =>
  z.strictObject({ id: index, request: z.literal(name), params });

const table = z.discriminatedUnion('request', [
  request('ready', nothing),
  request('stop', nothing),
  request('askAgain', nothing),
  request('openInSandbox', z.strictObject({ step: index })),
  request('saveExample', z.strictObject({ answer: z.string() })),
  request('saveTrace', nothing),
  request('copy', z.strictObject({ text: z.string() })),
  request('trust', nothing),
]);

/** The request in a message of the view; undefined when it is none or too big. */
export function parseAgentRequest(message: unknown): AgentRequestMessage | undefined {
  if (isTooBig(message)) return undefined;
  const parsed = table.safeParse(message);
  return parsed.success ? parsed.data : undefined;
}
