/**
 * A hub on this machine: the parts of Hugging Face's HTTP interface that are used, over real sockets,
 * with a second server for contents, as the hub has. Does wrong what a test asks for.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  readonly server: 'hub' | 'cdn';
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What goes wrong with one request. */
export interface Fault {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** Cuts the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Sends everything whatever range was asked for. */
  readonly ignoresRange?: boolean;
  /** Gives at most so many bytes of a range at a time. */
  readonly partBytes?: number;
  /** Other contents than promised. */
  readonly contents?: Buffer;
  /** Accepts and never answers. */
  readonly silent?: boolean;
}

export interface Repo {
  readonly id: string;
  commit: string;
  readonly files: Map<string, Buffer>;
  /** Only for the token. */
  isPrivate?: boolean;
  isGated?: boolean;
  downloads?: number;
}

export interface HubServer {
  readonly endpoint: string;
  readonly cdn: string;
  readonly repos: Map<string, Repo>;
  readonly seen: Seen[];
  /** Asked for each request; what it returns goes wrong. */
  fault: (request: Seen) => Fault | undefined;
  /** Entries of a list at a time. */
  pageSize: number;
  /** Who may see private models, and write. */
  token: string;
  /** Uploads come in parts of so many bytes, or whole. */
  partBytes: number | undefined;
  addRepo(id: string, files: Record<string, string | Buffer>, facts?: Partial<Repo>): Repo;
  /** Changes what the tree of a repository says. */
  editTree: (entries: TreeEntry[]) => unknown[];
  close(): Promise<void>;
}

