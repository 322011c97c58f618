/** The report while an evaluation runs, after it was stopped, and when it is very large or damaged. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { evaluationFiles } from '../../src/protocol/evaluation';
import { scratchFolder } from '../durability/scratchFolder';
import { type EvaluationLab, type EvaluationLabOptions, openEvaluationLab } from './evaluationLab';
import { line, sampleOf, writeEvaluation } from './evaluationsOnDisk';

const folder = scratchFolder();
let lab: EvaluationLab | undefined;
let made = 0;
const newId = () => `20261122-10000${made++}-gsm8k`;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

async function open(options: EvaluationLabOptions): Promise<EvaluationLab> {
  lab = await openEvaluationLab(options);
  return lab;
}

const plain = (words: string) => words.replaceAll('\u2009', ' ').replace(/\s+/g, ' ').trim();
const text = async (selector: string) => plain(await lab!.page.locator(selector).innerText());
const rowCount = async () =>
  Number(await lab!.page.getByRole('treegrid').getAttribute('aria-rowcount')) - 1;

const progress = (done: number) => ({
  phase: 'generating' as const,
  done,
  total: 64,
  tokensPerSecond: 71,
  secondsLeft: 40,
});

describe('while it runs', () => {
  it('samples come in, scores are of those so far, and nothing jumps', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 64, stoppedAt: 16 });
    const { page, change, rest } = await open({ dir });
    await change({ state: 'running', progress: progress(16) });
    await page.locator('.table .row').first().waitFor();
    expect(await text('.running')).toBe('Generating, 16 of 64 · 71 tok/s · 40 s left');
    expect(await text('.cards li >> nth=0')).toContain('so far');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.locator('.texts').waitFor();
    await rest();
    const before = await page.locator('.row.chosen').boundingBox();
    for (let i = 16; i < 32; i++)
      appendFileSync(join(dir, evaluationFiles.samples), line(sampleOf(i, 0.4, 1)));
    await change({ progress: progress(32) });
    await rest();
    expect(await rowCount()).toBe(32);
    expect(await page.locator('.row.chosen').boundingBox()).toEqual(before);
    await lab!.picture('evaluation-running');
    expect(await lab!.accessibilityProblems()).toEqual([]);
  });

  it('is stopped by its button', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 64, stoppedAt: 16 });
    const { page, change, calls } = await open({ dir });
    await change({ state: 'running', progress: progress(16) });
    await page.getByRole('button', { name: 'Stop' }).click();
    await lab!.rest();
    expect(calls.at(-1)).toEqual(['stop', dir]);
  });

  it('becomes its report when it is done', async () => {
    const id = newId();
    const { dir } = writeEvaluation({ folder, id, samples: 64, stoppedAt: 16 });
    const { page, change } = await open({ dir });
    await change({ state: 'running', progress: progress(16) });
    const { report } = writeEvaluation({ folder, id, samples: 64 });
    await change({ state: 'done', progress: null });
    await page.locator('.agreement').waitFor();
    expect(await rowCount()).toBe(64);
    expect(await text('.footer')).toContain(`BLEU signature ${report.bleu!.signature}`);
  });
});

describe('one that was stopped', () => {
  it('says so, and goes on at a press', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 64, stoppedAt: 16 });
    const { page, calls } = await open({ dir });
    await page.locator('.callout').waitFor();
    expect(await text('.callout')).toContain('Stopped after 16 of 64 samples');
    await page.getByRole('button', { name: 'Resume' }).click();
    await lab!.rest();
    expect(calls.at(-1)).toEqual(['resume', dir]);
  });

  it('by a failure says which', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 64, stoppedAt: 16 });
    const { change } = await open({ dir });
    await change({ problem: { code: 'disk.full', message: 'The disk is full.' } });
    expect(await text('.callout.error')).toBe('The disk is full.');
  });
});

describe('files that are not as they should be', () => {
  it('a damaged line is left out and told', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 16 });
    appendFileSync(join(dir, evaluationFiles.samples), '{"index": 99, "question":\n');
    const { page } = await open({ dir });
    await page.locator('.callout').waitFor();
    expect(await text('.callout')).toContain('1 line of samples.jsonl cannot be read');
    expect(await rowCount()).toBe(16);
  });

  it('a folder whose plan is none of ours says what is wrong', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 4 });
    const opened = await open({ dir });
    writeFileSync(join(dir, evaluationFiles.plan), '{}');
    await opened.reload();
    await opened.page.locator('.problem').waitFor();
    expect(await text('.problem')).toContain('does not say what was evaluated');
    expect(await opened.accessibilityProblems()).toEqual([]);
  });
});

describe('a very large one', () => {
  it('of 10 000 samples keeps few rows in the page and answers a key at once', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 10_000 });
    const { page, rest } = await open({ dir });
    await page.locator('.table .row').first().waitFor();
    await expect.poll(rowCount, { timeout: 30_000 }).toBe(10_000);
    await page.locator('.table').focus();
    await page.keyboard.press('End');
    await rest();
    expect(await text('.row.chosen .index')).toBe('9 999');
    expect(await page.locator('.table .row').count()).toBeLessThan(60);
    const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
    expect(nodes).toBeLessThan(4000);
    await page.keyboard.press('2');
    await rest();
    expect(await rowCount()).toBeLessThan(10_000);
  });

  it('with 1 MB of text in a sample shows its beginning, and the rest as a text', async () => {
    const { dir, plan } = writeEvaluation({ folder, id: newId(), samples: 3, padding: 1_000_000 });
    const { page, rest, calls } = await open({ dir });
    await page.locator('.table .row').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.locator('.texts').waitFor();
    await rest();
    const shown = await page.locator('.lines.written').innerText();
    expect(shown.length).toBeLessThan(25_000);
    expect(await text('.side[aria-label=Actual]')).toMatch(/The first 20 000 of 1 0\d\d \d\d\d/);
    await page.getByRole('button', { name: 'Open all as text' }).click();
    await rest();
    const [name, title, whole] = calls.at(-1)! as [string, string, string];
    expect([name, title]).toEqual(['openText', `${plan.name} 0 output`]);
    expect(whole.length).toBeGreaterThan(1_000_000);
  });
});

describe('a view', () => {
  it('comes up though its first message is lost', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 4 });
    const { page } = await open({ dir, lostMessages: 1 });
    await page.locator('.table .row').first().waitFor();
    expect(await rowCount()).toBe(4);
  });

  it('of one that only measures perplexity shows what there is', async () => {
    const id = newId();
    const { dir, plan, samples } = writeEvaluation({ folder, id, samples: 8 });
    const measured = samples.map(sample => ({
      ...sample,
      output: '',
      expected: null,
      exact: null,
      strict: null,
      flexible: null,
      rouge: null,
      bleu: null,
      arithmetic: [],
      flags: [],
      newTokens: 0,
      ended: null,
    }));
    writeFileSync(
      join(dir, evaluationFiles.plan),
      JSON.stringify({ ...plan, metrics: ['perplexity'], generation: null, extract: 'text' }),
    );
    writeFileSync(join(dir, evaluationFiles.samples), measured.map(line).join(''));
    const { page } = await open({ dir });
    await page.locator('.table .row').first().waitFor();
    const heads = await page.locator('.table [role=columnheader]').allInnerTexts();
    expect(heads.map(plain).filter(Boolean)).toEqual(['Open', '#', 'Question', 'Perplexity']);
    expect(await text('.toolbar')).toContain('nothing generated');
    expect(await page.locator('.chip').count()).toBe(0);
    expect(await lab!.accessibilityProblems()).toEqual([]);
  });

  it('opens the steps of the agent that answered', async () => {
    const { dir } = writeEvaluation({ folder, id: newId(), samples: 4, agent: true });
    const { page, rest, calls } = await open({ dir });
    await page.locator('.table .row').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Show steps' }).click();
    await rest();
    expect(calls.at(-1)).toEqual(['openTrace', dir, 0]);
  });
});
