import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DiffLab, openDiffLab, writeModelAndDump } from './diffLab';
import type { EditorThemeName } from './editorThemes';

let files: { model: string; dump: string };
beforeAll(() => {
  files = writeModelAndDump('diff-lab');
});

const WIDE = { width: 1200, height: 800 };
const K = 'model.layers.5.self_attn.k_proj.weight';

async function opened(options: Partial<Parameters<typeof openDiffLab>[0]> = {}): Promise<DiffLab> {
  const lab = await openDiffLab({ left: files.model, right: files.dump, size: WIDE, ...options });
  await lab.compared();
  return lab;
}

/** The columns that are seen in a row of the table, and where they begin. */
const columnsOf = ({ page }: DiffLab, row: string) =>
  page
    .locator(`${row} .cell:visible`)
    .evaluateAll(cells =>
      cells.map(cell => [cell.classList.item(1), (cell as HTMLElement).offsetLeft]),
    );

describe('looks', () => {
  const looks: [string, EditorThemeName, { width: number; height: number }][] = [
    ['diff-dark', 'dark', WIDE],
    ['diff-light', 'light', WIDE],
    ['diff-hc', 'highContrast', WIDE],
    ['diff-narrow', 'dark', { width: 480, height: 800 }],
    ['diff-medium', 'light', { width: 760, height: 900 }],
    ['diff-beside-side-bar', 'light', { width: 920, height: 800 }],
  ];
  it.each(looks)('%s has no serious accessibility problem', async (name, theme, size) => {
    const lab = await opened({ theme, size, memory: { chosen: K } });
    await lab.page.waitForSelector('.fault');
    await lab.page.waitForSelector('.spread .some, .narrow');
    await lab.picture(name);
    const problems = await lab.accessibilityProblems();
    const { errors } = lab;
    const [heads, cells] = [await columnsOf(lab, '.head'), await columnsOf(lab, '.row.chosen')];
    await lab.close();
    expect([...problems, ...errors]).toEqual([]);
    expect(heads).toEqual(cells);
  });
});

