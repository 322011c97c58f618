/**
 * A view's real bundle in a real browser, with VS Code played around it: its theme, its message
 * channel, its memory. What answers the view is the caller's.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { root } from '../../scripts/project';
import { launchBrowser } from '../../scripts/vscode/launchBrowser';
import { viewHtml } from '../../src/host/viewHtml';
import { bundleForPage } from './bundleForPage';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { openLoopbackChannel } from './loopbackChannel';
import type { PlayedEditor } from './playedEditor';

export interface ViewPageOptions {
  /** Folder in `webview/`. */
  view: string;
  title: string;
  theme?: EditorThemeName;
  size?: { width: number; height: number };
  /** What the view remembers. */
  memory?: unknown;
  /** How many of the view's first messages get lost. */
  lostMessages?: number;
  /** Messages take a quick way instead of the browser's debugger; policy violations go unseen. */
  isQuick?: boolean;
  /** Takes every other message of the view. */
  receive(message: unknown): unknown;
}

export interface ViewPage {
  readonly page: Page;
  /** Errors and policy violations of the page. */
  readonly errors: readonly string[];
  /** Posts a message to the view. */
  deliver(message: unknown): void;
  setTheme(theme: EditorThemeName): Promise<void>;
  /** Settles when no request and no frame is under way. */
  idle(): Promise<void>;
  /** Keeps a picture for people in `artifacts/ui`. */
  picture(name: string): Promise<void>;
  /** Serious and critical violations, as "rule: element". */
  accessibilityProblems(): Promise<string[]>;
  close(): Promise<void>;
}

const ADDRESS = 'http://127.0.0.1:9/';

/** Opens the browser; `open` loads the view, once the caller is ready to answer it. */
export async function openViewPage(
  options: ViewPageOptions,
): Promise<ViewPage & { open(): Promise<void> }> {
  const browser = await launchBrowser(options.size ?? { width: 1200, height: 800 });
  const { page } = browser;
  const errors = collectErrors(page);
  let lost = options.lostMessages ?? 0;
  const receive = (text: string) =>
    lost-- > 0 ? undefined : options.receive(JSON.parse(text, decode));
  const quick = options.isQuick ? await openLoopbackChannel(receive) : undefined;
  if (quick) await bypassPolicy(page);
  else await page.exposeFunction('wrPost', receive);
  const underWay = new Set<Promise<void>>();
  const idle = async () => {
    await Promise.all(underWay);
    await page.evaluate(delivered => window.wrPage.settle(delivered), quick?.delivered);
  };
  return {
    page,
    errors,
    idle,
    open: async () => {
      await openPage(page, options, quick?.address);
      if (!options.lostMessages) await idle();
    },
    deliver: message => {
      const text = JSON.stringify(message, encode);
      if (quick) return quick.deliver(text);
      const sending = page
        .evaluate(sent => window.wrPage.deliver(sent), text)
        .catch(() => undefined) // the page may be gone by now
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
    },
    setTheme: async theme => {
      await page.evaluate(played => window.wrPage.setTheme(played), editorThemes[theme]);
      await idle();
    },
    picture: async name => {
      const path = join(root, 'artifacts', 'ui', `${name}.png`);
      mkdirSync(dirname(path), { recursive: true });
      await idle();
      await page.screenshot({ path });
    },
    accessibilityProblems: () => axeProblems(page),
    close: async () => {
      await browser.close();
      quick?.close();
    },
  };
}

async function bypassPolicy(page: Page): Promise<void> {
  await page.context().grantPermissions(['local-network-access']);
  const session = await page.context().newCDPSession(page);
  await session.send('Page.setBypassCSP', { enabled: true });
}

function collectErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', error => errors.push(error.message));
  return errors;
}

async function openPage(page: Page, options: ViewPageOptions, channel?: string): Promise<void> {
  const { view, title, theme = 'dark', memory = null } = options;
  const played: PlayedEditor = { ...editorThemes[theme], memory, channel };
  const files = await bundleForPage(view);
  const html = viewHtml({
    cspSource: ADDRESS.slice(0, -1),
    script: `${ADDRESS}${view}.js`,
    style: `${ADDRESS}${view}.css`,
    title,
    language: 'en',
  });
  await page.addInitScript(`window.wrEditor = ${JSON.stringify(played)};\n${files.playedEditor}`);
  const served: Record<string, { body: string; contentType: string }> = {
    '/': { body: html, contentType: 'text/html' },
    [`/${view}.js`]: { body: files.script, contentType: 'text/javascript' },
    [`/${view}.css`]: { body: files.style, contentType: 'text/css' },
  };
  await page.route(`${ADDRESS}**`, route =>
    route.fulfill(served[new URL(route.request().url()).pathname] ?? { status: 204 }),
  );
  await page.goto(ADDRESS);
}

const encode = (_: string, value: unknown): unknown =>
  value instanceof ArrayBuffer ? `base64:${Buffer.from(value).toString('base64')}` : value;

const decode = (_: string, value: unknown): unknown =>
  typeof value === 'string' && value.startsWith('base64:')
    ? Uint8Array.from(Buffer.from(value.slice(7), 'base64')).buffer
    : value;

async function axeProblems(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy would refuse the script.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] }),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.html.slice(0, 160)}`));
}
