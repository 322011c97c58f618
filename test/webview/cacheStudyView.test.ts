/** The view of a cache study on a study of the fixtures, saved as the command line saves it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RanStudy } from '../../src/engine/cacheStudy/runStudy';
import { saveStudy } from '../../src/engine/cacheStudy/studyFiles';
import type { StudyReport } from '../../src/protocol/cacheStudy';
import { scratchFolder } from '../durability/scratchFolder';
import { fixture, resultOf, run, studyOf } from '../engine/cacheStudy/studies';
import { type CacheStudyLab, openCacheStudyLab } from './cacheStudyLab';
import { type EditorThemeName, editorThemes } from './editorThemes';

const runsDir = join(scratchFolder(), 'runs');
const config = { path: fixture('reference.py'), text: 'weightroom: 1\n' }; // a file that is there
let lab: CacheStudyLab;
let ran: RanStudy;
let report: StudyReport;

beforeAll(async () => {
  const before = await run(studyOf('mha', { strategies: ['full', 'lowrank-kv'] }), {
    name: 'before',
  });
  saveStudy(runsDir, { ...before, report: { ...before.report, name: 'before' } }, config);
  await new Promise(resolve => setTimeout(resolve, 1100)); // ids have seconds
  ran = await run(studyOf('mha', { store: ['fp32', 'int8'], ranks: [2] }), { name: 'study' });
  ({ report } = saveStudy(runsDir, ran, config));
  lab = await openCacheStudyLab({ runsDir });
});
afterAll(() => lab.close());

/** Each test begins with the view as it first opens. */
beforeEach(async () => {
  await lab.page.setViewportSize({ width: 1200, height: 800 });
  await lab.page.mouse.move(600, 10);
  await lab.page.evaluate(() => sessionStorage.removeItem('state'));
  await lab.reload();
  await lab.page.locator('.map .cell').first().waitFor();
  await lab.idle();
});

const plain = (words: string) => words.replaceAll('\u2009', ' ').replace(/\s+/g, ' ').trim();
const text = async (selector: string) =>
  plain(await lab.page.locator(selector).first().innerText());
const press = async (...keys: string[]) => {
  for (const key of keys) await lab.page.keyboard.press(key);
  await lab.idle();
};
const click = async (
  name: string | RegExp,
  role: 'button' | 'radio' | 'menuitemradio' | 'menuitem' = 'button',
) => {
  await lab.page.getByRole(role, { name }).first().click();
  await lab.idle();
};
const percents = (adapter: string, variant: string) =>
  report.results
    .find(r => r.adapter === adapter && r.variant === variant)!
    .layers.map(l => 100 * l.v_rel_l2);

describe('the head', () => {
  it('says what was studied, and the verdict of what is chosen', async () => {
    expect(await text('.head')).toContain('model · 2 adapters · shared prefix of 24 tokens · cpu');
    const { kl, top1_agreement } = report.variants.find(v => v.variant === 'lowrank-kv/fp32/own')!;
    const verdict = await text('.verdict');
    expect(verdict).toContain(`KL ${Number(kl.toPrecision(3))}`);
    expect(verdict).toContain(`top-1 ${Number((100 * top1_agreement).toFixed(1))} %`);
  });

  it('offers the ranks and stores that were tried, of strategies that have them', async () => {
    expect(await lab.page.getByRole('radio').count()).toBe(5 + 2 + 2);
    await lab.page.getByRole('radio', { name: 'base', exact: true }).check({ force: true });
    await lab.idle();
    expect(await lab.page.getByRole('radio').count()).toBe(5);
    expect(await text('.verdict')).toContain('36 KiB');
  });
});