export interface TreeEntry {
  type: string;
  path: string;
  size: number;
  oid: string;
  lfs?: { oid: string; size: number; pointerSize: number };
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
export const gitSha1 = (bytes: Buffer): string =>
  createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
const isLarge = (path: string): boolean => /\.(safetensors|bin|gguf)$/.test(path);

export async function startHubServer(): Promise<HubServer> {
  const servers: Server[] = [];
  const stored = new Map<string, Buffer>();
  const parts = new Map<string, Buffer>();
  const sockets = new Set<{ destroy(): void }>();

  const listen = async (
    answer: (seen: Seen, response: ServerResponse) => void,
    name: Seen['server'],
  ) => {
    const server = createServer((request, response) => {
      void readAll(request).then(body => {
        const { method = '', url = '', headers } = request;
        const seen: Seen = { server: name, method, path: url, headers, body };
        hub.seen.push(seen);
        const fault = hub.fault(seen);
        if (fault?.silent) return;
        if (fault?.status !== undefined) {
          response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
          return;
        }
        answer(seen, faulty(response, fault));
      });
    });
    server.on('connection', socket => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const faults = new WeakMap<ServerResponse, Fault>();
  const faulty = (response: ServerResponse, fault: Fault | undefined): ServerResponse => {
    if (fault) faults.set(response, fault);
    return response;
  };

  const json = (response: ServerResponse, status: number, value: unknown, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
  const refuse = (response: ServerResponse, status: number, code: string, error: string) =>
    json(response, status, { error }, { 'x-error-code': code });

  const isSignedIn = ({ headers }: Seen) => headers.authorization === `Bearer ${hub.token}`;

  /** The repository, if this one may see it; else it has been answered. */
  const repoFor = (seen: Seen, response: ServerResponse, id: string): Repo | undefined => {
    const repo = hub.repos.get(id);
    if (!repo || (repo.isPrivate && !isSignedIn(seen))) {
      refuse(response, isSignedIn(seen) ? 404 : 401, 'RepoNotFound', 'Repository not found');
      return undefined;
    }
    if (repo.isGated && !isSignedIn(seen)) {
      refuse(response, 401, 'GatedRepo', `Access to model ${id} is restricted.`);
      return undefined;
    }
    return repo;
  };

  const page = (response: ServerResponse, seen: Seen, all: unknown[]) => {
    const url = new URL(seen.path, hub.endpoint);
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const next = from + hub.pageSize;
    url.searchParams.set('cursor', String(next));
    const link = next < all.length ? { link: `<${url.href}>; rel="next"` } : {};
    json(response, 200, all.slice(from, next), link);
  };

  const treeOf = (repo: Repo): TreeEntry[] => {
    const folders = new Set(
      [...repo.files.keys()].flatMap(path =>
        path
          .split('/')
          .slice(0, -1)
          .map((_, i, all) => all.slice(0, i + 1).join('/')),
      ),
    );
    const directories = [...folders].map(path => ({
      type: 'directory',
      path,
      size: 0,
      oid: gitSha1(Buffer.from(path)),
    }));
    const files = [...repo.files].map(([path, bytes]): TreeEntry => {
      const file = { type: 'file', path, size: bytes.length, oid: gitSha1(bytes) };
      if (!isLarge(path)) return file;
      return { ...file, lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } };
    });
    return [...directories, ...files];
  };

  const answerHub = (seen: Seen, response: ServerResponse) => {
    const url = new URL(seen.path, hub.endpoint);
    const path = decodeURIComponent(url.pathname);
    const route = `${seen.method} ${path}`;
    let match: RegExpExecArray | null;
    if (route === 'GET /api/models') {
      const words = (url.searchParams.get('search') ?? '').toLowerCase();
      const models = [...hub.repos.values()].filter(
        ({ id, isPrivate }) => id.toLowerCase().includes(words) && (!isPrivate || isSignedIn(seen)),
      );
      const found = models.map(({ id, isGated, isPrivate, downloads = 0 }) => ({
        _id: id,
        id,
        downloads,
        likes: 1,
        private: isPrivate ?? false,
        gated: isGated ? 'manual' : false,
        pipeline_tag: 'text-generation',
        lastModified: '2026-01-02T03:04:05.000Z',
        safetensors: { parameters: { F32: 1000 }, total: 1000 },
      }));
      return page(
        response,
        seen,
        found.sort((a, b) => b.downloads - a.downloads),
      );
    }
    if ((match = /^GET \/api\/models\/(.+)\/revision\/([^/]+)$/.exec(route))) {
      const repo = repoFor(seen, response, match[1]!);
      if (!repo) return;
      if (!['main', 'HEAD', repo.commit].includes(match[2]!))
        return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${match[2]}`);
      return json(response, 200, {
        _id: repo.id,
        id: repo.id,
        sha: repo.commit,
        downloads: 0,
        likes: 0,
        private: false,
        gated: false,
        lastModified: '2026-01-02T03:04:05.000Z',
      });
    }
    if ((match = /^GET \/api\/models\/(.+)\/tree\/([0-9a-f]{40})$/.exec(route))) {
      const repo = repoFor(seen, response, match[1]!);
      return repo && page(response, seen, hub.editTree(treeOf(repo)));
    }
    if ((match = /^(?:GET|HEAD) \/(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(route))) {
      const repo = repoFor(seen, response, match[1]!);
      if (!repo) return;
      const name = match[3]!;
      const bytes = repo.files.get(name);
      if (!bytes) return refuse(response, 404, 'EntryNotFound', 'Entry not found');
      const facts = { 'x-repo-commit': repo.commit };
      if (!isLarge(name)) return sendBytes(seen, response, bytes, `"${gitSha1(bytes)}"`, facts);
      stored.set(sha256(bytes), bytes);
      response.writeHead(302, {
        ...facts,
        location: `${hub.cdn}/blobs/${sha256(bytes)}?X-Signature=presigned-secret`,
        'x-linked-size': String(bytes.length),
        'x-linked-etag': `"${sha256(bytes)}"`,
      });
      return response.end();
    }
    if (!isSignedIn(seen)) return refuse(response, 401, '', 'Invalid username or password.');
    return answerWriter(seen, response, route);
  };

  const answerWriter = (seen: Seen, response: ServerResponse, route: string) => {
    let match: RegExpExecArray | null;
    const body = () => JSON.parse(seen.body.toString()) as Record<string, unknown>;
    if (route === 'GET /api/whoami-v2')
      return json(response, 200, { name: 'tester', type: 'user' });
    if (route === 'POST /api/repos/create') {
      const { organization, name, visibility } = body() as Record<string, string>;
      const id = `${organization}/${name}`;
      if (hub.repos.has(id))
        return refuse(response, 409, '', 'You already created this model repo');
      hub.addRepo(id, {}, { isPrivate: visibility === 'private' });
      return json(response, 200, { url: `${hub.endpoint}/${id}`, id });
    }
    if ((match = /^POST \/api\/models\/(.+)\/preupload\/([^/]+)$/.exec(route))) {
      if (!repoFor(seen, response, match[1]!)) return;
      const { files } = body() as { files: { path: string }[] };
      const modes = files.map(({ path }) => ({
        path,
        uploadMode: isLarge(path) ? 'lfs' : 'regular',
      }));
      return json(response, 200, { files: modes });
    }
    if ((match = /^POST \/(.+)\.git\/info\/lfs\/objects\/batch$/.exec(route))) {
      const { objects } = body() as { objects: { oid: string; size: number }[] };
      return json(response, 200, {
        transfer: hub.partBytes ? 'multipart' : 'basic',
        objects: objects.map(lfsObject),
      });
    }
    if ((match = /^POST \/api\/models\/(.+)\/commit\/([^/]+)$/.exec(route))) {
      const repo = repoFor(seen, response, match[1]!);
      if (!repo) return;
      for (const line of seen.body.toString().trim().split('\n')) {
        const { key, value } = JSON.parse(line) as { key: string; value: Record<string, string> };
        if (key === 'file') repo.files.set(value.path!, Buffer.from(value.content!, 'base64'));
        if (key === 'lfsFile') {
          const bytes = stored.get(value.oid!);
          if (!bytes) return refuse(response, 400, '', `LFS object ${value.oid} is not there`);
          repo.files.set(value.path!, bytes);
        }
      }
      repo.commit = createHash('sha1').update(`${repo.commit}${Date.now()}`).digest('hex');
      const commit = {
        commitOid: repo.commit,
        commitUrl: `${hub.endpoint}/${repo.id}/commit/${repo.commit}`,
      };
      return json(response, 200, { ...commit, hookOutput: '', success: true });
    }
    return refuse(response, 404, '', 'Not found');
  };

  const lfsObject = ({ oid, size }: { oid: string; size: number }) => {
    if (stored.has(oid)) return { oid, size };
    const href = `${hub.cdn}/lfs/${oid}?X-Signature=presigned-secret`;
    if (!hub.partBytes) return { oid, size, actions: { upload: { href } } };
    const count = Math.ceil(size / hub.partBytes);
    const numbers = Array.from({ length: count }, (_, i) => String(i + 1).padStart(5, '0'));
    const urls = numbers.map(number => [
      number,
      `${hub.cdn}/part/${oid}/${number}?X-Signature=presigned-secret`,
    ]);
    return {
      oid,
      size,
      actions: {
        upload: {
          href: `${hub.cdn}/complete/${oid}?X-Signature=presigned-secret`,
          header: { chunk_size: String(hub.partBytes), ...Object.fromEntries(urls) },
        },
      },
    };
  };

  const answerCdn = (seen: Seen, response: ServerResponse) => {
    const [, kind = '', oid = '', part = ''] = new URL(seen.path, hub.cdn).pathname.split('/');
    if (kind === 'blobs') {
      const bytes = stored.get(oid);
      if (bytes) return sendBytes(seen, response, bytes, `"${oid}"`, {});
    }
    if (kind === 'lfs' && seen.method === 'PUT') {
      if (sha256(seen.body) !== oid) return response.writeHead(400).end('wrong contents');
      stored.set(oid, seen.body);
      return response.writeHead(200).end();
    }
    if (kind === 'part' && seen.method === 'PUT') {
      parts.set(`${oid}/${part}`, seen.body);
      return response.writeHead(200, { etag: `"${part}"` }).end();
    }
    if (kind === 'complete' && seen.method === 'POST') {
      const { parts: list } = JSON.parse(seen.body.toString()) as {
        parts: { partNumber: number }[];
      };
      const bytes = Buffer.concat(
        list.map(({ partNumber }) => parts.get(`${oid}/${String(partNumber).padStart(5, '0')}`)!),
      );
      if (sha256(bytes) !== oid) return response.writeHead(400).end('wrong contents');
      stored.set(oid, bytes);
      return response.writeHead(200).end('{}');
    }
    return response.writeHead(404).end('NoSuchKey');
  };

  const sendBytes = (
    { headers, method }: Seen,
    response: ServerResponse,
    promised: Buffer,
    etag: string,
    facts: Record<string, string>,
  ) => {
    const fault = faults.get(response) ?? {};
    const bytes = fault.contents ?? promised;
    const asked = fault.ignoresRange ? undefined : /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
    const isFresh = headers['if-range'] === undefined || headers['if-range'] === etag;
    const from = asked !== undefined && isFresh ? Number(asked) : 0;
    if (from > 0 && from >= bytes.length)
      return response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    const isPartial = from > 0 || fault.partBytes !== undefined;
    const to = Math.min(bytes.length, from + (fault.partBytes ?? bytes.length));
    const body = bytes.subarray(from, to);
    response.writeHead(isPartial ? 206 : 200, {
      ...facts,
      etag,
      'accept-ranges': 'bytes',
      'content-length': String(body.length),
      ...(isPartial && { 'content-range': `bytes ${from}-${to - 1}/${bytes.length}` }),
    });
    if (method === 'HEAD') return response.end();
    if (fault.cutAfter === undefined || fault.cutAfter >= body.length) return response.end(body);
    return response.write(body.subarray(0, fault.cutAfter), () => response.destroy());
  };

  const hub: HubServer = {
    endpoint: '',
    cdn: '',
    repos: new Map(),
    seen: [],
    fault: () => undefined,
    pageSize: 1000,
    token: 'hf_canary0123456789',
    partBytes: undefined,
    editTree: entries => entries,
    addRepo(id, files, facts = {}) {
      const contents = Object.entries(files).map(([path, bytes]): [string, Buffer] => [
        path,
        Buffer.from(bytes),
      ]);
      const commit = createHash('sha1').update(id).digest('hex');
      const repo: Repo = { id, commit, files: new Map(contents), ...facts };
      hub.repos.set(id, repo);
      return repo;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
    },
  };
  const endpoint = await listen(answerHub, 'hub');
  const cdn = await listen(answerCdn, 'cdn');
  return Object.assign(hub, { endpoint, cdn });
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
