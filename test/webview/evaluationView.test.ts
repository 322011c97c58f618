import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scratchFolder } from '../durability/scratchFolder';
import { type EvaluationLab, openEvaluationLab } from './evaluationLab';
import { type Written, writeEvaluation } from './evaluationsOnDisk';

const folder = scratchFolder();
const BASELINE = '20261122-090000-gsm8k';
let lab: EvaluationLab;
let own: Written;
let base: Written;

beforeAll(async () => {
  base = writeEvaluation({ folder, id: BASELINE, model: 'slm-base', skill: 0.2, seed: 2 });
  own = writeEvaluation({ folder, id: '20261122-100000-gsm8k', skill: 0.4, seed: 1 });
  lab = await openEvaluationLab({ dir: own.dir, others: [base.dir] });
});
afterAll(() => lab.close());

/** Each test begins with the view as it first opens. */
beforeEach(async () => {
  await lab.page.setViewportSize({ width: 1200, height: 800 });
  await lab.page.evaluate(() => sessionStorage.removeItem('state'));
  lab.calls.length = 0;
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
const indices = async () =>
  (await lab.page.locator('.table .row .index').allTextContents()).map(Number);
const chip = (name: RegExp) => lab.page.locator('.chip', { hasText: name });
const rowCount = async () =>
  Number(await lab.page.getByRole('treegrid').getAttribute('aria-rowcount')) - 1;
const compare = async () => {
  await lab.page.getByLabel('Against').selectOption(BASELINE);
  await lab.page.locator('.paired').waitFor();
  await lab.rest();
};
const wrong = () => own.samples.filter(({ flags }) => flags.includes('wrong'));

describe('the summary', () => {
  it('says what was evaluated', async () => {
    expect(await text('.toolbar')).toContain(
      'GSM8K test 200 of 1 319 · slm-base + gsm8k-r8 · greedy, batch 16, left padded',
    );
  });

  it('shows each score with its interval, on a scale', async () => {
    const strict = own.report.results.find(({ metric }) => metric === 'exact_match_strict')!;
    const half = ((strict.interval![1] - strict.interval![0]) * 50).toFixed(1);
    expect(await text('.cards li >> nth=0')).toBe(
      `Exact match, strict ${(strict.value * 100).toFixed(1)} % ± ${half} 0 % 50 %`,
    );
    const names = await lab.page.locator('.cards h2').allInnerTexts();
    expect(names.map(plain)).toEqual([
      'Exact match, strict',
      'Exact match, flexible',
      'Perplexity, per token',
      'ROUGE-L, F',
      'sacreBLEU',
    ]);
  });

  it('draws the mark where the value is on the scale', async () => {
    const strict = own.report.results.find(({ metric }) => metric === 'exact_match_strict')!;
    const left = await lab.page
      .locator('.cards .mark.own')
      .first()
      .evaluate(element => parseFloat((element as HTMLElement).style.left));
    expect(left).toBeCloseTo((strict.value / 0.5) * 100, 1);
  });

  it('counts how often the two rules agree', async () => {
    const { both, strictOnly, flexibleOnly, neither } = own.report.agreement!;
    const cells = await lab.page.locator('.agreement td:not(:empty)').allInnerTexts();
    expect(cells.map(Number)).toEqual([both, strictOnly, flexibleOnly, neither]);
  });

  it('is a table at a key, with every score', async () => {
    await press('t');
    expect(await lab.page.locator('.score-table tbody tr').count()).toBe(own.report.results.length);
    expect(await text('.score-table tbody tr >> nth=0')).toContain('Exact match');
    expect(await lab.page.locator('.score-table .notes li').allInnerTexts()).toEqual(own.report.notes); // prettier-ignore
  });
});

describe('the samples', () => {
  it('are there all, and only those in sight are in the page', async () => {
    expect(await rowCount()).toBe(200);
    expect(await lab.page.locator('.table .row').count()).toBeLessThan(60);
    expect((await indices())[0]).toBe(0);
  });

  it.each([
    ['2', 'wrong'],
    ['3', 'strict-flexible'],
    ['4', 'ran-on'],
    ['5', 'arithmetic-error'],
  ] as const)('are narrowed down by key %s to those that are %s', async (key, flag) => {
    await press(key);
    const fitting = own.samples.filter(({ flags }) => flags.includes(flag));
    expect(fitting.length).toBeGreaterThan(0);
    expect(await rowCount()).toBe(fitting.length);
    expect((await indices())[0]).toBe(fitting[0]!.index);
    await press('1');
    expect(await rowCount()).toBe(200);
  });

  it('say on the chips how many there are of each', async () => {
    expect(plain(await chip(/^\s*Wrong/).innerText())).toBe(`Wrong ${wrong().length}`);
    expect(await chip(/Flips/).count()).toBe(0);
  });

  it('are found by words in any of their texts', async () => {
    await press('/');
    await lab.page.keyboard.type('BAKER rolls');
    await lab.rest();
    const fitting = own.samples.filter(({ question }) => /baker.*rolls/.test(question));
    expect(await rowCount()).toBe(fitting.length);
    await press('Escape', 'Escape');
    expect(await rowCount()).toBe(200);
  });

  it('that do not exist are said to be none, and all come back', async () => {
    await press('/');
    await lab.page.keyboard.type('zebra');
    await lab.rest();
    expect(await text('.no-rows')).toContain('No sample fits this filter.');
    await lab.page.getByRole('button', { name: 'Show all' }).click();
    await lab.rest();
    expect(await rowCount()).toBe(200);
  });

  it('have further filters in a menu', async () => {
    await lab.page.locator('#filter-button').click();
    await lab.page.getByRole('menuitemcheckbox', { name: /no answer/ }).click();
    await lab.rest();
    const fitting = own.samples.filter(({ flags }) => flags.includes('no-answer'));
    expect(await rowCount()).toBe(fitting.length);
    await lab.page.getByRole('button', { name: 'Only no answer: show all again' }).click();
    await lab.rest();
    expect(await rowCount()).toBe(200);
  });

  it('are sorted by the heads', async () => {
    const head = lab.page.getByRole('columnheader', { name: 'Tokens' });
    await head.getByRole('button').click();
    await lab.rest();
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    const most = own.samples.toSorted((a, b) => b.newTokens - a.newTokens || a.index - b.index);
    expect((await indices()).slice(0, 5)).toEqual(most.slice(0, 5).map(({ index }) => index));
    await head.getByRole('button').click();
    await lab.rest();
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    await head.getByRole('button').click();
    await lab.rest();
    expect((await indices())[0]).toBe(0);
  });
});

describe('one sample', () => {
  const slipped = () => own.samples.find(({ flags }) => flags.includes('arithmetic-error'))!;
  const openSlipped = async () => {
    await press('5', 'ArrowDown', 'ArrowRight');
    await lab.page.locator('.texts').waitFor();
    await lab.rest();
  };

  it('opens by key, and says so', async () => {
    await openSlipped();
    const row = lab.page.locator('.row.chosen');
    expect(await row.getAttribute('aria-expanded')).toBe('true');
    expect(await text('.asked')).toBe(slipped().question);
    await press('ArrowLeft');
    expect(await lab.page.locator('.expanded').count()).toBe(0);
  });

  it('shows what was expected beside what was written, line by line', async () => {
    await openSlipped();
    const wanted = await lab.page.locator('.lines.wanted .line').allInnerTexts();
    const written = await lab.page.locator('.lines.written .line').allInnerTexts();
    expect(wanted).toEqual(slipped().reference.split('\n'));
    expect(written).toEqual(slipped().output.split('\n'));
    expect(await lab.page.locator('.lines.wanted .other').count()).toBeGreaterThan(0);
  });

  it('checks each note of its arithmetic', async () => {
    await openSlipped();
    const [first] = slipped().arithmetic;
    expect(await text('.checks li >> nth=0')).toContain(
      `${first!.note} should be ${first!.expected}`,
    );
    expect(await text('.checks li >> nth=1')).toContain('follows the error');
  });

  it('shows how surprising each token was, and the worst in words', async () => {
    await openSlipped();
    await press('h');
    const { reference } = slipped();
    expect(await lab.page.locator('.heat-token').count()).toBe(
      reference.match(/\s?[^\s]+|\n/g)!.length,
    );
    expect(await text('.worst')).toMatch(/Most surprising: .* nats, p 0\.\d+/);
  });

  it('pushes the rows below it down, and never covers them', async () => {
    await openSlipped();
    const boxes = await lab.page
      .locator('.row.chosen, .expanded')
      .evaluateAll(elements =>
        elements.map(element => element.getBoundingClientRect().toJSON() as DOMRect),
      );
    const [row, detail] = boxes.sort((a, b) => a.top - b.top);
    expect(Math.abs(detail!.top - row!.bottom)).toBeLessThan(1);
    const tops = await lab.page
      .locator('.row:not(.chosen)')
      .evaluateAll(elements => elements.map(element => element.getBoundingClientRect().top));
    expect(tops.filter(top => top > row!.top && top < detail!.bottom - 1)).toEqual([]);
  });

  it('goes to the sandbox with its prompt', async () => {
    await openSlipped();
    await press('o');
    expect(lab.calls.at(-1)).toEqual(['openInSandbox', own.plan, slipped().prompt]);
  });

  it('can be answered again', async () => {
    await openSlipped();
    await lab.page.getByRole('button', { name: 'Run again' }).click();
    await lab.rest();
    expect(lab.calls.at(-1)).toEqual(['runAgain', [slipped().index]]);
  });

  it('is looked at again after the view was hidden', async () => {
    await openSlipped();
    await lab.reload();
    await lab.page.locator('.texts').waitFor();
    await lab.rest();
    expect(await text('.asked')).toBe(slipped().question);
    expect(await rowCount()).toBe(
      own.samples.filter(({ flags }) => flags.includes('arithmetic-error')).length,
    );
  });
});

describe('two evaluations', () => {
  const rightOf = ({ samples }: Written) =>
    new Set(samples.filter(({ exact }) => exact!.isRight).map(({ index }) => index));

  it('are compared, with the answers that flipped and how likely that is by chance', async () => {
    await compare();
    const [now, before] = [rightOf(own), rightOf(base)];
    const gained = [...now].filter(index => !before.has(index)).length;
    const lost = [...before].filter(index => !now.has(index)).length;
    expect(await text('.paired')).toContain(`${gained} wrong → right, ${lost} right → wrong`);
    expect(await text('.paired')).toMatch(/Better .* McNemar p < 0\.001 bootstrap \+[\d.]+ points/);
    expect(await lab.page.locator('.cards .mark.other').count()).toBe(5);
  });

  it('have their flips as a filter, each said in words', async () => {
    await compare();
    await press('6');
    const [now, before] = [rightOf(own), rightOf(base)];
    const flips = own.samples.filter(({ index }) => now.has(index) !== before.has(index));
    expect(await rowCount()).toBe(flips.length);
    const words = now.has(flips[0]!.index) ? 'wrong → right' : 'right → wrong';
    expect(await text('.table .row >> nth=0')).toContain(words);
  });

  it('show a sample’s two outputs against each other', async () => {
    await compare();
    await press('6', 'ArrowDown', 'ArrowRight');
    await lab.page.locator('.texts').waitFor();
    await press('b');
    const [first] = await indices();
    const shown = await lab.page.locator('.lines.wanted .line').allInnerTexts();
    expect(shown).toEqual(base.samples[first!]!.output.split('\n'));
  });

  it('are no longer compared when nobody wants it', async () => {
    await compare();
    await lab.page.getByLabel('Against').selectOption('');
    await lab.rest();
    expect(await lab.page.locator('.paired').count()).toBe(0);
    expect(await chip(/Flips/).count()).toBe(0);
  });
});

describe('taking it elsewhere', () => {
  const exported = async (label: RegExp): Promise<string> => {
    await lab.page.locator('#export-button').click();
    await lab.page.getByRole('menuitem', { name: label }).click();
    await lab.rest();
    const call = lab.calls.findLast(([name]) => name === 'save')!;
    return call[3] as string;
  };

  it('as a table has a line for each sample', async () => {
    const lines = (await exported(/CSV/)).match(/^\d+,/gm)!;
    expect(lines).toHaveLength(200);
    expect(await text('.footer')).toContain('Saved 20261122-100000-gsm8k.csv');
  });

  it('as JSON holds the samples as they are', async () => {
    const { samples } = JSON.parse(await exported(/JSON/)) as { samples: unknown[] };
    expect(samples).toEqual(own.samples);
  });

  it('as a page can be read where nothing may run', async () => {
    const page = await exported(/HTML/);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script/);
    expect(page.match(/<details>/g)).toHaveLength(200);
    expect(page).toContain('&lt;&lt;');
  });
});

describe('what can be started', () => {
  it('is all that is wrong, again', async () => {
    await lab.page.getByRole('button', { name: 'Run failed again' }).click();
    await lab.rest();
    expect(lab.calls.at(-1)).toEqual(['runAgain', wrong().map(({ index }) => index)]);
  });

  it('is nothing in a folder that is not trusted', async () => {
    await lab.setTrusted(false);
    expect(await lab.page.getByRole('button', { name: /Run failed/ }).count()).toBe(0);
    await lab.page.getByRole('button', { name: 'Manage workspace trust' }).click();
    await lab.rest();
    expect(lab.calls.at(-1)![0]).toBe('manageTrust');
    await lab.setTrusted(true);
  });
});

describe('the view', () => {
  it('lists its keys', async () => {
    await press('?');
    expect(await text('.help')).toContain('O Open the prompt in the sandbox');
    await press('Escape');
    expect(await lab.page.locator('.help').count()).toBe(0);
  });

  it('keeps the page free of errors', () => {
    expect(lab.errors).toEqual([]);
  });
});
