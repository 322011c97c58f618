import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/engine/formats/safetensors';
import { deviationOf, momentsOf, numbersOf } from '../../src/engine/inspect/moments';
import type { Tensor } from '../../src/engine/tensor/tensor';
import { type TensorsLab, openTensorsLab, writeLlama } from './tensorsLab';

let lab: TensorsLab;
let tensors: Map<string, Tensor>;

beforeAll(async () => {
  const path = writeLlama();
  tensors = readSafetensors(path);
  lab = await openTensorsLab({ path });
});
afterAll(() => lab.close());

/** Each test begins with the view as it first opens. */
beforeEach(async () => {
  await lab.page.setViewportSize({ width: 1200, height: 800 });
  await lab.page.mouse.move(600, 10);
  await lab.page.evaluate(() => sessionStorage.removeItem('state'));
  await lab.reload();
  await lab.page.locator('.table .row').first().waitFor();
  await lab.rest();
});

/** Thin spaces as ordinary ones, line breaks as spaces. */
const plain = (words: string) => words.replaceAll('\u2009', ' ').replace(/\s+/g, ' ').trim();
const text = async (selector: string) => plain(await lab.page.locator(selector).innerText());
const press = async (...keys: string[]) => {
  for (const key of keys) await lab.page.keyboard.press(key);
  await lab.rest();
};
const type = async (words: string) => {
  await press('/');
  await lab.page.keyboard.type(words);
  await lab.rest();
};
const names = async () =>
  (await lab.page.locator('.table .row .name').allTextContents()).map(name => name.trim());
const head = (name: string) => lab.page.getByRole('columnheader', { name });
const UP = 'model.layers.4.mlp.up_proj.weight';
const Q = 'model.layers.2.self_attn.q_proj.weight';
async function choose(name: string): Promise<void> {
  await type(name);
  await press('ArrowDown');
  // statistics, then histogram, then the map
  await lab.page.locator('.bars rect').first().waitFor();
  await lab.page.locator('wr-heat canvas, .values').first().waitFor();
  await lab.rest();
}

describe('the summary', () => {
  it('says what the file is and how much is in it', async () => {
    expect(await text('.summary')).toContain('llama-tiny.safetensors safetensors · 5.13 MB');
    expect(await text('.facts')).toBe(
      'Sound Header 58 Tensors 2.56 M Parameters 5.12 MB Tensor data bfloat16, int64 +1 Types 3 Metadata',
    );
  });
});