describe('the view', () => {
  let lab: DiffLab;
  beforeAll(async () => {
    lab = await opened();
  });
  afterAll(() => lab.close());

  const text = (selector: string) => lab.page.locator(selector).first().innerText();
  const press = async (...keys: string[]) => {
    for (const key of keys) await lab.page.keyboard.press(key);
    await lab.rest();
  };
  const chosen = () => lab.page.locator('.row.chosen .cell.name').getAttribute('title');

  it('lists problems first and looks at the worst', async () => {
    expect(await text('.facts li:nth-child(2) strong')).toBe('3');
    expect(await text('.facts li:nth-child(3) strong')).toBe('1');
    expect(await chosen()).toBe(K);
  });

  it('names the likely cause, and proves it', async () => {
    await lab.page.waitForSelector('.fault');
    expect(await text('.fault strong')).toBe('kv heads 3 and 4 are exchanged.');
    await lab.page.locator('.fault .link').click();
    expect(await text('.proof')).toContain('swapped back');
  });

  it('shows the way from the device to the parameter', async () => {
    const steps = await lab.page.locator('.chain li').allInnerTexts();
    expect(steps.join(' | ')).toMatch(
      /kv_linear\/weight.*untile 32 × 32.*split off rows 0–255 of 512.*8 heads: pairs to halves.*crop padding, nothing.*compare with/s,
    );
  });

  it('goes to the next mismatch by F8, and back', async () => {
    await lab.page.locator('#parameters').focus();
    await press('F8');
    expect(await chosen()).not.toBe(K);
    await press('Shift+F8');
    expect(await chosen()).toBe(K);
  });

  it('judges anew when a bound moves', async () => {
    const mismatched = () => text('.facts li:nth-child(2) strong');
    const slider = lab.page.locator('.threshold input');
    await slider.focus();
    const before = Number(await mismatched());
    for (let i = 0; i < 40; i++) await lab.page.keyboard.press('ArrowRight');
    await lab.rest();
    expect(Number(await mismatched())).toBeGreaterThan(before);
    expect(await text('.bound-text')).toContain('PCC 0.9999');
    await lab.page.locator('.profile select').selectOption('tt-model');
    await lab.rest();
    expect(Number(await mismatched())).toBe(before);
  });

  it('filters by words and by verdict', async () => {
    await lab.page.locator('#filter').fill('layers.5 k_proj');
    await lab.rest();
    expect(await text('.footer')).toContain('1 of');
    await press('Escape');
    await lab.page.getByRole('button', { name: /^Mismatched 3/ }).click();
    await lab.rest();
    expect(await lab.page.locator('.all-rows .row').count()).toBe(3);
    await lab.page.getByRole('button', { name: /^All/ }).click();
  });

  it('sorts by a number, worst first, then the other way', async () => {
    const first = () => text('.all-rows .row:first-child .cell.name .own');
    await lab.page.getByRole('button', { name: 'PCC' }).click();
    await lab.rest();
    expect(await first()).toBe('layers.6.input_layernorm.weight');
    await lab.page.getByRole('button', { name: 'PCC' }).click();
    await lab.rest();
    expect(await first()).not.toBe('layers.6.input_layernorm.weight');
    await lab.page.getByRole('button', { name: 'PCC' }).click();
    await lab.rest();
  });

  it('moves in the model map by arrows and opens what is there', async () => {
    await lab.page.locator('#model-map').focus();
    await press('ArrowDown', 'ArrowDown', 'ArrowRight', 'Enter');
    expect(await chosen()).toMatch(/^model\.layers\.[01]\./);
    await lab.page.locator('.map-cell.mismatch').first().click();
    await lab.rest();
  });

  it('zooms from tiles to values, and back', async () => {
    await lab.page.locator('#filter').fill('layers.5.self_attn.k_proj');
    await lab.page.locator('.all-rows .row').first().click();
    await lab.page.waitForSelector('#tiles');
    await lab.rest();
    expect(await text('.tiles h3')).toBe('|difference| per 32 × 32 tile');
    expect(await text('#tile-words')).toMatch(/^tile [34], \d+: max 0\.\d+/);
    await lab.page.locator('#tiles').focus();
    await press('+', '+', '+', '+', '+', '+');
    await lab.page.waitForSelector('.tile-values');
    await lab.picture('diff-values');
    expect(await lab.page.locator('.tile-values td').count()).toBeGreaterThan(8);
    await press('0');
    await lab.page.waitForSelector('wr-heat');
    await press('Escape', 'Escape');
  });

  it.each(['JSON', 'CSV', 'HTML'])('exports %s', async format => {
    await lab.page.getByRole('button', { name: 'Export' }).click();
    await lab.page.getByRole('menuitem', { name: format }).click();
    await lab.page.waitForSelector('.notice');
    const [name, file, content] = lab.calls.at(-1)!;
    expect([name, file]).toEqual([
      'save',
      `Llama-tiny-gsm8k-against-device-step-500.${format.toLowerCase()}`,
    ]);
    expect(content).toContain('kv heads 3 and 4 are exchanged');
  });

  it('shows histograms as tables on demand', async () => {
    await lab.page.locator('#parameters').focus();
    await press('t');
    expect(await lab.page.locator('.bins table').count()).toBe(2);
    await press('t');
  });

  it('exchanges left and right', async () => {
    await lab.page.getByRole('button', { name: 'Exchange left and right' }).click();
    await lab.compared();
    expect(await text('.side strong')).toBe('device-step-500.safetensors');
    expect(await text('.facts li:nth-child(2) strong')).toBe('3');
    expect(lab.errors).toEqual([]);
  });
});

describe('what goes wrong', () => {
  it('says why two things cannot be compared', async () => {
    const lab = await openDiffLab({ left: files.model, right: `${files.dump}.none`, size: WIDE });
    expect(await lab.page.locator('.problem').innerText()).toContain('These cannot be compared');
    await lab.close();
  });

  it('says why logits cannot be compared', async () => {
    const lab = await opened();
    await lab.page.getByRole('button', { name: 'Compare logits' }).click();
    await lab.rest();
    expect(await lab.page.locator('.logits').innerText()).toContain('no model that runs');
    await lab.close();
  });

  it('comes up when its first messages get lost', async () => {
    const lab = await openDiffLab({
      left: files.model,
      right: files.dump,
      size: WIDE,
      lostMessages: 1,
    });
    await lab.page.waitForSelector('.all-rows .row.mismatch');
    expect(await lab.page.locator('.all-rows .row').count()).toBeGreaterThan(5);
    await lab.close();
  });
});
