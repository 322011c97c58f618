/**
 * Where the hub is, where its cache is and who we are: from the environment variables that Hugging
 * Face's own tools read. Sends nothing.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists, readText } from '../files/readFile';
import { fail } from '../problem';

export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: URL;
  /** Sent to the endpoint's origin and to nobody else. */
  readonly token?: string;
  /** The folder of `models--org--name` folders. */
  readonly cacheDir: string;
  /** Sends nothing: only what is in the cache can be had. */
  readonly offline: boolean;
  /** The cache gets copies instead of symbolic links. */
  readonly copies: boolean;
}

export const DEFAULT_ENDPOINT = 'https://huggingface.co';

type Environment = Readonly<Record<string, string | undefined>>;

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? '');

/**
 * `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`, `HF_HUB_OFFLINE`, `HF_TOKEN`, …
 * @throws `hub.bad-endpoint`, `hub.bad-token`
 */
export function hubSettings(env: Environment, fs: FileSystem = disk): HubSettings {
  const token = tokenOf(env, fs);
  return {
    endpoint: parseEndpoint(env.HF_ENDPOINT || DEFAULT_ENDPOINT),
    ...(token !== undefined && { token }),
    cacheDir: cacheDirOf(env),
    offline: isTrue(env.HF_HUB_OFFLINE) || isTrue(env.TRANSFORMERS_OFFLINE),
    copies: isTrue(env.HF_HUB_DISABLE_SYMLINKS),
  };
}

/** `HF_HUB_CACHE`, else `hub` in Hugging Face's folder. */
export const cacheDirOf = (env: Environment): string =>
  env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(homeOf(env), 'hub');

const homeOf = (env: Environment): string =>
  env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');

/** `HF_TOKEN`, else the file that `hf auth login` writes. */
function tokenOf(env: Environment, fs: FileSystem): string | undefined {
  const given = env.HF_TOKEN ?? env.HUGGING_FACE_HUB_TOKEN;
  if (given !== undefined) return checkToken(given.trim(), 'HF_TOKEN');
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const file = env.HF_TOKEN_PATH || join(homeOf(env), 'token');
  return exists(fs, file) ? checkToken(readText(fs, file).trim(), file) : undefined;
}

/** What would break a header, or is no token at all, is not sent. The token itself is never told. */
export function checkToken(token: string, from: string): string | undefined {
  if (token === '') return undefined;
  if (/^[\x21-\x7e]{1,1000}$/.test(token)) return token;
  return fail('hub.bad-token', `${from} holds something that is no access token.`);
}

/**
 * @throws `hub.bad-endpoint` for anything but https; http only to this very machine
 */
export function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && isAllowed(url) && url.username === '' && url.search === '' && url.hash === '') {
    url.pathname = url.pathname.replace(/\/+$/, '');
    return url;
  }
  return fail(
    'hub.bad-endpoint',
    `"${text.slice(0, 100)}" cannot be the hub: write https://host, or http://localhost:port for tests.`,
  );
}

/** https anywhere; http only on this machine, where nobody listens in. */
export const isAllowed = (url: URL): boolean =>
  url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

/** `https://huggingface.co` as text, with the path of a mirror. */
export const endpointText = ({ endpoint }: HubSettings): string =>
  endpoint.href.replace(/\/+$/, '');
