/** VS Code's workbench as a user sees it: palette, views, editors, lenses, webviews. */
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Frame, Locator, Page } from 'playwright-core';

/** Long enough for a machine that does much else; nothing here measures. */
const patience = 120_000;

/**
 * Waits until VS Code knows what the extension contributes. Its icon says less: that is drawn from
 * the window before. A file that is opened too early gets VS Code's own editor, which its history
 * then asks for again each time.
 */
export async function untilReady(page: Page): Promise<void> {
  await page.waitForSelector('.monaco-workbench .part.statusbar', { timeout: patience });
  const title = 'Weightroom: Open Sandbox';
  await persist('the commands are known', soon => find(page, 'F1', `>${title}`, title, soon));
  await page.keyboard.press('Escape');
}

/**
 * Shows the Weightroom container in the side bar. Not with its icon, which hides what is shown: after
 * a reload nobody knows when the workbench restores it.
 */
export async function openContainer(page: Page): Promise<void> {
  await runCommand(page, 'View: Show Weightroom');
  const title = page.locator('.part.sidebar .composite.title h2', { hasText: /weightroom/i });
  await title.waitFor({ timeout: patience });
}

/**
 * VS Code in a browser writes down every five seconds what is open, once it has nothing else to do;
 * what is newer is lost.
 */
const SAVED_MS = 12_000;

/** @param keepsEditors waits before until VS Code will remember what is open now */
export async function reloadWindow(
  page: Page,
  { keepsEditors = false }: { keepsEditors?: boolean } = {},
): Promise<void> {
  if (keepsEditors) await page.waitForTimeout(SAVED_MS);
  await page.reload({ waitUntil: 'domcontentloaded' });
  await untilReady(page);
}

/** Waits for a moment until nothing opens, closes or loads, as a picture wants it. */
export async function untilCalm(page: Page): Promise<void> {
  const busy = page.locator('.quick-input-widget, .monaco-progress-container.active');
  const isCalm = async () => (await busy.filter({ visible: true }).count()) === 0;
  await tries(until('nothing moves', isCalm, 5000));
}

function quickInput(page: Page): Locator {
  return page.locator('.quick-input-widget');
}

/** Runs a command by its title, as from the palette. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await persist(`${title} is chosen`, soon => choose(page, 'F1', `>${title}`, title, soon));
}

/** By its whole path: a run keeps a copy of its config, which a search finds as well. */
export async function openFile(page: Page, path: string): Promise<void> {
  const name = basename(path);
  const tab = page.locator(`.tab.active[data-resource-name="${name}"]`);
  await persist(`${name} is open`, async soon => {
    await choose(page, 'Control+p', path, name, soon);
    await tab.waitFor(soon);
  });
}

/** Takes what it finds. By key: rows move under a pointer while results come in. */
async function choose(...what: Parameters<typeof find>): Promise<void> {
  const [page, , typed, , soon] = what;
  await find(...what);
  await enter(page, typed, soon);
}

/** Presses Enter in the quick pick, wherever the focus is, and waits until it is taken. */
export async function enter(page: Page, typed: string, soon?: Timeout): Promise<void> {
  const box = quickInput(page).locator('.quick-input-box input');
  await box.press('Enter', soon);
  await until(
    'Enter is taken',
    async () => !(await box.isVisible()) || (await box.inputValue()) !== typed,
  );
}

/**
 * Opens the quick pick with a key, types, and waits until the row that has the focus is the one whose
 * label begins so.
 */
async function find(
  page: Page,
  key: string,
  typed: string,
  label: string,
  soon: Timeout,
): Promise<void> {
  const input = quickInput(page);
  await page.keyboard.press('Escape');
  await page.keyboard.press(key);
  await input.locator('.quick-input-box input').fill(typed, soon);
  const row = input.locator(`.quick-input-list .monaco-list-row.focused[aria-label^="${label}"]`);
  await row.waitFor(soon);
}

/**
 * Tries again what may be lost: a key is, while the workbench is busy. Each attempt waits longer
 * than the one before, so that a slow machine comes to its end as well.
 */