describe('the table', () => {
  it('lists the tensors in the order of the file, each with type, shape and bytes', async () => {
    expect((await names()).slice(0, 4)).toEqual([
      'position_ids',
      'inv_freq',
      'model.embed_tokens.weight',
      'model.layers.0.self_attn.q_proj.weight',
    ]);
    expect(await text('.table .row >> nth=2')).toBe(
      'model.embed_tokens.weight bfloat16 1 024 × 192 393 kB',
    );
    expect(await text('.footer')).toContain('In the order of the file, 58 tensors');
  });

  it('dims what a name shares with the one above it', async () => {
    const row = lab.page.locator('.table .row >> nth=4');
    expect(await row.locator('.shared').innerText()).toBe('model.layers.0.self_attn.');
    expect(await row.locator('.own').innerText()).toBe('k_proj.weight');
  });

  it('is sorted by its heads, and by a third press as the file is', async () => {
    const click = (name: string) => head(name).getByRole('button').click();
    const sorted = (name: string, order: string) =>
      head(name)
        .and(lab.page.locator(`[aria-sort="${order}"]`))
        .waitFor();
    await click('Bytes');
    await sorted('Bytes', 'descending');
    expect((await names())[0]).toBe('model.embed_tokens.weight');
    await click('Bytes');
    await sorted('Bytes', 'ascending');
    expect((await names())[0]).toBe('inv_freq');
    await click('Bytes');
    await sorted('Bytes', 'none');
    await click('Tensor');
    await sorted('Tensor', 'ascending');
    expect((await names())[0]).toBe('inv_freq');
  });

  it('sorts numbers in names as people count', async () => {
    await type('inv pos');
    await press('Escape');
    await type('layernorm');
    await head('Tensor').getByRole('button').click();
    await lab.rest();
    const layers = (await names()).map(name => Number(/layers\.(\d+)/.exec(name)![1]));
    expect(layers).toEqual(layers.toSorted((a, b) => a - b));
  });

  it.each([
    ['layers.3 mlp', 3],
    ['LAYERS.3 MLP', 3],
    ['layers.*.q_proj', 6],
    ['norm', 13],
    ['nothing like it', 0],
  ])('has, for the words "%s", %i tensors', async (words, count) => {
    await type(words);
    expect(await lab.page.locator('.table .row').count()).toBe(count);
    expect(
      await lab.page.getByRole('grid', { name: 'Tensors' }).getAttribute('aria-rowcount'),
    ).toBe(String(count + 1));
  });

  it('says that nothing fits, and shows all again', async () => {
    await type('nothing like it');
    expect(await text('.no-rows')).toContain('No tensor fits this filter.');
    await lab.page.getByRole('button', { name: 'Show all' }).click();
    await lab.rest();
    expect(await text('.footer')).toContain('58 tensors');
  });

  it('is narrowed by type, with counts that follow the words', async () => {
    const chips = async () => plain(await lab.page.locator('.chips').innerText());
    expect(await chips()).toBe('All 58 bfloat16 56 int64 1 float32 1');
    await type('ids');
    expect(await chips()).toBe('All 1 bfloat16 0 int64 1 float32 0');
    await press('Escape', 'Escape');
    await lab.page.getByRole('button', { name: 'float32 1' }).click();
    await lab.rest();
    expect(await names()).toEqual(['inv_freq']);
    expect(
      await lab.page.getByRole('button', { name: 'float32 1' }).getAttribute('aria-pressed'),
    ).toBe('true');
  });

  it('is walked by keys, and keeps what is chosen in sight', async () => {
    await press('End');
    expect(await text('.tensor-head h2')).toBe('model.norm.weight');
    const row = lab.page.locator('.table .row.chosen');
    const [box, table] = [await row.boundingBox(), await lab.page.locator('.table').boundingBox()];
    expect(box!.y + box!.height).toBeLessThanOrEqual(table!.y + table!.height + 0.5);
    const grid = lab.page.getByRole('grid', { name: 'Tensors' });
    expect(await grid.getAttribute('aria-activedescendant')).toBe(await row.getAttribute('id'));
    await press('Home', 'ArrowDown', 'PageDown', 'ArrowUp');
    expect(await text('.tensor-head h2')).toBe((await names())[await chosenAt()]);
  });
});

const chosenAt = () =>
  lab.page
    .locator('.table .row')
    .evaluateAll(rows => rows.findIndex(row => row.matches('.chosen')));