describe('the map', () => {
  it('ticks what is exact and says the errors of the rest', async () => {
    const row = lab.page.locator('.grid-row').nth(1);
    expect(await row.locator('.name').innerText()).toBe('adapter-qkvo');
    expect(await row.locator('.cell.exact').count()).toBe(1);
    const shown = (await row.locator('.number').allInnerTexts()).map(Number);
    expect(shown).toEqual(percents('adapter-qkvo', 'lowrank-kv/fp32/own').slice(1).map(Math.round));
    expect(await text('.exactness')).toBe('Layer 0 is exact: same input for every adapter');
  });

  it('moves by arrows, and tells where it is', async () => {
    await press('ArrowDown', 'ArrowRight', 'ArrowRight');
    const error = Math.round(percents('adapter-qkvo', 'lowrank-kv/fp32/own')[2]!);
    expect(await text('.line')).toContain(`adapter-qkvo, layer 2: ${error} %, worst at token`);
    const cell = lab.page.locator('#cell-chosen');
    expect(await cell.getAttribute('aria-label')).toBe(`adapter-qkvo, layer 2: ${error}`);
    expect(await cell.getAttribute('aria-selected')).toBe('true');
    await press('ArrowRight', 'ArrowDown'); // at its ends it stays
    expect(await text('.line')).toContain('adapter-qkvo, layer 2');
  });

  it('says other measures, of keys too', async () => {
    await press('m');
    await click('K, relative L2 in %', 'menuitemradio');
    const { layers } = resultOf(ran, 'adapter-qkvo', 'lowrank-kv');
    const shown = await lab.page.locator('.grid-row').nth(1).locator('.number').allInnerTexts();
    expect(shown.map(Number)).toEqual(layers.slice(1).map(l => Math.round(100 * l.k_rel_l2)));
  });

  it('goes on to the tokens of an adapter and back', async () => {
    await press('ArrowDown', 'ArrowRight', 'Enter');
    await lab.page.locator('wr-heat canvas').waitFor();
    expect(await text('.map-part h2')).toBe('Error by layer and token');
    await press('ArrowRight', 'ArrowRight', 'ArrowRight');
    const errors = ran.tokenErrors.get('adapter-qkvo/lowrank-kv/fp32/own/v_rel_l2')!.data;
    const here = 100 * (errors as Float32Array)[24 + 2]!;
    expect(await text('.token-line')).toBe(`Layer 1, token 2: ${Math.round(here)} %`);
    const inMap = () => lab.page.evaluate(() => document.activeElement?.id);
    expect(await inMap()).toBe('map');
    await press('Escape');
    expect(await lab.page.locator('.grid').count()).toBe(1);
    expect(await inMap()).toBe('map');
  });
});

describe('the texts', () => {
  it('stand side by side, the first difference marked', async () => {
    await press('ArrowDown');
    const truth = resultOf(ran, 'adapter-qkvo', 'full');
    const kept = resultOf(ran, 'adapter-qkvo', 'lowrank-kv');
    const at = kept.first_divergence!;
    expect(await text('.chip')).toBe(`low-rank K and V: equal for ${at}`);
    const words = lab.page.locator('.text .words');
    expect(plain(await words.nth(0).innerText())).toBe(truth.greedy_ids.join(' '));
    expect(plain(await words.nth(1).innerText())).toBe(kept.greedy_ids.join(' '));
    expect(await words.nth(1).locator('mark').innerText()).toBe(String(kept.greedy_ids[at]));
  });

  it('have a mark for each adapter where they part', async () => {
    const marks = lab.page.locator('.divergence-part .mark');
    expect(await marks.count()).toBe(4 * 2); // strategies but the truth, times adapters
  });
});

describe('quality against memory', () => {
  it('has a point for each way, and the front is the Pareto front', async () => {
    const { variants } = report;
    expect(await lab.page.locator('.point').count()).toBe(variants.length);
    const beaten = variants.filter(v =>
      variants.some(
        o =>
          (o.kl < v.kl && o.total_bytes <= v.total_bytes) ||
          (o.kl <= v.kl && o.total_bytes < v.total_bytes),
      ),
    );
    expect(await lab.page.locator('.quality .mark.hollow').count()).toBe(beaten.length);
    expect(variants.filter(v => v.on_front)).toHaveLength(variants.length - beaten.length);
  });

  it('is a table by key, from which a way can be chosen', async () => {
    await press('t');
    const rows = lab.page.locator('.plot-part tbody tr');
    expect(await rows.count()).toBe(report.variants.length);
    await click('low-rank V, int8, r 2');
    expect(await text('.plot-part tr.chosen th')).toContain('low-rank V, int8, r 2');
    expect(await text('.bars .chosen .name')).toBe('low-rank V, int8, r 2');
  });

  it('goes through the strategies by key', async () => {
    const chosen = () => text('.bars .chosen .name');
    await press('s');
    expect(await chosen()).toBe('full');
    await press('Shift+S');
    expect(await chosen()).toBe('low-rank K and V');
  });
});

describe('memory', () => {
  it('says what each way takes for all adapters, and from how many it pays', async () => {
    const bars = await lab.page.locator('.bars li').allInnerTexts();
    expect(bars.map(plain).map(b => b.replace(/ /g, ''))).toEqual([
      'full72KiB1.0×',
      'base36KiB2.0×',
      'low-rankV,pinv40.5KiB1.8×',
      'low-rankV40.5KiB1.8×',
      'low-rankKandV42.8KiB1.7×',
    ]);
    expect(await text('.facts')).toContain('Pays from 2 adapters');
  });
});

describe('other studies', () => {
  it('are compared with, way by way', async () => {
    await click('Compare');
    await click(/Compare with .*before/, 'menuitemradio');
    await lab.page.locator('.comparison-part tbody tr').first().waitFor();
    expect(await lab.page.locator('.comparison-part tbody tr').count()).toBe(2);
    expect(await text('.comparison-part')).toContain('full 0 = ');
  });

  it('are shown in its place', async () => {
    await click('Compare');
    await click(/Show .*before/, 'menuitem');
    await lab.page.locator('.footer', { hasText: 'before' }).waitFor();
    expect(await lab.page.locator('.point').count()).toBe(2);
  });
});

