/**
 * Requests to the hub and to where it sends us. The token goes to the hub's own origin and nowhere
 * else, whatever a redirect or an answer says; http goes nowhere but to this machine. Repeats what
 * failed for a moment.
 */
import { ownVersion } from '../run/environment';
import { cancelled, hubProblem, networkProblem, refusalOf, shownUrl } from './hubProblems';
import { endpointText, type HubSettings, isAllowed } from './hubSettings';
import { type HttpAnswer, type HttpRequest, readBody, sendRequest } from './transport';

export interface HubRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Blob;
  readonly signal?: AbortSignal;
  readonly onSent?: (bytes: number) => void;
  /** Statuses besides success that the caller understands. */
  readonly accepts?: readonly number[];
  /** Whether it may be sent again when nobody knows if it has arrived. Default: GET and HEAD may. */
  readonly mayRepeat?: boolean;
}

export interface ClientOptions {
  /** Waits; tests need not. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly silenceMs?: number;
  readonly attempts?: number;
}

const MOST_REDIRECTS = 8;
const LONGEST_WAIT_MS = 60_000;
/** Of answers in JSON. */
const LONGEST_ANSWER = 64e6;
const LONGEST_WORDS = 300;
const PASSING = new Set([408, 429, 500, 502, 503, 504]);

export class HubClient {
  private readonly sleep: NonNullable<ClientOptions['sleep']>;
  private readonly silenceMs: number;
  private readonly attempts: number;

  constructor(
    readonly settings: HubSettings,
    { sleep = sleepFor, silenceMs = 60_000, attempts = 5 }: ClientOptions = {},
  ) {
    this.sleep = sleep;
    this.silenceMs = silenceMs;
    this.attempts = attempts;
  }

  /** @param path below the endpoint, with its slash */
  url(path: string): URL {
    return new URL(`${endpointText(this.settings)}${path}`);
  }

  /**
   * The answer after redirects, when it is a success or accepted.
   * @throws `hub.…`
   */
  async request(url: URL, request: HubRequest = {}): Promise<HttpAnswer> {
    if (this.settings.offline)
      throw hubProblem(
        'hub.offline',
        'HF_HUB_OFFLINE is set: only models in the cache can be used.',
      );
    const {
      method = 'GET',
      signal,
      accepts = [],
      mayRepeat = /^(GET|HEAD)$/.test(method),
    } = request;
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt >= this.attempts;
      try {
        const { answer, url: last } = await this.follow(url, request);
        const { status } = answer;
        if ((status >= 200 && status < 300) || accepts.includes(status)) return answer;
        const isPassing = PASSING.has(status) && (mayRepeat || status === 429 || status === 503);
        if (isLast || !isPassing) throw await this.refusal(answer, last);
        answer.body.destroy();
        await this.pause(attempt, answer.headers['retry-after'], signal);
      } catch (error) {
        if (signal?.aborted) throw cancelled();
        if (!isNetworkError(error)) throw error;
        if (isLast || !mayRepeat) throw networkProblem(url, error);
        await this.pause(attempt, undefined, signal);
      }
    }
  }

