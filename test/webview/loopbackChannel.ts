/**
 * A page's messages over a WebSocket on loopback, which is what VS Code in a browser has between its
 * page and its host; the browser's debugger takes tens of milliseconds. The page's policy has to be
 * bypassed for it.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface LoopbackChannel {
  /** Where the page connects: a message each way is a text. */
  readonly address: string;
  /** To the page that is connected now. */
  readonly delivered: number;
  deliver(text: string): void;
  close(): void;
}

export async function openLoopbackChannel(
  receive: (text: string) => void,
): Promise<LoopbackChannel> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  let page: WebSocket | undefined;
  let delivered = 0;
  server.on('connection', socket => {
    page = socket;
    delivered = 0;
    socket.on('message', (bytes: Buffer) => receive(bytes.toString()));
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    address: `ws://127.0.0.1:${port}/`,
    get delivered() {
      return delivered;
    },
    deliver: text => {
      if (!page) return;
      delivered++;
      page.send(text);
    },
    close: () => {
      page?.terminate();
      server.close();
    },
  };
}
