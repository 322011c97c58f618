/** The sandbox's view as its user works with it: what is typed, clicked, chosen and read. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import type { PickedModel } from '../../src/protocol/sandboxView';
import { modelAt, sandboxLab, type SandboxLab } from './sandboxLab';
import { trainedModels } from './trainedModels';

export const PROMPT =
  '### Question:\nMia has 4 bags with 6 pens in each. How many pens does Mia have?\n\n### Answer:\n';

/** Called while a test file is collected: the view is open while its tests run. */
export function sandboxDriver() {
  const openLab = sandboxLab();
  const models = trainedModels();
  const picked = (dir: string, title: string) => modelAt(dir, title, models.workspace);
  let opened: SandboxLab;
  beforeAll(async () => {
    opened = await openLab();
  });
  afterAll(() => opened.close());

  const lab = () => opened;
  const page = (): Page => lab().page;
  const button = (name: string | RegExp) =>
    page().getByRole('button', { name, exact: true }).first();
  const column = (at: number) => page().locator('.column').nth(at);
  const tokens = (at: number) => column(at).locator('.token');
  const words = async (selector: string) =>
    (await page().locator(selector).first().innerText())
      .replaceAll('\u2009', ' ')
      .replace(/\s+/g, ' ')
      .trim();
  const press = async (...keys: string[]) => {
    for (const key of keys) await page().keyboard.press(key);
    await lab().idle();
  };
  const until = async (claim: () => boolean | Promise<boolean>) => {
    while (!(await claim())) await page().waitForTimeout(20);
  };
  const generate = async () => {
    await press('Control+Enter');
    await lab().untilWritten();
  };
  /** Chooses from the menu of how a column runs its model. */
  async function runColumn(at: number, item: string | RegExp, shown: string): Promise<void> {
    await column(at).locator('.run-button').click();
    await page().getByRole('menuitemradio', { name: item }).click();
    await until(async () => (await column(at).locator('.run-button').innerText()).includes(shown));
  }

  /** An empty sandbox in which these models are chosen. */
  async function begin(...shown: PickedModel[]): Promise<void> {
    await page().setViewportSize({ width: 1200, height: 800 });
    await page().mouse.move(600, 5);
    await page().evaluate(() => sessionStorage.removeItem('state'));
    lab().trust(true);
    lab().empty();
    await lab().reload();
    await page().locator('.toolbar').waitFor();
    for (const model of shown) await lab().session().show(model, 'beside');
    await lab().idle();
    if (shown.length === 0) return;
    await page().locator('textarea.prompt-text').fill(PROMPT);
    await page().locator('#number-maxTokens').fill('40');
    await page().keyboard.press('Tab');
    await page()
      .locator('.prompt-head')
      .click({ position: { x: 2, y: 2 } });
    await lab().idle();
  }

  return {
    ...{
      openLab,
      lab,
      page,
      button,
      column,
      tokens,
      words,
      press,
      until,
      generate,
      runColumn,
      begin,
    },
    ...{ models, picked, early: picked(models.early, 'tiny, step 120') },
    late: picked(models.late, 'tiny, step 240'),
    chat: picked(models.chat, 'chat-model'),
  };
}
