/** The Runs view, read as a screen reader does: from the spoken label of each row. */
import type { Locator, Page } from 'playwright-core';
import { parseSpokenRun, type ShownRun } from './spokenRun';
import { treeRow, until } from './workbench';

export function runRow(page: Page, name: string): Locator {
  return treeRow(page, 'Runs', `${name},`);
}

/** What the newest run of this name shows; undefined while there is none. */
export async function shownRun(page: Page, name: string): Promise<ShownRun | undefined> {
  const row = runRow(page, name).first();
  if ((await row.count()) === 0) return undefined;
  return parseSpokenRun((await row.getAttribute('aria-label')) ?? '');
}

/** Waits until a run shows what is wanted, wherever `read` looks. */
export async function untilRun(
  wanted: string,
  read: () => Promise<ShownRun | undefined>,
  accepts: (run: ShownRun) => boolean,
): Promise<ShownRun> {
  let shown: ShownRun | undefined;
  await until(`a run ${wanted}`, async () => {
    shown = await read();
    return shown !== undefined && accepts(shown);
  });
  if (shown === undefined) throw new Error('no run');
  return shown;
}
