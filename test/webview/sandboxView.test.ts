/** The sandbox as its user works with it: writing, looking at tokens, branching, keys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { PROMPT, sandboxDriver } from './sandboxDriver';

const {
  lab,
  page,
  button,
  column,
  tokens,
  words,
  press,
  until,
  generate,
  runColumn,
  begin,
  models,
  picked,
  early,
  late,
  chat,
  openLab,
} = sandboxDriver();

/** Rewarded for what it wrote already, a greedy model repeats itself and comes to no end. */
const writeForever = async () => {
  await page().locator('#number-maxTokens').fill('30000');
  await page().locator('#number-repetitionPenalty').fill('0.5');
  await page().locator('#number-temperature').fill('0');
  await page().keyboard.press('Tab');
  await press('Control+Enter');
};

describe('without a model', () => {
  beforeEach(() => begin());

  it('one can be chosen', async () => {
    lab().willChoose(late);
    await button('Choose a model…').click();
    await page().locator('textarea.prompt-text').waitFor();
    expect(await words('.model-button')).toBe('SLM 123 k · tiny, step 240');
    expect(await page().locator('.prompt-head').innerText()).toContain('Prompt');
  });
});

describe('one column', () => {
  beforeEach(() => begin(late));

  it('counts the tokens of the prompt as they are typed, and shows them', async () => {
    await page()
      .getByText(/^\d+ tokens of 128$/)
      .waitFor();
    await press('t');
    const chips = page().locator('.chip');
    await chips.first().waitFor();
    const texts = await page().locator('.chip-text').allInnerTexts();
    expect(texts.join('')).toBe(PROMPT.replaceAll(' ', '·').replaceAll('\n', '↵'));
    expect(await words('.prompt-head')).toContain(`${texts.length} tokens of 128`);
  });

  it('writes with Ctrl+Enter, says how it ended, how fast, and how sure', async () => {
    await generate();
    expect(await tokens(0).count()).toBeGreaterThan(5);
    expect(await words('.status')).toMatch(/end token|length/);
    expect(await words('.stats')).toMatch(
      /First token \d+ ms Speed [\d.]+ tok\/s Tokens \d+ Cache/,
    );
    expect(await words('.verdict')).toMatch(/^Least sure of token \d+ .+ at 0\.\d+/);
    expect(await page().locator('.view > [role=status]').innerText()).toMatch(/^done, \d+ tokens$/);
  });

  it('is tinted, or not', async () => {
    await page().locator('#number-temperature').fill('2');
    await page().keyboard.press('Tab');
    await generate();
    expect(await page().locator('.token.t6').count()).toBeGreaterThan(0);
    await page().getByLabel('Tint').selectOption('none');
    await lab().idle();
    expect(await page().locator('[class*="token t"]').count()).toBe(0);
  });

  it('stops with Escape within a token', async () => {
    await writeForever();
    await until(async () => (await tokens(0).count()) > 3);
    await press('Escape');
    await lab().untilWritten();
    expect(await words('.status')).toBe('stopped');
    expect(await tokens(0).count()).toBeLessThan(30_000);
  });

  it('stops with Escape while the mouse rests on a token', async () => {
    await writeForever();
    await tokens(0).nth(2).dispatchEvent('pointerover', { bubbles: true, pointerType: 'mouse' });
    await page().locator('.popover').waitFor();
    await press('Escape');
    await lab().untilWritten();
    expect(await words('.status')).toBe('stopped');
  });

  it('stops with Escape in the moment in which it was asked to write', async () => {
    await page().locator('#number-maxTokens').fill('30000');
    await page().keyboard.press('Tab');
    await page().evaluate(() => {
      const key = { bubbles: true, cancelable: true };
      document.body.dispatchEvent(
        new KeyboardEvent('keydown', { ...key, key: 'Enter', ctrlKey: true }),
      );
      document.body.dispatchEvent(new KeyboardEvent('keydown', { ...key, key: 'Escape' }));
    });
    await lab().untilWritten();
    expect(await words('.status')).toBe('stopped');
    // None if it had to open its model first, some of a model that is open and quick.
    expect(await tokens(0).count()).toBeLessThan(1000);
  });

  it('has a text for hover, keys and clicks: alternatives of each token', async () => {
    await generate();
    await tokens(0).nth(2).hover();
    await page().locator('.popover').waitFor();
    expect(await words('.popover-head')).toContain('Token 3');
    expect(await page().locator('.alternative').count()).toBeGreaterThanOrEqual(10);
    await page().mouse.move(900, 5);
    await page().locator('.popover').waitFor({ state: 'detached' });
    await tokens(0).nth(4).click();
    await page().mouse.move(900, 5);
    await press('ArrowRight');
    expect(await words('.popover-head')).toContain('Token 6');
    const focused = await page().evaluate(() => document.activeElement?.getAttribute('aria-label'));
    expect(focused).toMatch(/token 6, probability 0|token 6, probability 1/);
    await press('Home');
    expect(await words('.popover-head')).toContain('Token 1 first of the text');
    await press('Escape');
    expect(await page().locator('.popover').count()).toBe(0);
  });

  it('says which rule cut, and how many survive', async () => {
    await page().locator('#number-topP').fill('1');
    await page().locator('#number-topK').fill('3');
    await page().keyboard.press('Tab');
    await generate();
    await press('d');
    const line = await words('.cut-line');
    expect(line).toBe('cut by top-k 3, 3 survive');
    const cut = await page().locator('.alternative.cut').count();
    const kept = await page().locator('.alternative:not(.cut)').count();
    expect(Number(/, (\d+) /.exec(line)![1])).toBe(kept);
    expect(cut).toBeGreaterThan(0);
  });

  it('branches by key', async () => {
    await generate();
    const before = await tokens(0).allInnerTexts();
    await press('d');
    const at = Number(/Token (\d+)/.exec(await words('.popover-head'))![1]) - 1;
    await press('ArrowDown', 'ArrowUp', 'ArrowDown');
    const chosen = page().locator('.alternative.chosen');
    const text = (await chosen.locator('.piece').innerText()).replaceAll('·', ' ');
    const isPicked = (await chosen.getAttribute('class'))!.includes('picked');
    if (isPicked) await press('ArrowDown');
    await press('Enter');
    await lab().untilWritten();
    const after = await tokens(0).allInnerTexts();
    expect(after.slice(0, at)).toEqual(before.slice(0, at));
    if (!isPicked) expect(after[at]!.trim()).toBe(text.trim());
    expect(await page().locator('.token.forced').count()).toBe(1);
  });

  it('branches by a click on an alternative', async () => {
    await generate();
    await tokens(0).nth(1).click();
    const other = page().locator('.alternative:not(.picked)').first();
    await other.hover();
    await other.getByText('Branch here').waitFor();
    await other.click();
    await lab().untilWritten();
    expect(await tokens(0).nth(1).getAttribute('class')).toContain('forced');
  });

  it('is written again with another seed', async () => {
    await page().locator('#number-temperature').fill('2');
    await page().keyboard.press('Tab');
    await generate();
    const [text, seed] = [await words('.texts'), await page().locator('#number-seed').inputValue()];
    await button('Write it again with another seed').click();
    await until(async () => (await page().locator('#number-seed').inputValue()) !== seed);
    await until(async () => (await words('.texts')) !== text);
    await lab().untilWritten();
  });

  it('shows how far each layer in few bits is from its weights', async () => {
    const open = async () => {
      await column(0).locator('.run-button').click();
      return page().getByRole('menuitem', { name: 'Error of each layer…' });
    };
    expect(await (await open()).getAttribute('aria-disabled')).toBe('true');
    await press('Escape');
    await runColumn(0, 'Weights in int4', 'int4');
    await (await open()).click();
    const card = page().locator('.layer-errors');
    await card.locator('.model-map').waitFor();
    const spec = { dir: late.dir, backend: 'kv', device: 'cpu', bits: 4 } as const;
    const { quantisationErrors: errors } = await lab().engine.open(spec);
    const [worst] = errors!.toSorted((a, b) => b[1] - a[1]);
    const most = `${(100 * worst![1]).toFixed(1)} %`;
    expect(await words('.layer-errors .sums')).toContain(`at most ${most} in ${worst![0]}`);
    const cells = card.locator('.model-map .map-cell');
    expect(await cells.count()).toBe(errors!.filter(([layer]) => /\.\d+\./.test(layer)).length);
    await card.locator('.model-map').focus();
    for (const key of ['ArrowDown', 'ArrowRight']) await page().keyboard.press(key);
    await lab().idle();
    const second = await cells.nth(1).getAttribute('aria-label');
    expect(await words('.layer-errors [aria-live]')).toBe(second);
    await page().keyboard.press('Escape');
    await card.waitFor({ state: 'detached' });
  });

  it('has stop texts that can be added and taken away', async () => {
    await button('Add a stop text').click();
    const field = page().locator('.new-stop:focus');
    await field.fill('\\n####');
    await field.press('Enter');
    await lab().idle();
    expect(await page().locator('.stop-chip code').allInnerTexts()).toEqual(['\\n####']);
    await page().locator('#number-maxTokens').fill('120');
    await page().keyboard.press('Tab');
    await page().getByText('Greedy, ignore sampling').click();
    await generate();
    expect(await words('.status')).toBe('stop string');
    expect(await page().locator('.token.cut-off').count()).toBeGreaterThan(0);
    await button('Remove \\n####').click();
    await lab().idle();
    expect(await page().locator('.stop-chip').count()).toBe(0);
  });

  it('is exported as a command, as JSON and as an example', async () => {
    await generate();
    await button('Copy command').click();
    await until(() => lab().calls.at(-1)?.[0] === 'copy');
    const command = String(lab().calls.at(-1)![1]);
    expect(command).toMatch(/^weightroom generate runs\/\S+\/step-000240 --prompt '### Question:/);
    const shown = (await page().locator('.command').innerText()).replace(/\s+/g, ' ').trim();
    expect(shown).toBe(command.replace(/\s+/g, ' ').trim());
    await button('Export').click();
    await page().getByRole('menuitem', { name: 'Save as JSON…' }).click();
    await page().getByText('Saved in sandbox.json').waitFor();
    const json = JSON.parse(readFileSync(join(lab().folder, 'sandbox.json'), 'utf8')) as {
      exchanges: { columns: { ids: number[] }[] }[];
    };
    expect(json.exchanges[0]!.columns[0]!.ids).toHaveLength(await tokens(0).count());
    await button('Save as example').click();
    await page().getByText('Saved in examples.jsonl').waitFor();
    const line = readFileSync(join(lab().folder, 'examples.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .at(-1)!;
    expect(JSON.parse(line)).toMatchObject({ question: expect.stringContaining('Mia has 4 bags') });
  });

  it('keeps what was written before, to go back to', async () => {
    await generate();
    const text = await words('.texts');
    await page().locator('textarea.prompt-text').fill('### Question:\nAda');
    await generate();
    await button('Former texts').click();
    const items = page().getByRole('menuitem');
    await until(async () => (await items.count()) === 3);
    await items.filter({ hasText: 'Mia has 4 bags' }).click();
    await until(async () => (await words('.texts')) === text);
    expect(await page().locator('textarea.prompt-text').inputValue()).toBe(PROMPT);
  });

  it('lists its keys', async () => {
    await press('?');
    expect(await words('.help')).toContain('Ctrl+Enter Generate');
    await press('Escape');
    expect(await page().locator('.help').count()).toBe(0);
  });
});

describe('a chat', () => {
  beforeEach(async () => {
    await begin(chat);
    await page().getByRole('radio', { name: 'Chat' }).click();
    await page().getByLabel('Message', { exact: true }).last().fill('Hello');
    await lab().idle();
  });

  it('shows how the template renders it', async () => {
    await page().getByRole('radio', { name: 'Rendered' }).click();
    await page().getByText('<|im_start|>assistant').waitFor();
    expect(await words('.rendered')).toBe('<|im_start|>user Hello<|im_end|> <|im_start|>assistant');
  });

  it('goes on, and can be begun anew', async () => {
    await generate();
    const field = page().getByLabel('Message', { exact: true }).last();
    expect(await field.inputValue()).toBe('');
    await field.fill('Again');
    await generate();
    expect(await page().locator('.said-text').allInnerTexts()).toEqual(['Hello', 'Again']);
    await button('New chat').click();
    await until(async () => (await page().locator('.said-text').count()) === 0);
  });

  it('with a model that knows no chats says what to do', async () => {
    await begin(late);
    await page().getByRole('radio', { name: 'Chat' }).click();
    await page().getByLabel('Message', { exact: true }).last().fill('Hello');
    await press('Control+Enter');
    await page().locator('.callout.error').waitFor();
    await button('Switch to completion').click();
    await lab().idle();
    expect(await page().getByRole('radio', { name: 'Completion' }).isChecked()).toBe(true);
  });
});

describe('what can go wrong', () => {
  it('a model that is none is told in its column, and can be chosen anew', async () => {
    await begin(picked(join(models.workspace, 'nowhere'), 'nowhere'));
    await press('Control+Enter');
    await page().locator('.callout.error').waitFor();
    expect(await words('.callout.error')).toContain('has no config.json');
    lab().willChoose(late);
    await button('Choose another model…').click();
    await until(async () => (await words('.model-button')).includes('step 240'));
  });

  it('a crash of the engine costs one click', async () => {
    await begin(late);
    await writeForever();
    await until(async () => (await tokens(0).count()) > 3);
    process.kill(lab().engine.pid!, 'SIGKILL');
    await page().locator('.callout.error').waitFor();
    expect(await words('.callout.error')).toContain('was killed');
    expect(await tokens(0).count()).toBeGreaterThan(3);
    await page().locator('#number-maxTokens').fill('3');
    await page().keyboard.press('Tab');
    await button('Try again').click();
    await until(async () => (await words('.status')) === 'length');
    expect(await page().locator('.callout.error').count()).toBe(0);
  });

  it('in Restricted Mode texts can be read, and nothing is written', async () => {
    await begin(late);
    await generate();
    const text = await words('.texts');
    lab().trust(false);
    await page().getByText('This folder is in Restricted Mode').waitFor();
    expect(await words('.texts')).toBe(text);
    await press('Control+Enter');
    await page().locator('.notice.error').waitFor();
    expect(await words('.texts')).toBe(text);
    await button('Manage workspace trust').click();
    await until(() => lab().calls.some(([name]) => name === 'trust'));
    expect(await page().getByRole('button', { name: 'Generate' }).count()).toBe(0);
  });
});

describe('the view', () => {
  it('is there again as it was after the window was closed', async () => {
    await begin(early, late);
    await generate();
    const texts = await page().locator('.texts').allInnerTexts();
    await page().getByLabel('Tint').selectOption('entropy');
    await lab().reload();
    await page().locator('.token').first().waitFor({ state: 'attached' });
    await lab().idle();
    expect(await page().locator('.texts').allInnerTexts()).toEqual(texts);
    expect(await page().locator('textarea.prompt-text').inputValue()).toBe(PROMPT);
    expect(await page().getByLabel('Tint').inputValue()).toBe('entropy');
  });

  it('goes on where it is when it was hidden while a text grew', async () => {
    await begin(late);
    await page().locator('#number-maxTokens').fill('300');
    await page().locator('#number-temperature').fill('2');
    await page().keyboard.press('Tab');
    await press('Control+Enter');
    await until(async () => (await tokens(0).count()) > 3);
    lab().session().pause();
    await page().waitForTimeout(100);
    lab().session().resume();
    await lab().untilWritten();
    const [exchange] = lab().session().document.exchanges;
    expect(await tokens(0).count()).toBe(exchange!.outcomes[0]!.tokens.length);
  });

  it('shows text of a model as text, never as HTML', async () => {
    await begin(late);
    await page().locator('textarea.prompt-text').fill('<img src=x onerror=alert(1)><b>');
    await page().getByRole('radio', { name: 'Tokens' }).click();
    await page().locator('.chip', { hasText: '<' }).first().waitFor();
    await page().getByRole('radio', { name: 'Text' }).click();
    await generate();
    expect(await page().locator('.main b:not(.verdict b), .main img').count()).toBe(0);
    expect(lab().errors).toEqual([]);
  });

  it('asks again when its first message gets lost', async () => {
    const other = await openLab({ lostMessages: 1 });
    await other.page.getByText('Which model do you want to try?').waitFor();
    await other.close();
  });
});
