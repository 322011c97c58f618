/** Every theme and width, as pictures for people in `artifacts/ui`, and checked for accessibility. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../durability/scratchFolder';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { type EvaluationLab, openEvaluationLab } from './evaluationLab';
import { writeEvaluation } from './evaluationsOnDisk';

const folder = scratchFolder();
const BASELINE = '20261122-090000-gsm8k';
let lab: EvaluationLab;

beforeAll(async () => {
  const base = writeEvaluation({ folder, id: BASELINE, model: 'slm-base', skill: 0.2, seed: 2 });
  const own = writeEvaluation({ folder, id: '20261122-100000-gsm8k', skill: 0.4, seed: 1 });
  const chosen = own.samples.filter(({ flags }) => flags.includes('wrong'))[2]!.index;
  const memory = { filter: 'wrong', baseline: BASELINE, chosen, isExpanded: true };
  lab = await openEvaluationLab({ dir: own.dir, others: [base.dir], memory });
  await lab.page.locator('.paired').waitFor();
  await lab.page.locator('.texts').waitFor();
});
afterAll(() => lab.close());

const themes = Object.keys(editorThemes) as EditorThemeName[];

/** Boxes that are wider inside than outside. */
const overflows = () =>
  lab.page.evaluate(() =>
    ['html', '.toolbar', '.summary', '.paired', '.filters', '.table', '.detail', '.footer'].filter(
      selector => {
        const box = document.querySelector(selector);
        return box !== null && box.scrollWidth > box.clientWidth;
      },
    ),
  );

/** Whatever shape the view has got. */
const isChosenInSight = () =>
  lab.page.evaluate(() => {
    const [row, table] = ['.row.chosen', '.table'].map(selector =>
      document.querySelector(selector)?.getBoundingClientRect(),
    );
    return row && table && row.top >= table.top && row.bottom <= table.bottom + 1;
  });

describe.each(themes)('in the theme %s', theme => {
  it.each([
    [1600, 900],
    [1200, 800],
    [1000, 700],
    [760, 900],
    [480, 900],
    [300, 800],
  ])('%d × %d looks right and is accessible', async (width, height) => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width, height });
    await lab.rest();
    await lab.rest();
    await lab.picture(`evaluation-${theme}-${width}`);
    expect(await lab.accessibilityProblems()).toEqual([]);
    expect(await overflows()).toEqual([]);
    expect(await isChosenInSight()).toBe(true);
    expect(await lab.page.locator('.texts').count()).toBe(1);
  });

  it('tokens, scores as a table, menus and keys are accessible', async () => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width: 1200, height: 800 });
    await lab.rest();
    const looks = [
      ['tokens', 'h', 'h'],
      ['table', 't', 't'],
      ['keys', '?', '?'],
    ] as const;
    for (const [name, key, undo] of looks) {
      await lab.page.keyboard.press(key);
      await lab.rest();
      await lab.picture(`evaluation-${theme}-${name}`);
      expect(await lab.accessibilityProblems(), name).toEqual([]);
      await lab.page.keyboard.press(undo);
    }
    await lab.page.locator('#filter-button').click();
    await lab.rest();
    await lab.picture(`evaluation-${theme}-menu`);
    expect(await lab.accessibilityProblems()).toEqual([]);
    await lab.page.keyboard.press('Escape');
    expect(lab.errors).toEqual([]);
  });
});
