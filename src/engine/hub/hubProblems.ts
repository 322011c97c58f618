/** What a hub's answers and failures mean, as problems that say what to do. Holds no secrets back itself: callers give none. */
import type { IncomingHttpHeaders } from 'node:http';
import { ProblemError } from '../problem';

export const hubProblem = (code: string, message: string): ProblemError =>
  new ProblemError({ code, severity: 'error', message, where: {} });

/** A URL without what may be secret in it: presigned addresses carry their right to be used. */
export const shownUrl = ({ protocol, host, pathname }: URL): string =>
  `${protocol}//${host}${pathname}`;

interface Refusal {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What the server says, already cut. */
  readonly said: string;
  readonly url: URL;
  readonly hasToken: boolean;
}

const SIGN_IN =
  'Sign in: set HF_TOKEN, or run "hf auth login", or "Sign In to the Hub" in VS Code.';

/** A problem for an answer that is no success. */
export function refusalOf({ status, headers, said, url, hasToken }: Refusal): ProblemError {
  const reason = String(headers['x-error-code'] ?? '');
  const words = said === '' ? '' : ` The server says: ${said}`;
  const what = shownUrl(url);
  const at = (code: string, message: string) => hubProblem(code, `${message}${words}`);
  if (reason === 'GatedRepo')
    return at(
      'hub.gated',
      `${what} may be read only by those who accepted its conditions on its page.${hasToken ? '' : ` ${SIGN_IN}`}`,
    );
  if (reason === 'RevisionNotFound') return at('hub.no-revision', `${what}: no such revision.`);
  switch (status) {
    case 401:
      return at(
        'hub.unauthorized',
        hasToken
          ? `${what}: the token is not accepted, or there is no such model.`
          : `${what}: there is no such model, or only some may see it. ${SIGN_IN}`,
      );
    case 403:
      return at(
        'hub.forbidden',
        `${what}: ${hasToken ? 'this token does not allow it; writing needs a token with the write role.' : `not without a token. ${SIGN_IN}`}`,
      );
    case 404:
      return at('hub.not-found', `${what}: not found. Check the name, and who may see it.`);
    case 409:
      return at('hub.conflict', `${what}: it exists already, or was changed meanwhile.`);
    case 429:
      return at('hub.rate-limited', `${what}: too many requests. Wait some minutes and try again.`);
  }
  if (status >= 500)
    return at('hub.server', `${what}: the hub has a problem (${status}). Try again later.`);
  return at('hub.refused', `${what}: refused with status ${status}.`);
}

/** A connection that failed: whether the machine was not found, refused, or fell silent. */
export function networkProblem(url: URL, error: unknown): ProblemError {
  const errno = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    ENOTFOUND: 'there is no such host, or no network',
    EAI_AGAIN: 'its name cannot be looked up; is there a network?',
    ECONNREFUSED: 'nobody listens there',
    ECONNRESET: 'the connection was cut',
    EPIPE: 'the connection was cut',
    ETIMEDOUT: 'it does not answer',
    EHOSTUNREACH: 'it cannot be reached',
    ENETUNREACH: 'there is no network',
  };
  const isTls = /^(ERR_TLS|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)/.test(errno);
  const message = error instanceof Error ? error.message : String(error);
  const reason = isTls ? `its certificate is not trusted (${errno})` : (reasons[errno] ?? message);
  return hubProblem('hub.network', `${url.host}: ${reason}.`);
}

export const cancelled = (): ProblemError =>
  hubProblem('hub.cancelled', 'Cancelled. What was downloaded is kept and continued next time.');
