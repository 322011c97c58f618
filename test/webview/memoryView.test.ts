/** The view of a memory plan: what it shows and does, in every theme and width, as pictures for people. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMemoryRequest } from '../../src/host/devices/memoryRequests';
import { oomLinkIn } from '../../src/host/devices/oomLink';
import { type EditorThemeName, editorThemes } from './editorThemes';
import { type MemoryLab, openMemoryLab } from './memoryLab';

let lab: MemoryLab;

beforeAll(async () => {
  lab = await openMemoryLab({ size: { width: 1200, height: 900 } });
  await lab.page.locator('.bank-map .bank').first().waitFor();
});
afterAll(() => lab.close());

const text = async (selector: string) =>
  ((await lab.page.locator(selector).first().textContent()) ?? '')
    .trim()
    .replaceAll(/[\u2009\u202f]/g, ' ')
    .replace(/\s+/g, ' ');

const overflows = () =>
  lab.page.evaluate(() =>
    ['html', '.memory', '.columns', '.banks', '.buffers', '.side', '.footer', '.toolbar'].filter(
      selector => {
        const box = document.querySelector(selector);
        return box !== null && box.scrollWidth > box.clientWidth + 1;
      },
    ),
  );

describe.each(Object.keys(editorThemes) as EditorThemeName[])('in the theme %s', theme => {
  it.each([
    [1200, 900],
    [910, 900],
    [760, 900],
    [360, 800],
  ])('%d × %d looks right and is accessible', async (width, height) => {
    await lab.setTheme(theme);
    await lab.page.setViewportSize({ width, height });
    await lab.idle();
    await lab.idle();
    await lab.picture(`memory-${theme}-${width}`);
    expect(await lab.accessibilityProblems()).toEqual([]);
    expect(await overflows()).toEqual([]);
  });
});

describe('the plan', () => {
  beforeAll(async () => {
    await lab.setTheme('dark');
    await lab.page.setViewportSize({ width: 1200, height: 900 });
    await lab.idle();
  });

  it('answers first whether it fits, and by how much not', async () => {
    expect(await text('.verdict')).toContain('Does not fit: each bank needs');
    expect(await text('.verdict')).toContain('it has 1 071 181 792 B');
    expect(await text('.verdict')).toContain('Size is the cause');
    expect(await lab.page.locator('.bank-map .bank').count()).toBe(12);
    expect(await lab.page.locator('.buffers tbody tr').count()).toBe(7);
  });

  it('moves through banks and buffers by keys', async () => {
    await lab.page.locator('main').focus();
    await lab.page.keyboard.press('ArrowRight');
    await lab.page.keyboard.press('ArrowDown');
    await lab.idle();
    expect(await text('.bank-map .tick.chosen')).toBe('1');
    expect(await text('.buffers tr.chosen th')).toContain('Gradients');
  });

  it('plans for another device when one is chosen or described', async () => {
    await lab.page.locator('.select').selectOption('blackhole');
    await lab.page.locator('.verdict.fits').waitFor();
    expect(await text('.verdict')).toContain('Fits: each bank needs');
    expect(await lab.page.locator('.bank-map .bank').count()).toBe(8);
    await lab.picture('memory-fits');
    await lab.page.locator('.select').selectOption('wormhole');
    await lab.page.locator('.verdict.error').waitFor();
  });

  it('writes the chosen change into the YAML, and then fits', async () => {
    const radio = lab.page.locator('.suggestion.fits input').first();
    await radio.check();
    await lab.page.getByText('Apply to YAML').click();
    await lab.page.locator('.verdict.fits').waitFor();
    expect(lab.text()).toMatch(/batch_size: [1-4]\n/);
    expect(lab.text()).toContain('# Llama 3.2 1B'); // the rest stays as it was written
  });

  it('saves every buffer, and asks for a message to explain', async () => {
    await lab.page.getByTitle('Save all buffers as CSV').click();
    await lab.page.getByText('Explain an out-of-memory message').click();
    await lab.idle();
    const saved = lab.calls.find(([name]) => name === 'save');
    expect(String(saved?.[2])).toContain('"llama/fc/weight","weights"');
    expect(lab.calls.some(([name]) => name === 'explain')).toBe(true);
  });
});

describe('a config with a mistake', () => {
  it('says it, with the way to the config', async () => {
    const broken = await openMemoryLab({ text: 'training_config:\n  batch_size: none\n' });
    await broken.page.locator('.callout.error').waitFor();
    expect(await broken.page.locator('.callout.error').innerText()).toContain('batch_size');
    await broken.page.getByText('Open config').click();
    await broken.idle();
    expect(broken.calls).toEqual([['openConfig']]);
    await broken.close();
  });
});

describe('the table of requests', () => {
  it.each([
    null,
    {},
    { id: 1, request: 'run', params: null },
    { id: 1, request: 'choose', params: { device: '' } },
    { id: 1, request: 'save', params: { kind: 'exe' } },
    { id: 1, request: 'apply', params: { id: 'batch', more: 1 } },
  ])('drops %j', message => {
    expect(parseMemoryRequest(message)).toBeUndefined();
  });
});

describe('a line of a terminal', () => {
  const message =
    'Not enough space to allocate 2048 B DRAM buffer across 12 banks, where each bank needs to store 2048 B (allocated: 1 B, free: 2 B)';
  it.each([
    [`critical | Out of Memory: ${message} (assert.hpp:104)`, message],
    ['Not enough space to allocate 1 B DRAM buffer across 8 banks, where', undefined],
    ['Not enough space left on device', null],
    ['', null],
  ])('%s', (line, linked) => {
    const place = oomLinkIn(line);
    const text = place && line.slice(place.startIndex, place.startIndex + place.length);
    expect(text).toBe(linked === null ? undefined : (linked ?? line));
  });
});
