/** Every theme and width, as pictures for people in `artifacts/ui`, and checked for accessibility. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { type TensorsLab, openTensorsLab, writeLlama } from './tensorsLab';

let lab: TensorsLab;

beforeAll(async () => {
  const memory = {
    chosen: 'model.layers.4.mlp.up_proj.weight',
    sorting: { by: 'file', isDescending: false },
  };
  lab = await openTensorsLab({ path: writeLlama(), memory });
  await lab.page.locator('.bars rect').first().waitFor();
});
afterAll(() => lab.close());

const themes = Object.keys(editorThemes) as EditorThemeName[];

/** Boxes that are wider inside than outside. */
const overflows = () =>
  lab.page.evaluate(() =>
    ['html', '.summary', '.facts', '.filters', '.table', '.detail-body', '.heat', '.footer'].filter(
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
    [480, 800],
    [300, 700],
  ])('%d × %d looks right and is accessible', async (width, height) => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width, height });
    await lab.rest();
    await lab.rest();
    await lab.picture(`tensors-${theme}-${width}`);
    expect(await lab.accessibilityProblems()).toEqual([]);
    expect(await overflows()).toEqual([]);
    expect(await isChosenInSight()).toBe(true);
  });

  it('values, totals, metadata, table of bins and keys are accessible', async () => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width: 1200, height: 800 });
    await lab.rest();
    await lab.page.locator('#map').focus();
    for (const key of ['ArrowDown', 'ArrowRight', '+', '+', '+', '+', '+', '+']) {
      await lab.page.keyboard.press(key);
      await lab.rest();
    }
    const looks = [
      ['values', '', '0'],
      ['bins', 't', 't'],
      ['totals', '2', '1'],
      ['metadata', '3', '1'],
      ['keys', '?', '?'],
    ] as const;
    for (const [name, keys, undo] of looks) {
      if (keys) await lab.page.keyboard.press(keys);
      await lab.rest();
      await lab.picture(`tensors-${theme}-${name}`);
      expect(await lab.accessibilityProblems(), name).toEqual([]);
      await lab.page.keyboard.press(undo);
    }
    expect(lab.errors).toEqual([]);
  });
});
