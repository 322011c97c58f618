import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emaOf } from '../../src/curves/ema';
import type { RunSeries } from '../../src/curves/runSeries';
import { readSeries } from '../../src/engine/run/seriesCache';
import { type CurvesLab, openCurvesLab } from './curvesLab';
import { ids, withProcess, writeFiveRuns } from './fiveRuns';

let lab: CurvesLab;
let base: RunSeries;

beforeAll(async () => {
  lab = await openCurvesLab({ write: writeFiveRuns, seen: withProcess });
  base = await readSeries(join(lab.runsDir, ids.base));
});
afterAll(() => lab.close());

/** Each test begins with the view as it first opens, all logs read. */
beforeEach(async () => {
  await lab.page.mouse.move(600, 10);
  await lab.page.evaluate(() => sessionStorage.removeItem('state'));
  await lab.reload();
  await lab.idle();
  await lab.page.getByText('Reading the log').waitFor({ state: 'detached' });
  await lab.idle();
});

const text = async (selector: string) => plain(await lab.page.locator(selector).innerText());
/** Thin spaces as ordinary ones, line breaks as spaces. */
const plain = (words: string) => words.replaceAll('\u2009', ' ').replace(/\s+/g, ' ').trim();
const press = async (...keys: string[]) => {
  for (const key of keys) {
    await lab.page.keyboard.press(key);
    await lab.idle();
  }
};
const click = async (selector: string) => {
  await lab.page.locator(selector).first().click();
  await lab.idle();
};
const options = () => lab.page.getByRole('option');
const option = (name: string) => lab.page.getByRole('option', { name: new RegExp(`^${name},`) });

/** Where in the loss plot, as shares of its width and height. */
async function spot(share: number, height = 0.9) {
  const box = (await lab.page.locator('.plot.loss .plot-area').boundingBox())!;
  return { x: box.x + box.width * share, y: box.y + box.height * height };
}

async function hover(share: number) {
  const { x, y } = await spot(share);
  await lab.page.mouse.move(x, y);
  await lab.idle();
}

async function drag(from: number, to: number) {
  const [a, b] = [await spot(from), await spot(to)];
  await lab.page.mouse.move(a.x, a.y);
  await lab.page.mouse.down();
  await lab.page.mouse.move((a.x + b.x) / 2, b.y, { steps: 3 });
  await lab.page.mouse.move(b.x, b.y);
  await lab.page.mouse.up();
  await lab.idle();
}

const axisLabels = async (plot = 'loss') => {
  const labels = lab.page.locator(`.plot.${plot} .tick-label[text-anchor=middle]`);
  return (await labels.allTextContents()).map(plain);
};
const choose = (name: string) => lab.page.getByRole('radio', { name, exact: true }).check();

/** Pixels of the loss plot's canvas that are nearly of this colour. */
function pixelsOf(colour: string): Promise<number> {
  return lab.page.locator('.plot.loss canvas').evaluate((canvas, hex) => {
    const { width, height } = canvas as HTMLCanvasElement;
    const { data } = (canvas as HTMLCanvasElement)
      .getContext('2d')!
      .getImageData(0, 0, width, height);
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
    let count = 0;
    for (let i = 0; i < data.length; i += 4)
      if (
        Math.abs(data[i]! - r) + Math.abs(data[i + 1]! - g) + Math.abs(data[i + 2]! - b) < 24 &&
        data[i + 3]! > 200
      )
        count++;
    return count;
  }, colour);
}

const BLUE = '#56B4E9';
const ORANGE = '#E69F00';

describe('the plots', () => {
  it('draw every visible run in its colour, and say how much of it', async () => {
    for (const colour of [BLUE, ORANGE, '#2DB88C', '#D98CB8', '#F0E442'])
      expect(await pixelsOf(colour)).toBeGreaterThan(200);
    expect(await text('.footer')).toMatch(
      /5 of 5 runs shown [\d ]+ points drawn of [\d ]+, extremes kept/,
    );
  });

  it('show a spike of one step among ten thousand', async () => {
    const top = Number(await lab.page.locator('.anomaly-line.spike').getAttribute('y2'));
    const { height } = (await lab.page.locator('.plot.loss .plot-area').boundingBox())!;
    expect(top).toBeGreaterThan(20);
    expect(top).toBeLessThan(height * 0.5);
  });

  it('keep the page free of errors', () => {
    expect(lab.errors).toEqual([]);
  });
});