describe('the menu of exports', () => {
  it.each([
    ['All of the report as JSON…', 'json'],
    ['Errors by layer as CSV…', 'csv'],
    ['A page to read as HTML…', 'html'],
  ])('%s', async (label, kind) => {
    await click('Export');
    await click(label, 'menuitem');
    const [name, file, , content] = lab.calls.at(-1)!;
    expect([name, String(file).endsWith(`study.${kind}`)]).toEqual(['save', true]);
    expect(await text('.footer')).toContain('Saved');
    const written = String(content);
    if (kind === 'json') expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(report)));
    else if (kind === 'csv')
      expect(written.trim().split('\r\n')).toHaveLength(1 + report.results.length * 3);
    else expect(written).toContain('lowrank-v-pinv/int8/2');
  });

  it('opens the config, and the study is run again', async () => {
    await click('Export');
    await click('Open the config', 'menuitem');
    await click('Run again');
    expect(lab.calls.slice(-2)).toEqual([
      ['openConfig', config.path],
      ['runAgain', config.path],
    ]);
    lab.session().become({ kind: 'running', config: 'study.yaml' });
    await lab.page.locator('.running').waitFor();
    lab.session().become({ kind: 'failed', message: 'The study of study.yaml failed.' });
    expect(await text('.callout')).toBe('The study of study.yaml failed.');
  });
});

it('remembers how somebody looks, and no facts', async () => {
  await press('ArrowDown', 's');
  const memory = await lab.page.evaluate(() => sessionStorage.getItem('state'));
  expect(memory).not.toContain('rel_l2":');
  await lab.reload();
  await lab.page.locator('.map .cell').first().waitFor();
  await lab.idle();
  expect(await text('.grid-row.chosen .name')).toBe('adapter-qkvo');
  expect(await text('.bars .chosen .name')).toBe('full');
});

it('drops what is no request, and answers what cannot be with an error', async () => {
  const said: unknown[] = [];
  const { CacheStudySession } = await import('../../src/host/cacheStudy/cacheStudySession');
  const nothing = () => Promise.resolve();
  const session = new CacheStudySession({
    post: message => said.push(message),
    ports: {
      ...{ isTrusted: true, list: () => Promise.resolve([]), runAgain: nothing },
      ...{ openConfig: nothing, manageTrust: nothing, copy: nothing },
      save: () => Promise.resolve(null),
    },
  });
  for (const message of [null, 'ready', { id: 1 }, { id: 1, request: 'rm', params: null }])
    await session.receive(message);
  expect(said).toEqual([]);
  const params = { study: '../../etc', adapter: 'a', variant: 'b', side: 'v' };
  await session.receive({ id: 2, request: 'tokens', params });
  expect(said).toMatchObject([{ type: 'reply', id: 2, error: { code: 'cache.failed' } }]);
});

const themes = Object.keys(editorThemes) as EditorThemeName[];

describe.each(themes)('in the theme %s', theme => {
  it.each([
    [1600, 900],
    [1200, 800],
    [760, 900],
    [480, 800],
    [320, 700],
  ])('%d × %d looks right and is accessible', async (width, height) => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width, height });
    await lab.idle();
    await lab.idle();
    await lab.picture(`cache-study-${theme}-${width}`);
    expect(await lab.accessibilityProblems()).toEqual([]);
    const overflows = await lab.page.evaluate(() =>
      ['html', '.head', '.choices', '.body', '.left', '.right', '.footer'].filter(selector => {
        const box = document.querySelector(selector);
        return box !== null && box.scrollWidth > box.clientWidth + 1;
      }),
    );
    expect(overflows).toEqual([]);
    expect(lab.errors).toEqual([]);
  });

  it('tokens, table, menu and keys are accessible', async () => {
    await lab.setTheme(theme);
    for (const [name, open, close] of [
      ['tokens', 'Enter', 'Escape'],
      ['table', 't', 't'],
      ['menu', 'm', 'Escape'],
      ['keys', '?', 'Escape'],
    ] as const) {
      await press(open);
      await lab.picture(`cache-study-${theme}-${name}`);
      expect(await lab.accessibilityProblems(), name).toEqual([]);
      await press(close);
    }
  });
});

it('says what a study is where there is none', async () => {
  const empty = await openCacheStudyLab({ runsDir: join(runsDir, 'none'), isTrusted: false });
  await empty.page.getByRole('heading', { name: 'No cache study yet' }).waitFor();
  await empty.page.getByRole('button', { name: 'Manage workspace trust' }).click();
  await empty.idle();
  expect(empty.calls).toEqual([['trust']]);
  expect(await empty.accessibilityProblems()).toEqual([]);
  await empty.picture('cache-study-empty');
  await empty.close();
});

it('keeps a report as the file has it', () => {
  const [newest] = [report].map(({ tokens_file, config_path }) => ({ tokens_file, config_path }));
  expect(newest).toEqual({ tokens_file: 'tokens.safetensors', config_path: config.path });
  expect(readFileSync(config.path, 'utf8')).toContain('Independent reference');
});