describe('a chosen tensor', () => {
  const statistic = async (name: string) =>
    plain(
      await lab.page
        .locator('.statistics > div', { has: lab.page.getByText(name, { exact: true }) })
        .locator('dd')
        .innerText(),
    );

  it('has the statistics of all its numbers', async () => {
    await choose(Q);
    const values = numbersOf(tensors.get(Q)!);
    const { min, max, mean, ...rest } = momentsOf(values);
    const number = async (name: string) =>
      Number((await statistic(name)).replace('\u2212', '-').replace('\u2212', '-'));
    expect(await number('Minimum')).toBeCloseTo(min, 3);
    expect(await number('Maximum')).toBeCloseTo(max, 3);
    expect(await number('Mean')).toBeCloseTo(mean, 5);
    expect(await number('Deviation')).toBeCloseTo(deviationOf({ min, max, mean, ...rest }), 4);
    expect(await number('Norm')).toBeCloseTo(Math.hypot(...values), 1);
    expect(await statistic('NaN')).toBe('0');
    expect(await text('.tensor-facts')).toMatch(
      /^bfloat16 · 192 × 192 · 36 864 elements · 73\.7 kB · at byte [\d ]+$/,
    );
  });

  it('has a histogram, as bars and as a table', async () => {
    await choose(Q);
    expect(await lab.page.locator('.bars rect').count()).toBe(64);
    expect(await lab.page.locator('.bars').getAttribute('aria-label')).toMatch(
      /^Histogram from −0\.1\d+ to 0\.1\d+; most values at/,
    );
    await press('t');
    const counts = await lab.page.locator('.bins td:last-child').allInnerTexts();
    const sum = counts.reduce((total, count) => total + Number(count.replaceAll('\u2009', '')), 0);
    expect(sum).toBe(192 * 192);
    await press('t');
  });

  it('says what is wrong with its numbers, and what the histogram leaves out', async () => {
    await choose(UP);
    expect(await text('.callout.error')).toBe('Not all finite: 12 NaN (0.012 %).');
    expect(await statistic('NaN')).toBe('12');
    expect(await statistic('Maximum')).toBe('8');
    expect(await text('.histogram header')).toBe('Values beyond: 1 higher');
  });

  it('is stepped through and copied', async () => {
    await choose(Q);
    await press('Escape');
    await lab.page.getByRole('button', { name: 'Tensor below (↓)' }).click();
    await lab.rest();
    expect(await text('.tensor-head h2')).toBe('model.layers.2.self_attn.k_proj.weight');
    await press('c');
    expect(lab.calls.at(-1)).toEqual(['copy', 'model.layers.2.self_attn.k_proj.weight']);
    expect(await text('.notice')).toBe('Copied the name');
  });
});

describe('the map', () => {
  const map = () => lab.page.locator('#map');
  const words = () => text('#map-words');

  /** Values of a block of Q, which has 192 columns. */
  function block(top: number, bottom: number, left: number, right: number): [number, number] {
    const values = numbersOf(tensors.get(Q)!);
    let [min, max] = [Infinity, -Infinity];
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) {
        min = Math.min(min, values[row * 192 + column]!);
        max = Math.max(max, values[row * 192 + column]!);
      }
    return [min, max];
  }

  it('says the extremes of the cell under the pointer', async () => {
    await choose(Q);
    const box = (await map().boundingBox())!;
    await lab.page.mouse.move(box.x + box.width * 0.37, box.y + box.height * 0.61);
    await lab.rest();
    const [, top, bottom, left, right, min, max] =
      /^rows (\d+)–(\d+), columns? (\d+)(?:–(\d+))?: (\S+) to (\S+)$/.exec(await words())!;
    const wanted = block(Number(top), Number(bottom) + 1, Number(left), Number(right ?? left) + 1);
    const number = (text: string) => Number(text.replace('\u2212', '-').replace('\u2212', '-'));
    expect(number(min!)).toBeCloseTo(wanted[0], 4);
    expect(number(max!)).toBeCloseTo(wanted[1], 4);
  });

  it('is walked by keys, which are spoken, and left by Escape', async () => {
    await choose(Q);
    await press('Escape');
    await lab.page.locator('#tensors').focus();
    await press('Enter');
    await press('ArrowDown', 'ArrowDown', 'ArrowRight');
    expect(await words()).toMatch(/^rows \d+–\d+, columns? \d+/);
    expect(await lab.page.locator('#map-words').getAttribute('aria-live')).toBe('polite');
    await press('Escape');
    expect(await lab.page.evaluate(() => document.activeElement?.id)).toBe('tensors');
  });

  it('is zoomed down to the values, which are those of the file', async () => {
    await choose(Q);
    const box = (await map().boundingBox())!;
    await lab.page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
    for (let i = 0; i < 8; i++) await press('+');
    const cells = lab.page.locator('.value');
    expect(await cells.count()).toBe(8 * 5);
    const values = numbersOf(tensors.get(Q)!);
    for (const cell of await cells.all()) {
      const [, row, column] = /^value-(\d+)-(\d+)$/.exec((await cell.getAttribute('id'))!)!;
      expect(Number(await cell.getAttribute('title'))).toBe(
        values[Number(row) * 192 + Number(column)],
      );
    }
    expect(await map().getAttribute('role')).toBe('grid');
    await press('0');
    expect(await map().getAttribute('role')).toBe('img');
  });

  it('shows an outlier of one element and what is no number', async () => {
    await choose(UP);
    await press('s');
    const crosses = await lab.page.locator('wr-heat canvas').evaluate(canvas => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement)
        .getContext('2d')!
        .getImageData(0, 0, width, height);
      let red = 0;
      for (let i = 0; i < data.length; i += 4)
        if (data[i]! > 200 && data[i + 1]! < 150 && data[i + 2]! < 150) red++;
      return red;
    });
    expect(crosses).toBeGreaterThan(10);
    await press('s');
  });

  it('shows whole numbers in full, and a list in its order', async () => {
    await choose('position_ids');
    const box = (await map().boundingBox())!;
    await lab.page.mouse.move(box.x + box.width - 1, box.y + box.height / 2);
    for (let i = 0; i < 8; i++) await press('+');
    const shown = (await lab.page.locator('.value').allInnerTexts()).map(Number);
    expect(shown.at(-1)).toBeGreaterThan(500);
    expect(shown).toEqual(shown.map((_, i) => shown[0]! + i));
  });
});

