/** The sandbox in every kind of theme and width: pictures for people, and what a machine can check. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { modelAt, sandboxLab, type SandboxLab } from './sandboxLab';
import { trainedModels } from './trainedModels';

const openLab = sandboxLab();
const models = trainedModels();
const picked = (dir: string, title: string) => modelAt(dir, title, models.workspace);

let lab: SandboxLab;
beforeAll(async () => {
  lab = await openLab();
  await lab.session().show(picked(models.early, 'tiny, step 120'), 'instead');
  await lab.session().show(picked(models.late, 'tiny, step 240'), 'beside');
  const prompt = '### Question:\nMia has 4 bags with 6 pens in each. How many pens does Mia have?';
  await lab.page.locator('textarea.prompt-text').fill(`${prompt}\n\n### Answer:\n`);
  await lab.page.keyboard.press('Control+Enter');
  await lab.untilWritten();
});
afterAll(() => lab.close());

const themes = Object.keys(editorThemes) as EditorThemeName[];

/** Boxes that are wider inside than outside. */
const overflows = () =>
  lab.page.evaluate(() =>
    ['html', '.toolbar', '.main', '.side', '.drawer', '.column-line', '.stats', '.footer'].filter(
      selector =>
        [...document.querySelectorAll(selector)].some(box => box.scrollWidth > box.clientWidth + 1),
    ),
  );

const press = async (key: string) => {
  await lab.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await lab.page.keyboard.press(key);
  await lab.idle();
};

/** Of the first column's layers, in few bits. */
async function openErrors(): Promise<void> {
  const choose = async (role: 'menuitem' | 'menuitemradio', name: string) => {
    await lab.page.locator('.run-button').first().click();
    await lab.page.getByRole(role, { name }).click();
    await lab.idle();
  };
  await choose('menuitemradio', 'Weights in int4');
  await lab.page.locator('.run-button', { hasText: 'int4' }).waitFor();
  await choose('menuitem', 'Error of each layer…');
  await lab.page.locator('.layer-errors .model-map').waitFor();
}

describe.each(themes)('in the theme %s', theme => {
  it.each([
    [1600, 900],
    [1200, 800],
    [1000, 700],
    [760, 900],
    [480, 800],
    [300, 700],
  ])('%d × %d looks right and is accessible', async (width, height) => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width, height });
    await lab.idle();
    expect(await overflows()).toEqual([]);
    await press('d');
    await press('ArrowDown');
    await lab.picture(`sandbox-${theme}-${width}`);
    expect(await lab.accessibilityProblems()).toEqual([]);
    await press('Escape');
  });

  it('tokens, menus, sampling in a drawer and keys are accessible', async () => {
    await lab.setTheme(theme);
    const looks: [name: string, width: number, open: () => Promise<unknown>, close: string][] = [
      ['tokens', 1200, () => lab.page.getByRole('radio', { name: 'Tokens' }).check(), ''],
      ['text', 1200, () => lab.page.getByRole('radio', { name: 'Text' }).check(), ''],
      ['export', 1200, () => lab.page.locator('#export-button').click(), 'Escape'],
      ['history', 1200, () => lab.page.locator('#history-button').click(), 'Escape'],
      ['run', 1200, () => lab.page.locator('.run-button').first().click(), 'Escape'],
      ['errors', 1200, openErrors, 'Escape'],
      ['keys', 1200, () => press('?'), 'Escape'],
      ['drawer', 760, () => lab.page.getByRole('button', { name: 'Sampling' }).click(), 'Escape'],
      ['more', 480, () => lab.page.locator('#more-button').click(), 'Escape'],
    ];
    for (const [name, width, open, close] of looks) {
      await lab.page.setViewportSize({ width, height: 800 });
      await lab.idle();
      await open();
      await lab.picture(`sandbox-${theme}-${name}`);
      expect(await lab.accessibilityProblems(), name).toEqual([]);
      if (close !== '') await lab.page.keyboard.press(close);
      await lab.idle();
    }
    expect(lab.errors).toEqual([]);
  });
});

describe('the layout', () => {
  it('does not jump while a text grows', async () => {
    await lab.setTheme('dark');
    await lab.page.setViewportSize({ width: 1200, height: 800 });
    await lab.idle();
    const places = () =>
      lab.page.evaluate(() =>
        ['.prompt', '.ribbon', '.column-head', '.texts', '.stats', '.side', '.footer'].map(
          selector => {
            const { top, left, width, height } = document
              .querySelector(selector)!
              .getBoundingClientRect();
            return [selector, top, left, width, height];
          },
        ),
      );
    const before = await places();
    await lab.page.keyboard.press('Control+Enter');
    await lab.page.locator('.caret').first().waitFor();
    expect(await places()).toEqual(before);
    await lab.untilWritten();
    expect(await places()).toEqual(before);
  });
});
