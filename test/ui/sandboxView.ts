/** The sandbox as a user meets it: prompt, columns, tokens. */
import type { Frame, Page } from 'playwright-core';
import { type Timeout, until, webviewWith } from './workbench';

export async function sandboxView(page: Page, soon?: Timeout): Promise<Frame> {
  return webviewWith(page, '.toolbar input[name="mode"]', soon);
}

/** How each column's text has ended, or goes on. */
export const statuses = (view: Frame): Promise<string[]> =>
  view.locator('.column .status').allInnerTexts();

export const tokensOf = (view: Frame, column = 0): Promise<string[]> =>
  view.locator('.column').nth(column).locator('.token').allInnerTexts();

/** Waits until each of so many columns has come to its end. */
export async function untilWritten(view: Frame, columns: number): Promise<void> {
  await until('the texts are written', async () => {
    const ended = (await statuses(view)).filter(text => /end token|length|stop/.test(text));
    return ended.length === columns && (await view.locator('.caret').count()) === 0;
  });
}

export async function writePrompt(view: Frame, text: string): Promise<void> {
  await view.locator('textarea.prompt-text').fill(text);
  await view.getByText(/^\d+ tokens of \d+$/).waitFor();
}

export async function setNumber(view: Frame, name: string, value: string): Promise<void> {
  await view.locator(`#number-${name}`).fill(value);
  await view.locator(`#number-${name}`).press('Tab');
}