describe('the totals', () => {
  it('are an outline that opens by keys and narrows the table', async () => {
    await press('2');
    const tree = lab.page.getByRole('tree', { name: 'Totals by prefix' });
    expect(plain(await tree.getByRole('treeitem').first().innerText())).toBe(
      'All 58 tensors, 2.56 M parameters, 5.12 MB',
    );
    const layers = tree.locator('[data-prefix="model.layers"]');
    expect(await layers.getAttribute('aria-expanded')).toBe('true');
    await layers.focus();
    await press('ArrowLeft');
    expect(await layers.getAttribute('aria-expanded')).toBe('false');
    await press('ArrowRight');
    await press('ArrowRight');
    await press('Enter');
    expect(await text('.footer')).toContain('9 of 58 tensors');
    await lab.page.getByRole('button', { name: /Only below model\.layers\.0/ }).click();
    await lab.rest();
    expect(await text('.footer')).toContain('58 tensors');
  });
});

describe('the metadata', () => {
  it('is on lines of its own, and unfolds', async () => {
    await press('3');
    expect(await text('dl.metadata')).toContain('created 2026-11-20');
    const fold = lab.page.locator('.fold');
    expect(await fold.getAttribute('aria-expanded')).toBe('false');
    await fold.click();
    await lab.rest();
    expect(await fold.innerText()).toContain('"theta": 10000');
    expect(await fold.innerText()).toContain('văn bản');
    await lab.page.getByRole('button', { name: 'Copy config' }).click();
    await lab.rest();
    expect(lab.calls.at(-1)).toEqual(['copy', expect.stringContaining('"hidden_size":192')]);
  });
});

describe('the view', () => {
  it('comes back as it was left', async () => {
    await head('Bytes').getByRole('button').click();
    await choose(Q);
    await lab.reload();
    await lab.page.locator('.bars rect').first().waitFor();
    expect(await text('.tensor-head h2')).toBe(Q);
    expect(await head('Bytes').getAttribute('aria-sort')).toBe('descending');
    expect(await lab.page.locator('#filter').inputValue()).toBe(Q);
  });

  it('lists its keys', async () => {
    await press('?');
    expect(await text('.help')).toContain('Zoom in, down to the values');
    await press('Escape');
    expect(await lab.page.locator('.help').count()).toBe(0);
  });

  it('keeps the page free of errors', () => {
    expect(lab.errors).toEqual([]);
  });
});
