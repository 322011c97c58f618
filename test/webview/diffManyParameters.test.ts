/** The weight diff of 100,000 parameters: what is in the page stays small, and all of them are within reach. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disk } from '../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import { type Tensor, tensor } from '../../src/engine/tensor/tensor';
import type { DiffRows } from '../../src/protocol/weightDiff';
import { scratchFolder } from '../durability/scratchFolder';
import { type DiffLab, openDiffLab } from './diffLab';

const PARAMETERS = 100_000;
const IN_A_LAYER = 10;
const LAYERS = PARAMETERS / IN_A_LAYER;

/** One in a thousand differs on the right, by more the later it comes. */
const isDamaged = (i: number): boolean => i % 1000 === 7;
const nameOf = (i: number): string =>
  `model.layers.${Math.floor(i / IN_A_LAYER)}.part${i % IN_A_LAYER}.weight`;

function weights(areDamaged: boolean): Map<string, Tensor> {
  const all = new Map<string, Tensor>();
  for (let i = 0; i < PARAMETERS; i++) {
    const data = Float32Array.of(1, -2, 3, areDamaged && isDamaged(i) ? i : 0.5);
    all.set(nameOf(i), tensor('float32', [2, 2], data));
  }
  return all;
}

const folder = scratchFolder();
let lab: DiffLab;
beforeAll(async () => {
  const [left, right] = [join(folder, 'left.safetensors'), join(folder, 'right.safetensors')];
  writeSafetensors(disk, left, weights(false));
  writeSafetensors(disk, right, weights(true));
  lab = await openDiffLab({ left, right, size: { width: 1200, height: 800 }, isQuick: true });
  await lab.compared();
});
afterAll(() => lab.close());

const rows = () => lab.page.locator('.all-rows .row');
const names = () =>
  rows().evaluateAll(all => all.map(row => row.querySelector('.cell.name')!.getAttribute('title')));
const chosen = () => lab.page.locator('.row.chosen .cell.name').getAttribute('title');
const press = async (...keys: string[]) => {
  for (const key of keys) await lab.page.keyboard.press(key);
  await lab.rest();
};
const filter = async (words: string) => {
  await lab.page.locator('#filter').fill(words);
  await lab.rest();
};
/** Rows in sight and those around them, whatever the number of parameters. */
const expectFewRows = async () => {
  expect(await rows().count()).toBeLessThan(60);
  expect(await lab.page.locator('body *').count()).toBeLessThan(12_000);
};

describe('100,000 parameters', () => {
  it('are all there, of which the page holds those in sight', async () => {
    expect(await lab.page.locator('#parameters').getAttribute('aria-rowcount')).toBe(
      String(PARAMETERS + 1),
    );
    await expectFewRows();
    expect(await chosen()).toBe(nameOf(PARAMETERS - 993));
  });

  it('come in posts that are far fewer, and each row once', () => {
    const posts = lab.posted.filter((post): post is DiffRows => post.type === 'rows');
    const told = posts.flatMap(post => [...new Uint32Array(post.rows)]);
    expect(new Set(told).size).toBe(PARAMETERS);
    expect(told).toHaveLength(PARAMETERS);
    expect(posts.length).toBeLessThan(PARAMETERS / 100);
  });

  it('are filtered', async () => {
    await filter(`layers.${LAYERS - 1}. part7`);
    expect(await names()).toEqual([nameOf(PARAMETERS - 3)]);
    await filter('part3.weight');
    expect(await lab.page.locator('#parameters').getAttribute('aria-rowcount')).toBe(
      String(LAYERS + 1),
    );
    await expectFewRows();
    await filter('');
    await lab.page.getByRole('button', { name: /^Mismatched 100\b/ }).click();
    await lab.rest();
    expect(await lab.page.locator('#parameters').getAttribute('aria-rowcount')).toBe('101');
    await lab.page.getByRole('button', { name: /^All/ }).click();
    await lab.rest();
  });

  it('are sorted by a number and by their order in the model', async () => {
    await lab.page.getByRole('button', { name: 'Max abs' }).click();
    await lab.rest();
    expect((await names())[0]).toBe(nameOf(PARAMETERS - 993));
    await lab.page.getByRole('button', { name: 'Max abs' }).click();
    await lab.rest();
    expect((await names())[0]).toBe(nameOf(0));
    await lab.page.getByRole('button', { name: 'Max abs' }).click();
    await lab.page.getByRole('button', { name: 'Parameter' }).click();
    await lab.rest();
    expect((await names()).slice(0, 3)).toEqual([nameOf(0), nameOf(1), nameOf(2)]);
    await expectFewRows();
  });

  it('are reached at once: the last, the first, and each that does not match', async () => {
    await lab.page.locator('#parameters').focus();
    await press('End');
    expect(await chosen()).toBe(nameOf(PARAMETERS - 1));
    await expectFewRows();
    await press('Home');
    expect(await chosen()).toBe(nameOf(0));
    await press('F8');
    expect(await chosen()).toBe(nameOf(7));
    await press('F8');
    expect(await chosen()).toBe(nameOf(1007));
    await press('Shift+F8', 'Shift+F8');
    expect(await chosen()).toBe(nameOf(PARAMETERS - 993));
  });

  it('are where the last of two quick keys leads, not the first', async () => {
    await lab.page.locator('#parameters').focus();
    await lab.page.evaluate(async () => {
      const press = (key: string) =>
        document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
      press('End');
      // drawn, and the browser has yet to tell that it scrolled
      await new Promise(requestAnimationFrame);
      press('Home');
    });
    await lab.rest();
    expect(await chosen()).toBe(nameOf(0));
  });

  it('scroll by any way through the list', async () => {
    const table = lab.page.locator('#parameters');
    const height = await table.evaluate(element => element.scrollHeight);
    for (const share of [0.25, 0.5, 0.99]) {
      await table.evaluate((element, top) => (element.scrollTop = top), height * share);
      await lab.rest();
      const at = Math.round((height * share) / (height / PARAMETERS));
      expect((await names()).some(name => Math.abs(indexOf(name) - at) < 3)).toBe(true);
      await expectFewRows();
    }
    expect(lab.errors).toEqual([]);
  });

  it('are a map of no more layers than have room', async () => {
    expect(await lab.page.locator('.map-cell').count()).toBeLessThanOrEqual(128 * 28);
  });
});

function indexOf(name: string | null): number {
  const [, layer, part] = /layers\.(\d+)\.part(\d)/.exec(name ?? '') ?? [];
  return Number(layer) * IN_A_LAYER + Number(part);
}
