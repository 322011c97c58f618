/** Whose token it is, as the hub says. */
import * as z from 'zod';
import { ProblemError } from '../problem';
import type { HubClient } from './hubClient';
import { hubProblem, networkProblem } from './hubProblems';
import { readBody } from './transport';

const answerSchema = z.object({ name: z.string().min(1).max(200) });
const LONGEST_ANSWER = 1e6;

/** @throws `hub.unauthorized` when it is nobody's, `hub.bad-answer` and those of `HubClient.request` */
export async function whoAmI(client: HubClient, signal?: AbortSignal): Promise<string> {
  const url = client.url('/api/whoami-v2');
  const parsed = answerSchema.safeParse(await askWho(client, url, signal));
  if (parsed.success) return parsed.data.name;
  throw hubProblem('hub.bad-answer', `${url.host} does not say whose token it is.`);
}

async function askWho(client: HubClient, url: URL, signal?: AbortSignal): Promise<unknown> {
  try {
    const answer = await client.request(url, signal && { signal });
    const body = await readBody(answer, LONGEST_ANSWER).catch((error: unknown) => {
      throw networkProblem(url, error);
    });
    return parse(body.toString('utf8'));
  } catch (error) {
    if (!(error instanceof ProblemError) || error.problem.code !== 'hub.unauthorized') throw error;
    throw hubProblem('hub.unauthorized', `${url.host} does not accept this token.`);
  }
}

/** What is no JSON fits no schema. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
