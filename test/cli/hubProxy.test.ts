/** The hub behind a proxy: real TLS through a real tunnel; the names exist on this machine only. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHubServer } from '../hub/hubServer';
import { openCommandLine } from './commandLine';

const OPENSSL = '/usr/bin/openssl';
const HOST = 'hub.example';

const cli = openCommandLine();
const closing: (() => unknown)[] = [];
const tunnels: string[] = [];
const certificate = join(cli.folder, 'certificate.pem');
let proxy = '';

describe.skipIf(!existsSync(OPENSSL))('a hub behind a proxy (with openssl)', () => {
  beforeAll(async () => {
    const hub = await startHubServer();
    closing.push(() => hub.close());
    hub.addRepo('org/tiny', { 'config.json': '{}' });
    const key = join(cli.folder, 'key.pem');
    execFileSync(
      OPENSSL,
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${HOST}`],
        ...['-addext', `subjectAltName=DNS:${HOST}`, '-keyout', key, '-out', certificate],
      ],
      { stdio: 'ignore' },
    );
    const pem = { key: readFileSync(key), cert: readFileSync(certificate) };
    const hubPort = Number(new URL(hub.endpoint).port);
    const tls = createTlsServer(pem, socket => couple(socket, connect(hubPort, '127.0.0.1')));
    tls.listen(0, '127.0.0.1');
    await once(tls, 'listening');
    closing.push(() => tls.close());
    const server = createServer((_, response) => void response.writeHead(405).end());
    server.on('connect', ({ url = '' }, socket: Socket) => {
      tunnels.push(url);
      const { port } = tls.address() as AddressInfo;
      const target = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        couple(socket, target);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    proxy = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    for (const close of closing) await close();
  });

  const search = (env: Record<string, string>) => {
    const home = join(cli.folder, 'home');
    mkdirSync(home, { recursive: true });
    const hub = { HF_ENDPOINT: `https://${HOST}`, HF_HOME: home, HF_TOKEN: '' };
    const all = { ...hub, NODE_EXTRA_CA_CERTS: certificate, NO_PROXY: '', no_proxy: '', ...env };
    return cli.startWith(all, 'hub', 'search', 'tiny', '--json').finished;
  };

  it.each(['HTTPS_PROXY', 'https_proxy'])('is reached through %s', async name => {
    tunnels.length = 0;
    const { code, stdout, stderr } = await search({ [name]: proxy });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ id: 'org/tiny' });
    expect(tunnels).toEqual([`${HOST}:443`]);
  });

  it('is not asked for there when NO_PROXY names it', async () => {
    tunnels.length = 0;
    const { code } = await search({ HTTPS_PROXY: proxy, NO_PROXY: '.example' });
    expect(code).toBe(1);
    expect(tunnels).toEqual([]);
  });
});

/** What one says, the other hears; when one ends, so does the other. */
function couple(a: Socket, b: Socket): void {
  a.pipe(b).pipe(a);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}