describe('the cursor', () => {
  it('reads the exact values of a real step', async () => {
    await hover(0.5);
    const words = await text('.read-out');
    const step = Number(/at step ([\d ]+) train/.exec(words)![1]!.replaceAll(' ', ''));
    const [, train, raw] = /slm-base (\S+) (\S+)/.exec(words)!;
    expect(step).toBeGreaterThan(4900);
    expect(step).toBeLessThan(5100);
    expect(raw).toBe(base.steps.at('loss', step).toFixed(3));
    expect(train).toBe(emaOf(base.steps.get('loss'), 0.8)[step]!.toFixed(3));
  });

  it('stands in all plots at once', async () => {
    await hover(0.3);
    expect(await lab.page.locator('.cursor-line').count()).toBe(4);
    const shares = await lab.page
      .locator('.cursor-line')
      .evaluateAll(lines =>
        lines.map(line => Number(line.getAttribute('x1')) / (line.parentElement?.clientWidth ?? 1)),
      );
    for (const share of shares) expect(share).toBeCloseTo(shares[0]!, 2);
  });

  it('names only runs that have a step there', async () => {
    await hover(0.4);
    expect(await text('.read-out')).toContain('slm-wd0.1');
    await hover(0.9);
    expect(await text('.read-out')).not.toContain('slm-wd0.1');
  });

  it('leaves with the pointer', async () => {
    await hover(0.5);
    await lab.page.mouse.move(600, 10);
    await lab.idle();
    expect(await lab.page.locator('.cursor-line').count()).toBe(0);
  });

  it('moves by key, and is then spoken', async () => {
    await press('Home');
    expect(await text('#read-out')).toMatch(/^Step \d+: /);
    const at = async () => Number(/Step (\d+)/.exec(await text('#read-out'))![1]);
    const first = await at();
    await press('ArrowRight');
    const second = await at();
    await press('ArrowRight');
    expect((await at()) - second).toBeLessThanOrEqual(12);
    await press('Shift+ArrowRight', 'ArrowLeft');
    expect(await at()).toBeGreaterThan(second + 8 * (second - first));
    await press('End');
    expect(await at()).toBe(6239);
  });

  it('reads every single step of a zoomed range', async () => {
    await press('Home', '+', '+', '+', '+', '+', '+', '+');
    await press('Home');
    const steps: number[] = [];
    for (let i = 0; i < 4; i++) {
      steps.push(Number(/Step (\d+)/.exec(await text('#read-out'))![1]));
      await press('ArrowRight');
    }
    expect(steps.map(step => step - steps[0]!)).toEqual([0, 1, 2, 3]);
  });
});

describe('the range', () => {
  it('follows a drag, in all plots', async () => {
    await drag(0.2, 0.4);
    for (const plot of ['loss', 'learningRate']) {
      const labels = await axisLabels(plot);
      expect(labels.length).toBeGreaterThan(0);
      expect(labels.every(label => /^(2|3|4)[ .\d]*\d*k?$/.test(label))).toBe(true);
    }
    expect(await text('.footer')).toMatch(/points drawn/);
  });

  it.each([
    ['the key 0', () => press('0')],
    [
      'a double-click',
      async () => {
        const { x, y } = await spot(0.5);
        await lab.page.mouse.dblclick(x, y);
        await lab.idle();
      },
    ],
    ['the button', () => click('vscode-button[aria-label="Show everything (0)"]')],
  ])('is whole again after %s', async (_, reset) => {
    const whole = await axisLabels();
    await drag(0.2, 0.4);
    expect(await axisLabels()).not.toEqual(whole);
    await reset();
    // The cursor's pill hides a label.
    await lab.page.mouse.move(600, 10);
    await lab.idle();
    expect(await axisLabels()).toEqual(whole);
  });

  it('moves with Shift and a drag', async () => {
    await drag(0.2, 0.4);
    const before = await axisLabels();
    await lab.page.keyboard.down('Shift');
    await drag(0.8, 0.2);
    await lab.page.keyboard.up('Shift');
    const after = await axisLabels();
    expect(after).not.toEqual(before);
    const number = (label = '') => Number(label.replaceAll(' ', ''));
    expect(number(after[0])).toBeGreaterThan(number(before[0]));
  });

  it('counts tokens or time as well', async () => {
    await choose('Tokens');
    await lab.idle();
    expect((await axisLabels()).some(label => label.endsWith(' M'))).toBe(true);
    await choose('Time');
    await lab.idle();
    expect((await axisLabels()).some(label => / h| min/.test(label))).toBe(true);
  });

  it('is logarithmic on either axis', async () => {
    expect(await text('.scale-note')).toBe('log scale');
    await press('l');
    expect(await text('.scale-note')).toBe('');
    await press('x');
    expect(await axisLabels()).toContain('100');
    expect(await pixelsOf(BLUE)).toBeGreaterThan(200);
  });
});

