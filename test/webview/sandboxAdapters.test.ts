/** Adapters on a column's model, as chips: by pointer, by key, for screen readers, in every theme. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pickedAdapter } from '../../src/host/sandbox/describeModel';
import type { PickedModel } from '../../src/protocol/sandboxView';
import { scratchFolder } from '../durability/scratchFolder';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { madeAdapter } from './madeAdapter';
import { modelAt, sandboxLab, type SandboxLab } from './sandboxLab';
import { trainedModels } from './trainedModels';

const PROMPT = '### Question:\nMia has 4 bags with 6 pens in each.\n\n### Answer:\n';

const openLab = sandboxLab();
const models = trainedModels();
const folder = scratchFolder();
const late = modelAt(models.late, 'tiny, step 240', models.workspace);
const names = ['maths', 'style of letters', 'a name that is rather long for a chip, step 1 200'];
const [maths, style, long] = names.map((short, i) =>
  pickedAdapter(
    { dir: madeAdapter(join(folder, String(i)), models.late, i + 1), title: short, short },
    { labelOf: path => path.replace(folder, 'adapters') },
  ),
) as [PickedModel['adapters'][0], PickedModel['adapters'][0], PickedModel['adapters'][0]];
const over = (...adapters: PickedModel['adapters']): PickedModel => ({ ...late, adapters });

let lab: SandboxLab;
beforeAll(async () => {
  lab = await openLab();
});
afterAll(() => lab.close());

const page = () => lab.page;
const chipOf = (name: string) => page().getByRole('switch', { name: `Adapter ${name}` });
const weightOf = (name: string) => page().getByRole('spinbutton', { name: `Weight of ${name}` });
const adapters = () => lab.session().document.columns[0]!.model!.adapters;
const until = async (claim: () => boolean | Promise<boolean>) => {
  while (!(await claim())) await page().waitForTimeout(20);
};

async function begin(...shown: PickedModel[]): Promise<void> {
  await page().setViewportSize({ width: 1280, height: 800 });
  await page().evaluate(() => sessionStorage.removeItem('state'));
  lab.empty();
  await lab.reload();
  await page().locator('.toolbar').waitFor();
  for (const model of shown) await lab.session().show(model, 'beside');
  await page().locator('textarea.prompt-text').fill(PROMPT);
  await page().locator('#number-maxTokens').fill('24');
  await page().keyboard.press('Tab');
  await lab.idle();
}

const generate = async () => {
  await page().keyboard.press('Control+Enter');
  await lab.untilWritten();
};

describe('adapters', () => {
  beforeEach(() => begin(late));

  it('are added one by one, and the text is that of all', async () => {
    expect(await page().locator('.adapter').count()).toBe(0);
    lab.willChoose(over(maths), over(maths, style));
    await page().getByRole('button', { name: 'More about this column' }).click();
    await page().getByRole('menuitem', { name: 'Add an adapter…' }).click();
    await chipOf('maths').waitFor();
    await page().getByRole('button', { name: 'Add an adapter' }).click();
    await chipOf('style of letters').waitFor();
    expect(await weightOf('maths').inputValue()).toBe('1');
    expect(lab.calls.filter(([name]) => name === 'chooseModel').slice(-2)).toEqual([
      ['chooseModel', 'adapter'],
      ['chooseModel', 'adapter'],
    ]);
    await generate();
    const [outcome] = lab.session().document.exchanges.at(-1)!.outcomes;
    expect(outcome!.model.adapters.map(({ name }) => name)).toEqual(['maths', 'style of letters']);
  });

  it('are switched and weighed by key, and taken away without losing the focus', async () => {
    await lab.session().show(over(maths, style), 'instead');
    await chipOf('maths').focus();
    await page().keyboard.press('Space');
    await until(() => adapters()[0]!.isOn === false);
    await page().locator('.adapter.off').waitFor();
    expect(await chipOf('maths').getAttribute('aria-checked')).toBe('false');
    await page().keyboard.press('Tab');
    expect(await weightOf('maths').evaluate(field => field === document.activeElement)).toBe(true);
    await page().keyboard.press('ArrowDown');
    await until(() => adapters()[0]!.weight === 0.95);
    expect(adapters()[0]!.isOn).toBe(false);
    await weightOf('style of letters').fill('9');
    await page().keyboard.press('Enter');
    await until(() => adapters()[1]!.weight === 2);
    expect(await weightOf('style of letters').inputValue()).toBe('2');
    await page().getByRole('button', { name: 'Take style of letters from the model' }).focus();
    await page().keyboard.press('Enter');
    await chipOf('style of letters').waitFor({ state: 'detached' });
    expect(await chipOf('maths').evaluate(chip => chip === document.activeElement)).toBe(true);
    await page().keyboard.press('Tab');
    await page().keyboard.press('Tab');
    await page().keyboard.press('Enter');
    await chipOf('maths').waitFor({ state: 'detached' });
    expect(await page().evaluate(() => document.activeElement?.className)).toBe('run-button');
    expect(adapters()).toEqual([]);
  });

  it('name the columns of one model, the text that was written, and what is exported', async () => {
    await begin(over({ ...maths, weight: 0.5 }), over(style));
    await generate();
    const labels = await page()
      .locator('.column')
      .evaluateAll(columns => columns.map(each => each.getAttribute('aria-label')));
    expect(labels).toEqual(['Column 1: maths × 0.5', 'Column 2: style of letters']);
    expect(await page().locator('.command').innerText()).toContain('--adapter adapters/0:0.5');
    await page().locator('#export-button').click();
    await page().getByRole('menuitem', { name: 'Save as JSON…' }).click();
    await until(() => lab.calls.at(-1)?.[0] === 'sandbox.json');
    const json = readFileSync(join(lab.folder, 'sandbox.json'), 'utf8');
    const { exchanges } = JSON.parse(json) as { exchanges: { columns: object[] }[] };
    expect(exchanges[0]!.columns).toMatchObject([
      { adapters: [{ path: 'adapters/0', weight: 0.5 }] },
      { adapters: [{ path: 'adapters/1', weight: 1 }] },
    ]);
    expect(await page().locator('.written-by').count()).toBe(0);
    await chipOf('maths').click();
    await page().locator('.written-by').waitFor();
    expect(await page().locator('.written-by').innerText()).toMatch(
      /^Written by .* \+ maths × 0\.5$/,
    );
  });

  it('are there again after the window was closed', async () => {
    await lab.session().show(over({ ...maths, isOn: false }, { ...style, weight: 0.3 }), 'instead');
    await lab.idle();
    await lab.reload();
    await chipOf('maths').waitFor();
    expect(await chipOf('maths').getAttribute('aria-checked')).toBe('false');
    expect(await weightOf('style of letters').inputValue()).toBe('0.3');
  });
});

describe('chips of adapters', () => {
  beforeAll(async () => {
    await begin(over(maths, { ...style, isOn: false }, { ...long, weight: 0.35 }), over(style));
    await generate();
  });

  it.each(
    (Object.keys(editorThemes) as EditorThemeName[]).flatMap(theme =>
      [1280, 600, 320].map((width): [EditorThemeName, number] => [theme, width]),
    ),
  )('in the theme %s, %d wide, fit and are accessible', async (theme, width) => {
    await lab.setTheme(theme);
    await page().setViewportSize({ width, height: 800 });
    await lab.idle();
    await lab.picture(`sandbox-adapters-${theme}-${width}`);
    const tooWide = await page()
      .locator('.column-head, .adapters, .adapter, .main')
      .evaluateAll((boxes: HTMLElement[]) =>
        boxes.filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.className),
      );
    expect(tooWide).toEqual([]);
    expect(await lab.accessibilityProblems()).toEqual([]);
  });
});

describe('the menu of how a column runs its model', () => {
  it.each([800, 500, 300])('is reached to its last row in a window %d high', async height => {
    await begin(late);
    await lab.setTheme('dark');
    await page().setViewportSize({ width: 1280, height });
    await page().locator('.run-button').click();
    const menu = page().getByRole('menu');
    const last = menu.locator('.menu-item').last();
    await until(async () => !(await menu.innerText()).includes('Looking for'));
    const isShown = () =>
      last.evaluate(item => {
        const { left, top, bottom } = item.getBoundingClientRect();
        const at = document.elementFromPoint(left + 8, (top + bottom) / 2);
        return bottom <= innerHeight && top >= 0 && item.contains(at);
      });
    if (height < 600) expect(await isShown()).toBe(false);
    await page().keyboard.press('End');
    await until(isShown);
    await lab.picture(`sandbox-run-menu-${height}`);
    expect(await last.evaluate(item => item === document.activeElement)).toBe(true);
    await page().keyboard.press('Home');
    await until(async () => !(height < 600) || !(await isShown()));
    await page().mouse.move(0, 0);
    await menu.hover({ position: { x: 40, y: 40 } });
    await page().mouse.wheel(0, 2000);
    await until(isShown);
    await page().keyboard.press('Escape');
  });
});
