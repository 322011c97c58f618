/** Every theme and width, as pictures for people in `artifacts/ui`, and checked for accessibility. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CurvesLab, openCurvesLab } from './curvesLab';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { ids, withProcess, writeFiveRuns } from './fiveRuns';

let lab: CurvesLab;

beforeAll(async () => {
  const memory = { hidden: [ids.dropped], highlighted: ids.base };
  lab = await openCurvesLab({ write: writeFiveRuns, seen: withProcess, memory });
  await lab.page.getByText('Reading the log').waitFor({ state: 'detached' });
});
afterAll(() => lab.close());

async function hover(): Promise<void> {
  const box = (await lab.page.locator('.plot.loss .plot-area').boundingBox())!;
  await lab.page.mouse.move(box.x + box.width * 0.595, box.y + box.height * 0.9);
  await lab.idle();
}

/** By how much what is in a box is wider than the box. */
const overflows = (...selectors: string[]): Promise<number[]> =>
  lab.page.evaluate(
    all =>
      all
        .flatMap(selector => [...document.querySelectorAll(selector)])
        .map(box => box.scrollWidth - box.clientWidth)
        .filter(tooWide => tooWide > 0),
    selectors,
  );

const themes = Object.keys(editorThemes) as EditorThemeName[];

describe.each(themes)('in the theme %s', theme => {
  it.each([
    [1200, 800],
    [1000, 700],
    [760, 900],
    [480, 800],
    [320, 700],
  ])('%d × %d looks right and is accessible', async (width, height) => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width, height });
    await lab.idle();
    await hover();
    await lab.picture(`curves-${theme}-${width}`);
    expect(await lab.accessibilityProblems()).toEqual([]);
    expect(await overflows('html', '.toolbar', '.small-plot .plot-head')).toEqual([]);
  });

  it('menu, event card, table and keys are accessible', async () => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width: 1200, height: 800 });
    await lab.idle();
    for (const [name, keys, undo] of [
      ['event', 'n', 'Escape'],
      ['table', 't', 't'],
      ['keys', '?', 'Escape'],
    ] as const) {
      await lab.page.keyboard.press(keys);
      await lab.picture(`curves-${theme}-${name}`);
      expect([name, await overflows('html', '.toolbar', '.small-plot .plot-head')]).toEqual([
        name,
        [],
      ]);
      expect(await lab.accessibilityProblems()).toEqual([]);
      await lab.page.keyboard.press(undo);
    }
    await lab.page.locator('#export-button').click();
    await lab.picture(`curves-${theme}-menu`);
    expect(await lab.accessibilityProblems()).toEqual([]);
    await lab.page.keyboard.press('Escape');
  });
});

describe('motion', () => {
  it.each(['vscode-dark vscode-reduce-motion'])('stops for %s', async bodyClass => {
    await lab.page.evaluate(name => (document.body.className = name), bodyClass);
    await lab.idle();
    const running = await lab.page.evaluate(() => document.getAnimations().length);
    expect(running).toBe(0);
  });
});
