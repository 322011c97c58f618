import { afterEach, describe, expect, it } from 'vitest';
import type { AgentRecord, AgentStep } from '../../src/protocol/evaluation';
import { shownTrace } from '../../webview/agents/traceSteps';
import { type AgentsLab, type AgentsLabOptions, openAgentsLab } from './agentsLab';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { sampleOf, traceOf } from './evaluationsOnDisk';

const sample = sampleOf(6, 1, 1);
const records = traceOf(sample);
const steps = records.filter((record): record is AgentStep => record.type === 'step');

/** With the calculator's calls, and three answers that are voted on. */
const voted: AgentRecord[] = [
  { ...records[0]!, type: 'agent', agent: 'calculator', votes: 3 } as AgentRecord,
  ...[0, 1, 2].map((vote): AgentRecord => ({
    ...steps[1]!,
    step: vote + 1,
    vote,
    prompt: sample.prompt,
    output: 'So 48 / 2 = <<48/2=24>>24 rolls, and <<24/0=?>> is nothing.\n#### 24',
    calls: [
      { expression: '48/2', result: '24', problem: null, at: 12 },
      { expression: '24/0', result: null, problem: 'division by zero', at: 37 },
    ],
    answer: vote === 2 ? '25' : '24',
  })),
  {
    type: 'end',
    final: '#### 24',
    answer: '24',
    isGood: true,
    reason: 'voted',
    tally: [
      { answer: '24', votes: 2 },
      { answer: '25', votes: 1 },
    ],
    steps: 3,
    newTokens: 120,
    seconds: 3.6,
  },
];

let lab: AgentsLab | undefined;
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});
async function open(options: Partial<AgentsLabOptions> = {}): Promise<AgentsLab> {
  lab = await openAgentsLab({ records, ...options });
  await lab.page.locator('.trace').waitFor();
  return lab;
}

const plain = (words: string) => words.replaceAll('\u2009', ' ').replace(/\s+/g, ' ').trim();
const text = async (selector: string) => plain(await lab!.page.locator(selector).innerText());

describe('a trace', () => {
  it('has the question first, then the answer, then the steps', async () => {
    await open();
    expect(await text('.question')).toBe(sample.question);
    expect(await text('.verdict')).toBe(
      `${sample.expected} ended by a good answer after 2 steps, 80 tokens, 1.8 s`,
    );
    expect(await lab!.page.locator('.step').count()).toBe(2);
  });

  it('says of each step what it wrote, what was wrong with it, and how long it took', async () => {
    await open();
    expect(await text('.step >> nth=0')).toMatch(
      /Step 1 not good yet .* 40 tokens, ended at a stop text 0.6 s .*It is about 12\. Critique Check the arithmetic/,
    );
    expect(await text('.step >> nth=1')).toContain('Step 2 good');
  });

  it('shows of a prompt that grows what is new, and all at a press', async () => {
    await open();
    const prompt = lab!.page.locator('.step >> nth=1').locator('.prompt');
    const added = steps[1]!.prompt.slice(steps[0]!.prompt.length);
    expect(plain(await prompt.innerText())).toBe(plain(added));
    await lab!.page.keyboard.press('p');
    await lab!.rest();
    expect(plain(await prompt.innerText())).toBe(plain(steps[1]!.prompt));
  });

  it('marks the calculator’s calls, and counts votes', async () => {
    await open({ records: voted });
    const marks = await lab!.page.locator('.step >> nth=0').locator('mark').allInnerTexts();
    expect(marks).toEqual(['<<48/2=24>>', '<<24/0=?>>']);
    expect(await text('.step >> nth=0 >> .calls')).toBe('48/2 = 24 24/0 = ? division by zero');
    expect(await text('.tally')).toBe('24 2 votes 25 1 vote');
    expect(await text('.step >> nth=2')).toContain('voter 3');
  });

  it('becomes an example at a click', async () => {
    const { page, rest, calls } = await open();
    await page.getByRole('button', { name: 'Save as evaluation example' }).click();
    await rest();
    const [, line] = calls.at(-1)!;
    const example = JSON.parse(line as string) as { question: string; answer: string };
    expect(example.question).toBe(sample.question);
    expect(example.answer).toContain(`#### ${sample.expected}`);
    expect(await text('.footer')).toContain('The example is in agent_examples.jsonl');
  });

  it('becomes one with the answer that its reader knows to be right', async () => {
    const { page, rest, calls } = await open();
    await page.keyboard.press('e');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('1234');
    await page.getByRole('button', { name: 'Save as evaluation example' }).click();
    await rest();
    expect(JSON.parse(calls.at(-1)![1] as string)).toEqual({
      question: sample.question,
      answer: '#### 1234',
    });
  });

  it('goes to the sandbox, step by step', async () => {
    const { page, rest, calls } = await open();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('o');
    await rest();
    expect(calls.at(-1)).toEqual(['openInSandbox', steps[0]!.prompt]);
  });

  it('is saved as JSON lines', async () => {
    const { page, rest, calls } = await open();
    await page.getByRole('button', { name: /Save the trace/ }).click();
    await rest();
    const lines = (calls.at(-1)![1] as string).trim().split('\n');
    expect(lines.map(each => JSON.parse(each) as unknown)).toEqual(records);
  });
});

