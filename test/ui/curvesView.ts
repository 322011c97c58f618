/** The loss curves as a user meets them: the list of runs, the plots, the table, the menus. */
import type { Frame, Locator, Page } from 'playwright-core';
import { parseSpokenRun, type ShownRun } from './spokenRun';
import { until, webviewWith } from './workbench';

export async function curvesView(page: Page): Promise<Frame> {
  return webviewWith(page, '[role="toolbar"][aria-label="View"]');
}

export function listedRun(view: Frame, name: string): Locator {
  return view.getByRole('option', { name: new RegExp(`^${name},`) });
}

/** What the list says of the newest run of this name; undefined while it is not in the view. */
export async function shownInCurves(view: Frame, name: string): Promise<ShownRun | undefined> {
  const row = listedRun(view, name).first();
  if ((await row.count()) === 0) return undefined;
  return parseSpokenRun((await row.locator('.spoken').textContent()) ?? '');
}

/** Pixels of a plot that are not blank. */
export async function drawnPixels(view: Frame, plot = 'loss'): Promise<number> {
  return view.locator(`.plot.${plot} canvas`).evaluate(canvas => {
    const { width, height } = canvas as HTMLCanvasElement;
    const context = (canvas as HTMLCanvasElement).getContext('2d');
    if (!context || width === 0) return 0;
    const pixels = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
    return pixels.reduce((drawn, pixel) => drawn + (pixel === 0 ? 0 : 1), 0);
  });
}

export async function untilDrawn(view: Frame): Promise<void> {
  await until('the loss curve is drawn', async () => {
    const canvas = view.locator('.plot.loss canvas');
    return (await canvas.count()) > 0 && (await drawnPixels(view)) > 500;
  });
}

export async function pressButton(view: Frame, name: string | RegExp): Promise<void> {
  await view.getByRole('button', { name }).first().click();
}

/** The loss as a table, to which the view is switched: its runs, and the steps of its rows. */
export async function lossTable(view: Frame): Promise<{ runs: string[]; steps: number[] }> {
  if ((await view.locator('table').count()) === 0) await pressButton(view, 'Show as table (T)');
  await view.locator('table tbody tr').first().waitFor();
  const texts = async (cells: string) =>
    (await view.locator(`table ${cells}`).allInnerTexts()).map(text => text.trim());
  return {
    runs: await texts('thead th[scope="colgroup"]'),
    steps: (await texts('tbody th')).map(text => Number(text.replace(/\D/g, ''))),
  };
}