  /** For repetitions: longer each time, unless the server says how long. */
  async pause(attempt: number, retryAfter?: string, signal?: AbortSignal): Promise<void> {
    const told = secondsOf(retryAfter);
    const ms =
      told === undefined ? 500 * 2 ** (attempt - 1) * (0.75 + Math.random() / 2) : told * 1000;
    await this.wait(Math.min(ms, LONGEST_WAIT_MS), signal);
  }

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    await this.sleep(ms, signal);
    if (signal?.aborted) throw cancelled();
  }

  /**
   * As the global `fetch`, for libraries that take one. Throws problems where that would give an
   * answer that is no success.
   */
  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const { method = 'GET', body, signal } = init;
    if (method === 'GET' && url.origin !== this.settings.endpoint.origin)
      throw hubProblem(
        'hub.unsafe-redirect',
        `The hub sends us to ${shownUrl(url)} for its own list.`,
      );
    const answer = await this.request(url, {
      method,
      headers: Object.fromEntries(new Headers(init.headers)),
      ...(body !== undefined && body !== null && { body: bodyOf(body) }),
      ...(signal && { signal }),
      ...progressOf(init),
      mayRepeat: method !== 'POST' || !/\/(commit|repos\/create)\b/.test(url.pathname),
    });
    try {
      const bytes = await readBody(answer, LONGEST_ANSWER);
      const headers = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
      const hasBody = answer.status !== 204 && answer.status !== 304;
      return new Response(hasBody ? bytes : null, {
        status: answer.status,
        headers: headers as [string, string][],
      });
    } catch (error) {
      if (signal?.aborted) throw cancelled();
      throw networkProblem(url, error);
    }
  };

  private async follow(first: URL, request: HubRequest): Promise<{ answer: HttpAnswer; url: URL }> {
    let url = first;
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const answer = await sendRequest(this.confined(url, request));
      const next = nextUrl(url, answer);
      if (!next) return { answer, url };
      answer.body.destroy();
      const isRead = /^(GET|HEAD)$/.test(request.method ?? 'GET');
      if (!isRead && (next.origin !== url.origin || ![307, 308].includes(answer.status)))
        throw hubProblem(
          'hub.unsafe-redirect',
          `${shownUrl(url)} wants to pass on what is written.`,
        );
      url = next;
    }
    throw hubProblem('hub.unsafe-redirect', `${shownUrl(first)} sends us round in circles.`);
  }

  /** The one place where the token is put into a request. */
  private confined(url: URL, { method = 'GET', headers, ...rest }: HubRequest): HttpRequest {
    const { endpoint, token } = this.settings;
    const isAllowedHere =
      isAllowed(url) && (url.protocol === 'https:' || endpoint.protocol === 'http:');
    if (!isAllowedHere || url.username !== '')
      throw hubProblem(
        'hub.unsafe-redirect',
        `The hub sends us to ${shownUrl(url)}, which is not encrypted; nothing was sent there.`,
      );
    const given = Object.entries(headers ?? {}).filter(([name]) => !/^authorization$/i.test(name));
    const isOurs = url.origin === endpoint.origin;
    return {
      ...rest,
      method,
      url,
      silenceMs: this.silenceMs,
      headers: {
        ...Object.fromEntries(
          given.map(([name, value]): [string, string] => [name.toLowerCase(), value]),
        ),
        'user-agent': `weightroom/${ownVersion()}`,
        'accept-encoding': 'identity',
        ...(isOurs && token !== undefined && { authorization: `Bearer ${token}` }),
      },
    };
  }

  private async refusal(answer: HttpAnswer, url: URL): Promise<Error> {
    const hasToken = this.settings.token !== undefined;
    const { status, headers } = answer;
    const said = this.withoutToken(await wordsOf(answer));
    return refusalOf({ status, headers, said, url, hasToken });
  }

  /** A server may repeat what it was sent. */
  private withoutToken(text: string): string {
    const { token } = this.settings;
    return token === undefined ? text : text.replaceAll(token, '…');
  }
}

const REDIRECTS = [301, 302, 303, 307, 308];

function nextUrl(url: URL, { status, headers: { location } }: HttpAnswer): URL | undefined {
  if (!REDIRECTS.includes(status) || location === undefined) return undefined;
  if (URL.canParse(location, url.href)) return new URL(location, url);
  throw hubProblem('hub.unsafe-redirect', `${shownUrl(url)} sends us to no address.`);
}

/** What the server says, for people: JSON's `error` or plain text, on one line. */
async function wordsOf(answer: HttpAnswer): Promise<string> {
  const header = answer.headers['x-error-message'];
  if (typeof header === 'string') {
    answer.body.destroy();
    return cut(header);
  }
  try {
    const text = (await readBody(answer, 1 << 16)).toString('utf8');
    const json = /^\s*\{/.test(text) ? (JSON.parse(text) as { error?: unknown }) : undefined;
    if (json) return typeof json.error === 'string' ? cut(json.error) : '';
    return /^\s*</.test(text) ? '' : cut(text);
  } catch {
    return ''; // the status says enough
  }
}

const cut = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_WORDS);

const isNetworkError = (error: unknown): boolean =>
  error instanceof Error && error.name !== 'ProblemError' && 'code' in error
    ? !String(error.code).startsWith('ERR_INVALID')
    : error instanceof Error && /nothing was heard|socket hang up|aborted/.test(error.message);

/** `Retry-After`: seconds or a date. */
function secondsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}

function bodyOf(body: NonNullable<RequestInit['body']>): Uint8Array | Blob {
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (body instanceof Blob || body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError('Only text, bytes and blobs are sent to the hub.');
}

/** Where @huggingface/hub wants to be told how much of a file was sent. */
function progressOf(init: object): Pick<HubRequest, 'onSent'> {
  const { progressHint, body } = init as {
    progressHint?: { progressCallback?: (share: number) => void };
    body?: unknown;
  };
  const tell = progressHint?.progressCallback;
  if (!tell || !(body instanceof Blob)) return {};
  return { onSent: bytes => tell(body.size === 0 ? 1 : bytes / body.size) };
}

function sleepFor(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end);
  });
}