export async function persist(
  what: string,
  attempt: (soon: Timeout) => Promise<void>,
): Promise<void> {
  const end = Date.now() + patience;
  for (let timeout = 2000; ; timeout = Math.min(2 * timeout, 30_000)) {
    try {
      return await attempt({ timeout });
    } catch (cause) {
      if (Date.now() > end) throw new Error(tooLate(what, patience), { cause });
    }
  }
}

const tooLate = (what: string, patienceMs: number): string =>
  `Not within ${patienceMs / 1000} s: ${what}`;

/**
 * Chooses from the context menu of a row, again until what follows is there: rows move while they are
 * read anew, and a menu that was opened on another goes away.
 */
export async function chooseFromMenu(
  row: Locator,
  entry: string,
  follows: (soon: Timeout) => Promise<unknown>,
): Promise<void> {
  const page = row.page();
  await persist(`${entry} is chosen`, async soon => {
    await page.keyboard.press('Escape');
    await chooseOnce(row, entry, soon);
    await follows(soon);
  });
}

/** A menu takes no click in its first 100 ms, so that the press which opened it chooses nothing. */
const MENU_RESTS_MS = 300;

/** Chooses from the context menu of a row; fails when the choice is not taken. */
export async function chooseOnce(row: Locator, entry: string, soon: Timeout): Promise<void> {
  const page = row.page();
  await row.click({ button: 'right', ...soon });
  const item = page.locator('.context-view').getByText(entry, { exact: true });
  await item.waitFor(soon);
  await page.waitForTimeout(MENU_RESTS_MS);
  await item.click(soon);
  // Not too soon: what is chosen twice is done twice.
  await item.waitFor({ state: 'hidden', timeout: Math.max(soon.timeout, 10_000) });
}

export interface Timeout {
  timeout: number;
}

/** Whether it succeeds. */
async function tries(action: Promise<unknown>): Promise<boolean> {
  return action.then(
    () => true,
    () => false,
  );
}

/** A view of the side bar by its title. */
export function pane(page: Page, title: string): Locator {
  return page.locator('.pane', {
    has: page.locator(`.pane-header[aria-label^="${title}"]`),
  });
}

/** A row of a tree view by the beginning of its label for screen readers. */
export function treeRow(page: Page, view: string, label: string): Locator {
  return pane(page, view).locator(`.monaco-list-row[aria-label^="${label}"]`);
}

export function codeLens(page: Page, title: string | RegExp): Locator {
  return page.locator('.codelens-decoration a', { hasText: title });
}

export function notification(page: Page, text: string | RegExp): Locator {
  return page.locator('.notification-toast', { hasText: text });
}

export function dialog(page: Page): Locator {
  return page.locator('.monaco-dialog-box');
}

export function statusBarItem(page: Page, text: string | RegExp): Locator {
  return page.locator('.part.statusbar .statusbar-item', { hasText: text });
}

/** The document of the webview that contains an element; it is two frames deep. */
export async function webviewWith(
  page: Page,
  selector: string,
  { timeout }: Timeout = { timeout: patience },
): Promise<Frame> {
  const end = Date.now() + timeout;
  for (;;) {
    for (const frame of page.frames()) {
      if (await answers(shows(frame, selector), 2000)) return frame;
    }
    if (Date.now() > end) throw new Error(`No webview contains ${selector}.`);
    await delay(100);
  }
}

async function shows(frame: Frame, selector: string): Promise<boolean> {
  try {
    const element = await frame.frameElement();
    if ((await element.getAttribute('id')) !== 'active-frame') return false;
    return (await frame.locator(selector).count()) > 0;
  } catch {
    return false; // the frame went away, or is the page itself
  }
}

/** Asking a frame that is being replaced may never be answered. */
async function answers(question: Promise<boolean>, patienceMs = 30_000): Promise<boolean> {
  return Promise.race([question, delay(patienceMs, false)]);
}

/** Waits until a condition holds: for what no element shows. What is not there yet may throw. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  patienceMs = patience,
): Promise<void> {
  const end = Date.now() + patienceMs;
  let cause: unknown;
  const asked = async () => {
    try {
      return await holds();
    } catch (error) {
      cause = error;
      return false;
    }
  };
  while (!(await answers(asked()))) {
    if (Date.now() > end) throw new Error(tooLate(what, patienceMs), { cause });
    await delay(100);
  }
}
