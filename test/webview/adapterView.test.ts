/** The view of adapters over real files: what it says, shows, exports; keys, themes, widths. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scratchFolder } from '../durability/scratchFolder';
import { type AdapterLab, openAdapterLab } from './adapterLab';
import { writeAdapter, writeBase } from './adaptersOnDisk';
import { type EditorThemeName, editorThemes } from './editorThemes';

const folder = scratchFolder();
const at = (name: string) => join(folder, name);
writeBase(at('base'));
writeBase(at('other'), { hidden_size: 32 });
const attention = ['q_proj', 'k_proj', 'v_proj', 'o_proj'];
const every = [...attention, 'gate_proj', 'up_proj', 'down_proj'];
const maths = writeAdapter(at('maths'), { seed: 1, rank: 8, targets: every });
const style = writeAdapter(at('style'), {
  ...{ seed: 2, rank: 4, targets: attention, rslora: true },
  like: { seed: 1, share: 0.4 },
});
const astray = writeAdapter(at('astray'), {
  ...{ seed: 3, rank: 2, targets: ['q_proj'], base: '../nowhere' },
});

const plain = (words: string) =>
  words
    .replaceAll(/[\u2009\u00a0]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
const textIn = async ({ page }: AdapterLab, selector: string) =>
  plain(await page.locator(selector).first().innerText());
const savedBy = ({ calls }: AdapterLab, ending: string): string =>
  calls.findLast(([name, file]) => name === 'save' && String(file).endsWith(ending))![2] as string;

async function exported(lab: AdapterLab, label: string): Promise<void> {
  await lab.page.locator('[title="Export"]').click();
  await lab.page.getByRole('menuitem', { name: label }).click();
  await lab.rest();
}

describe('one adapter', () => {
  let lab: AdapterLab;
  beforeAll(async () => {
    lab = await openAdapterLab({ adapters: [maths] });
  });
  afterAll(() => lab.close());

  it('says first how much it changes, and then what it is', async () => {
    expect(await textIn(lab, '.verdict')).toMatch(
      /^Changes 84 layers most model\.layers\.\d+\.\S+, by [\d.]+ % of its norm · effective rank \d\.\d of 8 on average$/,
    );
    const facts = await textIn(lab, '.facts');
    expect(facts).toContain('Rank 8 Alpha 16 Scaling 2 (α ÷ r)');
    expect(facts).toContain('in 84 layers');
    expect(facts).toContain('q_proj, k_proj, v_proj');
  });

  it('has a cell for each layer and module, and says its number', async () => {
    const cells = lab.page.locator('.map-cell:not(.none)');
    expect(await cells.count()).toBe(84);
    expect(await cells.first().getAttribute('aria-label')).toMatch(
      /^model\.layers\.0\.\S+: ‖BA‖ [\d.]+$/,
    );
  });

  it('looks at the layer that changes most, with its singular values', async () => {
    expect(await textIn(lab, '.detail h2')).toMatch(/^model\.layers\.11\./);
    expect(await lab.page.locator('.chart .mark').count()).toBe(8);
    const words = await lab.page.locator('.chart').getAttribute('aria-label');
    expect(words).toMatch(/^Singular values\. 8 values from [\d.]+ to [\d.]+$/);
  });

  it('sorts by a number, filters by words, and is moved through by keys', async () => {
    const { page } = lab;
    await page.locator('.head').getByText('‖BA‖', { exact: true }).click();
    await lab.rest();
    const first = await page.locator('.row .name').first().getAttribute('title');
    expect(first).toBe(await textIn(lab, '.detail h2'));
    await page.keyboard.press('/');
    await page.keyboard.type('layers.3 mlp');
    await lab.rest();
    expect(await page.locator('.row').count()).toBe(3);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('End');
    await lab.rest();
    expect(await textIn(lab, '.detail h2')).toMatch(/^model\.layers\.3\.mlp\./);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('layers');
    await page.keyboard.press('Escape');
    await lab.rest();
    expect(await textIn(lab, '.filters > .faint')).toBe('84 of 84 layers');
  });

  it('is moved through in the map, in any metric', async () => {
    const { page } = lab;
    await page.keyboard.press('e');
    await page.keyboard.press('m');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await lab.rest();
    expect(await textIn(lab, '.map-section [aria-live]')).toMatch(
      /^model\.layers\.1\.\S+: ‖BA‖ ÷ ‖W‖ [\d.]+ %$/,
    );
    await page.keyboard.press('Enter');
    await lab.rest();
    expect(await textIn(lab, '.detail h2')).toMatch(/^model\.layers\.1\./);
    await page.keyboard.press('t');
    await lab.rest();
    expect(await page.locator('.spectrum .numbers tbody tr').count()).toBe(8);
    await page.keyboard.press('t');
    await page.keyboard.press('c');
    await lab.rest();
    expect(lab.calls.at(-1)).toEqual(['copy', await textIn(lab, '.detail h2')]);
  });

  it('is exported as JSON, as a table and as a picture', async () => {
    await exported(lab, 'JSON');
    const { adapters } = JSON.parse(savedBy(lab, 'maths.json')) as {
      adapters: { rank: number; layers: { norm: number; share: number; singularValues: number[] }[] }[]; // prettier-ignore
    };
    const [{ rank, layers }] = adapters as [(typeof adapters)[0]];
    expect([rank, layers.length]).toEqual([8, 84]);
    for (const { norm, share, singularValues } of layers) {
      expect(Math.hypot(...singularValues)).toBeCloseTo(norm, 10);
      expect(share).toBeGreaterThan(0);
    }
    await exported(lab, 'CSV');
    const lines = savedBy(lab, 'maths.csv').trim().split('\n');
    expect(lines[0]).toBe('layer,norm,share,largest,effective_rank');
    expect(lines).toHaveLength(85);
    await exported(lab, 'SVG');
    const picture = savedBy(lab, 'maths.svg');
    expect(picture.match(/<title>/g)).toHaveLength(84);
    await lab.page.evaluate(text => {
      const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
      if (parsed.querySelector('parsererror')) throw new Error('no SVG');
    }, picture);
  });

  it('makes no mistakes on the way', () => {
    expect(lab.errors).toEqual([]);
  });
});

describe('one adapter after two were looked at', () => {
  it('is coloured and sorted by what there is of it', async () => {
    const memory = {
      ...{ metric: 'subspace', side: 'second', first: 3, second: 4 },
      sorting: { by: 'norm', side: 'second', isDescending: true },
    };
    const lab = await openAdapterLab({ adapters: [maths], memory });
    await lab.rest();
    expect(await lab.page.locator('.map-cell.waiting').count()).toBe(0);
    const first = await lab.page.locator('.row .name').first().getAttribute('title');
    expect(first).toBe(await textIn(lab, '.detail h2'));
    await lab.picture('adapter-one');
    await lab.close();
  });
});

describe('an adapter whose base is elsewhere', () => {
  it('is shown all the same, and compared with the base once that is named', async () => {
    const lab = await openAdapterLab({ adapters: [astray], chooseBase: () => at('base') });
    expect(await textIn(lab, '.facts')).toContain('../nowhere not here, choose its folder…');
    expect(await textIn(lab, '.verdict')).toContain('‖BA‖');
    await lab.page.getByText('choose its folder…').click();
    await lab.page.getByText(/by [\d.]+\s% of its norm/).waitFor();
    expect(lab.calls).toContainEqual(['chooseBase', '../nowhere']);
    expect(lab.errors).toEqual([]);
    await lab.close();
  });

  it('says when the base that is named is another', async () => {
    const lab = await openAdapterLab({ adapters: [astray], chooseBase: () => at('other') });
    await lab.page.getByText('choose its folder…').click();
    await lab.page.locator('.callout.warning').waitFor();
    expect(await textIn(lab, '.callout.warning')).toMatch(
      /is \[32, 32\] in .*: it is of another base/,
    );
    await lab.close();
  });
});

describe('what is no adapter', () => {
  it('is refused with what it is instead, and the others stay', async () => {
    const lab = await openAdapterLab({ adapters: [at('base'), maths] });
    expect(await textIn(lab, '.adapter-card .callout')).toContain('it is no adapter');
    expect(await textIn(lab, '.adapter-card.second')).toContain('Rank 8');
    expect(lab.errors).toEqual([]);
    await lab.close();
  });
});

describe('two adapters', () => {
  let lab: AdapterLab;
  beforeAll(async () => {
    lab = await openAdapterLab({ adapters: [maths], chooseAdapter: () => style });
    await lab.page.getByText('Compare with another adapter…').click();
    await lab.page.locator('.adapter-card.second .facts').waitFor();
    await lab.rest();
  });
  afterAll(() => lab.close());

  it('have an overlap, and their numbers side by side', async () => {
    expect(lab.calls).toContainEqual(['shows', 'maths', 'style']);
    expect(await textIn(lab, '.verdict')).toMatch(
      /^Subspace overlap 0\.\d+, cosine −?0\.\d+ on average over 48 layers that both change · overlap by chance 0\.125 · 36 layers only in A, 0 only in B$/,
    );
    expect(await textIn(lab, '.adapter-card.second')).toContain('Scaling 4 (rsLoRA, α ÷ √r)');
    const heads = await lab.page.locator('.head [role=columnheader]').allInnerTexts();
    expect(heads.map(plain)).toEqual(
      ['Layer', '‖BA‖ A', '‖BA‖ B', 'of ‖W‖ A', 'of ‖W‖ B', 'Eff. rank A', 'Eff. rank B', 'Subspace', 'Cosine'], // prettier-ignore
    );
  });

  it('colour the map by their overlap', async () => {
    await lab.page.locator('.map-section .select').selectOption('subspace');
    await lab.rest();
    const cell = lab.page.locator('.map-cell[aria-label*="self_attn.q_proj"]').first();
    expect(await cell.getAttribute('aria-label')).toMatch(/Subspace overlap 0\.\d+$/);
    const alone = lab.page.locator('.map-cell[aria-label*="mlp.up_proj"]').first();
    expect(await alone.getAttribute('aria-label')).toMatch(/no number$/);
  });

  it('are exported together', async () => {
    await exported(lab, 'CSV');
    const [head, ...rows] = savedBy(lab, 'maths-and-style.csv').trim().split('\n');
    expect(head).toMatch(/effective_rank_2,cosine,subspace$/);
    expect(rows.filter(row => row.endsWith(',,,,,,'))).toHaveLength(36);
  });

  it('change places', async () => {
    await lab.page.keyboard.press('x');
    await lab.rest();
    expect(await textIn(lab, '.adapter-card.first h2')).toBe('style');
    await lab.page.keyboard.press('x');
    await lab.rest();
  });

  it.each(Object.keys(editorThemes) as EditorThemeName[])(
    'look right and are accessible in %s',
    async theme => {
      await lab.setTheme(theme);
      for (const width of [1280, 920, 600, 480, 300]) {
        await lab.page.setViewportSize({ width, height: 860 });
        await lab.rest();
        await lab.rest();
        await lab.picture(`adapter-${theme}-${width}`);
        expect(await lab.accessibilityProblems()).toEqual([]);
        const isWide = await lab.page.evaluate(() =>
          ['html', '.toolbar', '.adapters', '.footer', '.map-section', '.detail'].filter(
            selector => {
              const box = document.querySelector(selector);
              return box !== null && box.scrollWidth > box.clientWidth;
            },
          ),
        );
        expect(isWide).toEqual([]);
      }
    },
  );

  it('make no mistakes on the way, whatever a page sends', async () => {
    await lab.receive({ id: 1, request: 'remove', params: { at: -1 } });
    await lab.receive({ id: 2, request: 'save', params: { format: 'exe', first: 0 } });
    expect(lab.calls.filter(([name]) => name === 'shows')).toHaveLength(2);
    expect(lab.errors).toEqual([]);
  });
});

describe('several adapters', () => {
  it('have a table of all pairs, from which one is chosen', async () => {
    const lab = await openAdapterLab({ adapters: [maths, style, astray] });
    expect(await lab.page.locator('.pair').count()).toBe(6);
    await lab.page.getByRole('button', { name: /^style and astray: 0\.\d+$/ }).click();
    await lab.rest();
    expect(await textIn(lab, '.verdict')).toContain('over 12 layers that both change');
    await lab.picture('adapter-three');
    expect(await lab.accessibilityProblems()).toEqual([]);
    await lab.page.locator('[title="Remove astray"]').click();
    await lab.page.locator('.pairs').waitFor({ state: 'detached' });
    await lab.rest();
    expect(await textIn(lab, '.adapter-card.first h2')).toBe('maths');
    expect(lab.errors).toEqual([]);
    await lab.close();
  });
});