describe('while an agent works', () => {
  it('its text comes in, and it is stopped by Escape', async () => {
    const { page, rest, calls, change } = await open({ records: [records[0]!], isRunning: true });
    expect(await text('.verdict')).toBe('Opening the model');
    await change({ writing: { step: 1, text: 'The baker' } });
    expect(await text('.step')).toContain('Step 1 writing The baker');
    await change({ records: records.slice(0, 2), writing: null });
    expect(await lab!.page.locator('.step').count()).toBe(1);
    await page.keyboard.press('Escape');
    await rest();
    expect(calls).toContainEqual(['stop']);
    await change({ records, isRunning: false });
    expect(await text('.verdict')).toContain(sample.expected!);
    await page.getByRole('button', { name: 'Ask again' }).click();
    await rest();
    expect(calls.at(-1)).toEqual(['askAgain']);
  });

  it('a failure is said where the steps are', async () => {
    const { change } = await open({ records: [records[0]!], isRunning: true });
    await change({ isRunning: false, problem: { code: 'x', message: 'The model is damaged.' } });
    expect(await text('.callout')).toBe('The model is damaged.');
  });

  it('nothing is started in a folder that is not trusted', async () => {
    const { page } = await open({ isTrusted: false });
    expect(await page.getByRole('button', { name: 'Ask again' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Manage workspace trust' }).count()).toBe(1);
  });
});

describe.each(Object.keys(editorThemes) as EditorThemeName[])('in the theme %s', theme => {
  it('looks right and is accessible at every width', async () => {
    const opened = await open({ records: voted, theme });
    for (const [width, height] of [
      [1200, 800],
      [480, 800],
      [300, 700],
    ] as const) {
      await opened.page.setViewportSize({ width, height });
      await opened.rest();
      await opened.picture(`agents-${theme}-${width}`);
      expect(await opened.accessibilityProblems()).toEqual([]);
      const isWider = await opened.page.evaluate(() =>
        ['html', '.toolbar', '.trace', '.footer'].filter(selector => {
          const box = document.querySelector(selector);
          return box !== null && box.scrollWidth > box.clientWidth;
        }),
      );
      expect(isWider).toEqual([]);
    }
    expect(opened.errors).toEqual([]);
  });
});

describe('the steps', () => {
  it('of several voters have prompts of their own', () => {
    const { steps: shown } = shownTrace(voted);
    expect(shown.map(({ same }) => same)).toEqual([0, 0, 0]);
    expect(shownTrace(records).steps.map(({ same }) => same)).toEqual([0, steps[0]!.prompt.length]);
  });
});
