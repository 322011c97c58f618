/**
 * One HTTP request and its answer, by Node's own client: no redirects, no retries, no decoding. Goes
 * through the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`). Tells how much of a body
 * was sent. Knows nothing of tokens and hubs.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Blob;
  readonly signal?: AbortSignal;
  /** Bytes of the body sent so far. */
  readonly onSent?: (bytes: number) => void;
  /** Given up after so long without a byte in either direction. */
  readonly silenceMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Fails when the connection is cut before its end. Must be read or destroyed. */
  readonly body: IncomingMessage;
}

/** @throws Node's errors, and an AbortError */
export function sendRequest(request: HttpRequest): Promise<HttpAnswer> {
  const { url, method, headers, body, signal, silenceMs } = request;
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const size = body instanceof Blob ? body.size : body?.byteLength;
  const agent = agentFor(url);
  return new Promise((resolve, reject) => {
    const outgoing = send(url, {
      method,
      headers: { ...headers, ...(size !== undefined && { 'content-length': String(size) }) },
      ...(signal && { signal }),
      ...(agent && { agent }),
    });
    outgoing.setTimeout(silenceMs, () =>
      outgoing.destroy(new Error(`nothing was heard for ${Math.round(silenceMs / 1000)} s`)),
    );
    outgoing.once('error', reject);
    outgoing.once('response', answer =>
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer }),
    );
    if (body === undefined) outgoing.end();
    else pipeline(bytesOf(body), counting(request), outgoing).catch(reject);
  });
}

const agents = new Map<string, HttpsProxyAgent<string>>();

/** A tunnel through the proxy, which sees no more than the host's name; plain HTTP stays here. */
function agentFor(url: URL): HttpsProxyAgent<string> | undefined {
  const proxy = url.protocol === 'https:' ? getProxyForUrl(url.href) : '';
  if (proxy === '') return undefined;
  const agent = agents.get(proxy) ?? new HttpsProxyAgent(proxy);
  agents.set(proxy, agent);
  return agent;
}

const bytesOf = (body: Uint8Array | Blob): Readable =>
  body instanceof Blob
    ? Readable.fromWeb(body.stream())
    : Readable.from([body], { objectMode: false });

const counting = ({ onSent }: HttpRequest) =>
  async function* (chunks: AsyncIterable<Uint8Array>) {
    let sent = 0;
    for await (const chunk of chunks) {
      yield chunk;
      sent += chunk.byteLength;
      onSent?.(sent);
    }
  };

/** All of a body that is not too long. @throws RangeError */
export async function readBody({ body }: HttpAnswer, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > most) {
      body.destroy();
      throw new RangeError(`the answer is longer than ${most} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
