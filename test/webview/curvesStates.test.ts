import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunView } from '../../src/host/runs/runStore';
import { syntheticEvents } from '../curves/syntheticRun';
import { type CurvesLab, type CurvesLabOptions, openCurvesLab } from './curvesLab';
import { withProcess } from './fiveRuns';
import { appendEvents, writeRun, writeRunOf } from './runsOnDisk';

let lab: CurvesLab;
afterEach(() => lab.close());

async function open(options: CurvesLabOptions): Promise<void> {
  lab = await openCurvesLab({ seen: withProcess, ...options });
  await wait(500);
  if (!options.lostMessages) await lab.idle();
}

const plain = (words: string) => words.replaceAll('\u2009', ' ').replace(/\s+/g, ' ').trim();
const page = async () => plain(await lab.page.locator('body').innerText());
const button = (name: string) => lab.page.getByRole('button', { name });

const ID = '20261120-090000-slm';
const small = { name: 'slm', steps: 300, maxSteps: 1000, evalEvery: 100 };
const one =
  (run: Partial<typeof small & { outcome: 'failed'; endsNotFinite: boolean }> = {}) =>
  (dir: string) =>
    void writeRun(dir, ID, { ...small, ...run });
const seenAs = (facts: Partial<RunView>) => () => facts;

describe('with no runs', () => {
  it('the view says so and offers to train', async () => {
    await open({});
    expect(await page()).toContain('No runs in this workspace');
    await button('Train the demo, about 3 minutes').click();
    await button('New config').click();
    await button('Open a runs folder').click();
    await lab.idle();
    expect(lab.calls.map(call => call[1])).toEqual(['demo', 'newConfig', 'openRuns']);
    await lab.picture('curves-empty');
    expect(await lab.accessibilityProblems()).toEqual([]);
  });

  it('and no trust, it offers that instead of training', async () => {
    await open({ isTrusted: false });
    expect(await button('Train the demo, about 3 minutes').count()).toBe(0);
    await button('Manage workspace trust').click();
    await lab.idle();
    expect(lab.calls).toEqual([['start', 'trust']]);
  });

  it('open, it offers those that there are', async () => {
    await open({ write: one() });
    await lab.page.locator('#run-button').click();
    await lab.page.getByRole('menuitem', { name: 'Close in this view' }).click();
    await expect.poll(page, { timeout: 30_000 }).toContain('No run is open here');
    await button('Add runs…').click();
    await lab.idle();
    expect(lab.calls.at(-1)?.[0]).toBe('chooseRuns');
  });
});

describe('before the first step', () => {
  const beginning = [
    ...syntheticEvents({ name: 'slm', steps: 0, maxSteps: 10_000, startedAt: Date.now() - 7000 }),
  ];

  it('the phases stand over real axes, with what to expect', async () => {
    await open({ write: dir => void writeRunOf(dir, ID, beginning.slice(0, -1)) });
    const words = await page();
    expect(words).toContain('Waiting for the first step');
    expect(words).toMatch(/Data ready train.bin · 1 712 804 tokens · 7 473 examples 2.1 s/);
    expect(words).toMatch(/Building the training graph .* \d+ s First step/);
    expect(words).toContain('first checkpoint at step 250');
    expect(words).toContain('continues if this window closes');
    expect(plain((await lab.page.locator('.plot.loss .overlay').textContent()) ?? '')).toContain(
      'expected at step 0: ln 50 257 = 10.82',
    );
    await lab.picture('curves-waiting');
    expect(await lab.accessibilityProblems()).toEqual([]);
  });

  it('give way to the curve when it comes', async () => {
    await open({ write: dir => void writeRunOf(dir, ID, beginning) });
    expect(await page()).toContain('Waiting for the first step');
    const steps = [...syntheticEvents({ name: 'slm', steps: 20, maxSteps: 10_000 })];
    appendEvents(lab.runsDir, ID, steps.slice(beginning.length));
    await expect.poll(page, { timeout: 30_000 }).toContain('20 / 10 000');
    expect(await page()).not.toContain('Waiting for the first step');
  });
});

