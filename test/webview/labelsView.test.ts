/** The view of labels over what the engine previews of real tokens. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/engine/config/readConfig';
import { previewLabels } from '../../src/engine/run/labelPreview';
import { runCardOf } from '../../src/host/labels/runCard';
import { scratchFolder } from '../durability/scratchFolder';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { type LabelsLab, openLabelsLab } from './labelsLab';

const folder = scratchFolder();
const path = join(folder, 'gsm8k.yaml');
const records = Array.from({ length: 50 }, (_, i) => ({
  question: `A baker fills ${i + 3} trays with ${2 * i + 5} rolls each.\nHow many rolls are there?`,
  answer: `There are ${i + 3} × ${2 * i + 5} = <<${i + 3}*${2 * i + 5}=${(i + 3) * (2 * i + 5)}>>${(i + 3) * (2 * i + 5)} rolls.\n#### ${(i + 3) * (2 * i + 5)}`,
}));
writeFileSync(join(folder, 'rolls.jsonl'), records.map(r => JSON.stringify(r)).join('\n'));
const configText = (length: number) => `weightroom: 1
model: { family: slm, block_size: 256, n_layer: 2, n_head: 4, n_embed: 64 }
data:
  train: rolls.jsonl
  format: completion
  tokenizer: gpt2
  validation_fraction: 0
  max_length: ${length}
  prompt: "### Question:\\n{question}\\n\\n### Answer:\\n"
  completion: "{answer}"
`;

let lab: LabelsLab;
const read = (length: number) => (from: number) => {
  const { config } = readConfig(configText(length));
  return previewLabels({ config: config!, configPath: path, count: 20, from });
};

beforeAll(async () => {
  const card = runCardOf(configText(64), path, join(folder, 'runs'))!;
  lab = await openLabelsLab({ read: read(64), card });
  await lab.page.locator('.example').first().waitFor();
});
afterAll(() => lab.close());

const plain = (words: string) => words.replaceAll('\u2009', ' ').replace(/\s+/g, ' ').trim();
const text = async (selector: string) =>
  plain(await lab.page.locator(selector).first().innerText());

describe('the view of labels', () => {
  it('says first how many examples train, and what becomes of the rest', async () => {
    expect(await text('.verdict')).toMatch(/^50 of 50 examples train/);
    expect(await text('.legend')).toMatch(/trained [\d ]+ [\d.]+ % masked .*padding .*cut/i);
  });

  it('marks each token as the engine does, and says what it is', async () => {
    const { examples } = await read(64)(0);
    const marks = await lab.page
      .locator('.example')
      .first()
      .locator('.token')
      .evaluateAll((spans: { className: string }[]) =>
        spans.map(span => span.className.replace('token ', '').trim()),
      );
    expect(marks).toEqual(examples[0]!.tokens.map(token => token.mark));
    const title = await lab.page.locator('.token').first().getAttribute('title');
    expect(title).toBe(`${examples[0]!.tokens[0]!.id}, masked`);
  });

  it('shows the run that would start, and starts it', async () => {
    expect(await text('.run-card')).toContain('Memory, about');
    await lab.page.locator('.run-card').getByText('Train', { exact: true }).click();
    await lab.rest();
    expect(lab.calls).toContain('train');
  });

  it('is moved through by keys, and reads on', async () => {
    await lab.page.locator('.labels').focus();
    await lab.page.keyboard.press('ArrowDown');
    await lab.rest();
    expect(await text('.example.chosen h2')).toBe('Example 1');
    await lab.page.keyboard.press('PageDown');
    await lab.page.getByText('Example 20', { exact: true }).waitFor();
    expect(lab.calls).toContain('read 20');
    await lab.page.keyboard.press('t');
    await lab.page.locator('.running .trained').first().waitFor();
    await lab.page.keyboard.press('t');
    await lab.page.keyboard.press('PageUp');
    await lab.page.getByText('Example 0', { exact: true }).waitFor();
  });

  it.each(Object.keys(editorThemes) as EditorThemeName[])(
    'looks right and is accessible in %s',
    async theme => {
      await lab.setTheme(theme);
      for (const width of [1200, 480, 300]) {
        await lab.page.setViewportSize({ width, height: 800 });
        await lab.rest();
        await lab.rest();
        await lab.picture(`labels-${theme}-${width}`);
        expect(await lab.accessibilityProblems()).toEqual([]);
        const isWide = await lab.page.evaluate(() =>
          ['html', '.toolbar', '.labels', '.footer'].filter(selector => {
            const box = document.querySelector(selector);
            return box !== null && box.scrollWidth > box.clientWidth;
          }),
        );
        expect(isWide).toEqual([]);
      }
    },
  );

  it('makes no mistakes on the way', () => {
    expect(lab.errors).toEqual([]);
  });
});

describe('examples that are cut', () => {
  it('are counted, and when no answer is left nothing would be trained', async () => {
    const short = await openLabelsLab({ read: read(16) });
    await short.page.locator('.verdict').waitFor();
    expect(plain(await short.page.locator('.verdict').innerText())).toMatch(
      /^Nothing would be trained 50 examples cut before the answer begins/,
    );
    expect(await short.page.locator('.token.cut').count()).toBeGreaterThan(0);
    await short.close();
  });
});