describe('the runs', () => {
  it('stand in the list with state, progress and what is left', async () => {
    expect(await options().count()).toBe(5);
    expect(plain(await option('slm-base').innerText())).toMatch(
      /slm-base 6 240 \/ 10 000 · \d+ min left/,
    );
    expect(plain(await option('slm-wd0.1').innerText())).toContain('stopped at a checkpoint');
    expect(plain(await option('slm-bf16').innerText())).toContain('not a number');
  });

  it('can be hidden, and shown again', async () => {
    await option('slm-lr3e-4').locator('.tick').click();
    await lab.idle();
    expect(await pixelsOf(ORANGE)).toBe(0);
    expect(await option('slm-lr3e-4').getAttribute('aria-checked')).toBe('false');
    await option('slm-lr3e-4').locator('.tick').click();
    await lab.idle();
    expect(await pixelsOf(ORANGE)).toBeGreaterThan(200);
  });

  it('are highlighted by a click, and keep their colour', async () => {
    const before = await pixelsOf(ORANGE);
    await option('slm-lr3e-4').click();
    await lab.idle();
    expect(await option('slm-lr3e-4').getAttribute('aria-selected')).toBe('true');
    expect(await text('#details-title')).toBe('SLM-LR3E-4');
    expect(await pixelsOf(ORANGE)).toBeGreaterThan(before);
  });

  it('are walked through by key: arrows move, Space hides, Enter highlights', async () => {
    await option('slm-base').focus();
    await press('ArrowDown', 'ArrowDown', 'Space');
    expect(await option('slm-wd0.1').getAttribute('aria-checked')).toBe('false');
    await press('Space', 'Enter');
    expect(await option('slm-wd0.1').getAttribute('aria-checked')).toBe('true');
    expect(await option('slm-wd0.1').getAttribute('aria-selected')).toBe('true');
  });

  it('can be searched', async () => {
    await click('vscode-button[aria-label="Find a run"]');
    await lab.page.locator('vscode-text-field.search').click();
    await lab.page.keyboard.type('lr3');
    await lab.idle();
    expect(await options().count()).toBe(1);
    await press('Escape');
    expect(await options().count()).toBe(5);
  });

  it('show their facts, and what can be done with them', async () => {
    expect(await text('.facts')).toContain('Tokens 51.1 M of 81.9 M');
    expect(await text('.facts')).toContain('Config configs/slm-base.yaml');
    await click('.details vscode-button[aria-label="Stop"]');
    await click('.details vscode-button[aria-label="Save a checkpoint now"]');
    await click('.facts .link');
    expect(lab.calls.slice(-3)).toEqual([
      ['act', 'stop', ids.base],
      ['act', 'checkpoint', ids.base],
      ['act', 'openConfig', ids.base],
    ]);
  });

  it('offer more in a menu that is used by key', async () => {
    await option('slm-wd0.1').click();
    await lab.page.locator('#run-button').focus();
    await press('Enter', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Enter');
    expect(lab.calls.at(-1)).toEqual(['act', 'openLog', ids.decayed]);
    expect(await lab.page.locator('[role=menu]').count()).toBe(0);
  });

  it('have their configs compared in pairs', async () => {
    await click('#compare-button');
    await lab.page.getByRole('menuitem', { name: 'slm-base ↔ slm-lr3e-4' }).click();
    await lab.idle();
    expect(lab.calls.at(-1)).toEqual(['compareConfigs', [ids.base, ids.fast]]);
  });
});

describe('the average', () => {
  it('follows the slider', async () => {
    const train = async () => (await text('.facts')).match(/Train \(EMA\) (\S+)/)![1];
    const before = await train();
    await lab.page.locator('input[type=range]').focus();
    await press('End');
    expect(await text('.smoothing output')).toBe('0.999');
    expect(await train()).toBe(emaOf(base.steps.get('loss'), 0.999).at(-1)!.toFixed(3));
    expect(await train()).not.toBe(before);
  });

  it('is what is left when the raw values are off', async () => {
    const label = lab.page.locator('.legend').first();
    expect(await label.innerText()).toContain('over min–max');
    await lab.page.getByRole('checkbox', { name: 'Raw' }).click();
    await lab.idle();
    expect(await label.innerText()).toBe('train, EMA');
  });
});

describe('events', () => {
  it('come one after another by key, with a card for the anomaly', async () => {
    await press('n');
    expect(await text('.anomaly-card')).toContain('Spike at step 2 875');
    expect(await text('.anomaly-card')).toContain('18× the median');
    await press('n');
    expect(await text('.anomaly-card')).toContain('Not a number at step 3 417');
  });

  it('lead to their line in the log', async () => {
    await lab.page.getByRole('button', { name: 'Spike in slm-lr3e-4' }).click();
    await lab.page.getByRole('button', { name: 'Go to event' }).click();
    await lab.idle();
    const [name, run, seq] = lab.calls.at(-1)!;
    expect([name, run]).toEqual(['showEvent', ids.fast]);
    expect(seq).toBeGreaterThan(2875);
  });

  it('can be looked at closely, and muted', async () => {
    await press('n');
    await lab.page.getByRole('button', { name: 'Zoom here' }).click();
    await lab.idle();
    expect(await axisLabels()).toContain('2 800');
    await lab.page.getByRole('button', { name: 'Mute' }).click();
    await press('0');
    expect(await lab.page.locator('.anomaly-line.spike').count()).toBe(0);
  });
});

describe('the table', () => {
  it('has the numbers of the curves', async () => {
    await press('t');
    const heads = (await lab.page.locator('thead tr').nth(1).innerText()).split(/\t/);
    expect(heads.slice(0, 3)).toEqual(['train', 'min–max', 'validation']);
    const rows = await lab.page.locator('tbody tr').allInnerTexts();
    const at6000 = rows.map(row => row.split('\t').map(plain)).find(([step]) => step === '6 000')!;
    expect(at6000[3]).toBe(base.evaluations.at('loss', 23).toFixed(3));
  });

  it('shows the other plots too', async () => {
    await press('t');
    await choose('Learning rate');
    await lab.idle();
    expect(plain(await lab.page.locator('tbody tr').nth(1).innerText())).toMatch(/e−/);
  });
});

describe('export', () => {
  const exportAs = async (name: string) => {
    await click('#export-button');
    await lab.page.getByRole('menuitem', { name }).click();
    await expect.poll(() => lab.calls.at(-1)?.[0]).toMatch(/save|copy/);
    await lab.idle();
  };
  const lastCall = () => lab.calls.at(-1) as [string, string, Uint8Array];

  it('saves a picture as SVG', async () => {
    await exportAs('Save as SVG…');
    const [, kind, content] = lastCall();
    expect(kind).toBe('svg');
    expect(new TextDecoder().decode(content)).toMatch(/^<svg.*slm-base.*<\/svg>$/s);
    expect(await text('.notice')).toContain('Saved loss.svg');
  });

  it('saves a picture as PNG, twice as dense', async () => {
    await exportAs('Save as PNG…');
    await expect.poll(() => lastCall()[1]).toBe('png');
    const png = Buffer.from(lastCall()[2]);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([2400, 1350]);
  });

  it('saves every step as CSV', async () => {
    await exportAs('Save data as CSV…');
    const lines = new TextDecoder().decode(lastCall()[2]).split('\n');
    expect(lines.filter(line => line.startsWith('slm-base,')).length).toBe(6240);
  });

  it('copies what stands under the cursor', async () => {
    await press('Home', 'End');
    await exportAs('Copy visible values');
    const [, copied] = lab.calls.at(-1) as [string, string];
    expect(copied.split('\n')[1]).toMatch(/^slm-base\t6239\t/);
  });
});

describe('memory', () => {
  it('keeps taste, not facts, when the view is made anew', async () => {
    await press('l');
    await option('slm-wd0.1').locator('.tick').click();
    await drag(0.2, 0.4);
    const labels = await axisLabels();
    await lab.reload();
    await lab.idle();
    await lab.page.getByText('Reading the log').waitFor({ state: 'detached' });
    await lab.idle();
    expect(await text('.scale-note')).toBe('');
    expect(await option('slm-wd0.1').getAttribute('aria-checked')).toBe('false');
    expect(await axisLabels()).toEqual(labels);
    const kept = await lab.page.evaluate(() => sessionStorage.getItem('state') ?? '');
    expect(kept).not.toMatch(/checkpoint|loss|notables/);
  });
});

describe('a run that is asked for from outside', () => {
  it('is highlighted, and shown if it was hidden', async () => {
    await option('slm-wd0.1').locator('.tick').click();
    await lab.idle();
    lab.session().show([ids.decayed]);
    await expect.poll(() => option('slm-wd0.1').getAttribute('aria-selected')).toBe('true');
    expect(await option('slm-wd0.1').getAttribute('aria-checked')).toBe('true');
  });
});

describe('a view of medium width', () => {
  it('has the list of runs in a drawer', async () => {
    await lab.page.setViewportSize({ width: 760, height: 800 });
    await lab.idle();
    expect(await options().count()).toBe(0);
    await click('vscode-button[aria-label="Runs"]');
    await option('slm-wd0.1').click();
    await lab.idle();
    expect(await text('#details-title')).toBe('SLM-WD0.1');
    await press('Escape');
    expect(await options().count()).toBe(0);
    await lab.page.setViewportSize({ width: 1200, height: 800 });
  });
});

describe('help', () => {
  it('lists the keys, and Escape closes it', async () => {
    await press('?');
    expect(await text('[role=dialog]')).toContain('Next event');
    await press('Escape');
    expect(await lab.page.locator('[role=dialog]').count()).toBe(0);
  });
});
