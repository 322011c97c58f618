/** A Chromium with an empty profile that records what it asks of other machines. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { requireChromium } from './prerequisites';
import { removeFolder } from './removeFolder';

export interface Browser {
  readonly page: Page;
  /** Addresses outside this machine that any page asked for. */
  readonly externalRequests: readonly string[];
  close(): Promise<void>;
}

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A webview's files have an address of their own, which its service worker answers. */
const isWebviewFile = /^https:\/\/[^/]+\.vscode-resource\.vscode-cdn\.net\//;
/** Much is waited for that whole processes do first; on a busy machine they take their time. */
const PATIENCE_MS = 120_000;

const isLocal = /^(https?:\/\/(127\.0\.0\.1|localhost)[:/]|data:|blob:|vscode|chrome)/;

export async function launchBrowser(size = { width: 1280, height: 800 }): Promise<Browser> {
  const executablePath = requireChromium();
  const profile = await mkdtemp(join(tmpdir(), 'weightroom-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: flags,
    viewport: size,
    acceptDownloads: true,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  context.setDefaultNavigationTimeout(PATIENCE_MS);
  const externalRequests: string[] = [];
  context.on('request', request => {
    const url = request.url();
    if (!isLocal.test(url) && !isWebviewFile.test(url)) externalRequests.push(url);
  });
  return {
    page: context.pages()[0] ?? (await context.newPage()),
    externalRequests,
    close: async () => {
      await context.close();
      await removeFolder(profile);
    },
  };
}