describe('a run in trouble', () => {
  it('that failed says why, and offers its log and to resume', async () => {
    await open({ write: one({ outcome: 'failed', endsNotFinite: true }) });
    expect(await page()).toContain('The loss of step 299 is not a number.');
    await button('Open log').click();
    await button('Resume').click();
    await lab.idle();
    expect(lab.calls.map(call => call[1])).toEqual(['openLog', 'resume']);
    await lab.picture('curves-failed');
    expect(await lab.accessibilityProblems()).toEqual([]);
  });

  it('whose process is silent keeps its last values and says for how long', async () => {
    const seen = seenAs({ live: true, lease: 'live', status: 'training', silentSeconds: 41 });
    await open({ write: one(), seen });
    expect(await page()).toContain('slm: no heartbeat for 41 s');
    expect(await page()).toContain('Train (EMA)');
    await lab.picture('curves-stale');
    expect(await lab.accessibilityProblems()).toEqual([]);
  });

  it('whose process is gone can be resumed', async () => {
    await open({
      write: one(),
      seen: seenAs({ live: false, lease: 'stale', status: 'interrupted', canResume: true }),
    });
    expect(await page()).toContain('Resume goes on from the last checkpoint');
    await button('Resume').click();
    await lab.idle();
    expect(lab.calls).toEqual([['act', 'resume', ID]]);
  });

  it('whose log is damaged says so and shows the rest', async () => {
    await open({
      write: one(),
      seen: run => ({ ...withProcess(run), damage: 'events.jsonl is damaged at byte 12345' }),
    });
    expect(await page()).toContain('events.jsonl is damaged at byte 12345');
    expect(await page()).toContain('300 / 1 000');
  });
});

describe('without trust', () => {
  it('curves can be viewed, but nothing can be started or stopped', async () => {
    await open({ write: one(), isTrusted: false });
    expect(await page()).toContain('Train (EMA)');
    expect(await button('Stop').count()).toBe(0);
    await lab.page.locator('#run-button').click();
    const items = await lab.page.getByRole('menuitem').allInnerTexts();
    expect(items.map(plain)).toEqual([
      'Open config',
      'Duplicate config',
      'Open log',
      'Reveal folder',
      'Close in this view',
    ]);
    await lab.page.keyboard.press('Escape');
    await button('Manage workspace trust').click();
    await lab.idle();
    expect(lab.calls).toEqual([['start', 'trust']]);
  });
});

describe('hostile names', () => {
  it('are text everywhere, and run nothing', async () => {
    const payload = `<img src=x onerror="window.hacked=1">"'\`\${1}</svg><script>window.hacked=1</script>`;
    const events = [
      ...syntheticEvents({ ...small, name: payload, spike: { step: 50, loss: 9 } }),
    ].map(event => ('message' in event ? { ...event, message: payload } : event));
    await open({ write: dir => void writeRunOf(dir, ID, events) });
    await lab.page.keyboard.press('n');
    await lab.page.keyboard.press('End');
    await lab.page.keyboard.press('t');
    await lab.idle();
    expect(await page()).toContain(payload.slice(0, 30));
    expect(await lab.page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(lab.errors).toEqual([]);
  });
});

describe('the handshake', () => {
  it('is repeated when the first word gets lost', async () => {
    await open({ write: one(), lostMessages: 1 });
    await expect.poll(page, { timeout: 10_000 }).toContain('Train (EMA)');
  });
});

describe('a live run', () => {
  it('that goes on while the view is out of sight is there when it is back', async () => {
    await open({ write: one() });
    const row = (step: number) =>
      lab.page.getByRole('option', { name: new RegExp(`^slm, .*step ${step} of`) });
    await row(300).waitFor();
    lab.session().pause();
    const events = [...syntheticEvents({ ...small, steps: 400 })];
    const from = events.findIndex(event => event.type === 'step' && event.step === 300);
    appendEvents(lab.runsDir, ID, events.slice(from));
    await wait(1500);
    expect(await row(300).count()).toBe(1);
    lab.session().resume();
    await row(400).waitFor();
  });

  it('grows in place while its log does, and ends', async () => {
    await open({ write: one() });
    const events = [...syntheticEvents({ ...small, steps: 1000, outcome: 'done' })];
    const from = events.findIndex(event => event.type === 'step' && event.step === 300);
    for (let at = from; at < events.length; at += 150) {
      appendEvents(lab.runsDir, ID, events.slice(at, at + 150));
      await wait(150);
    }
    await expect.poll(page, { timeout: 30_000 }).toContain('Nothing is training');
    const row = lab.page.getByRole('option', { name: /^slm, done, step 1000 of 1000/ });
    expect(await row.count()).toBe(1);
    await lab.page.keyboard.press('End');
    await lab.idle();
    expect(plain(await lab.page.locator('#read-out').innerText())).toMatch(/^Step 999: slm/);
    expect(lab.errors).toEqual([]);
  });
});
