import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { writeTokenBin } from '../../src/engine/data/tokenBin';
import { disk } from '../../src/engine/files/fileSystem';
import { encodeHeader } from '../../src/engine/formats/encodeSafetensors';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import { tensor } from '../../src/engine/tensor/tensor';
import { scratchFolder } from '../durability/scratchFolder';
import { type TensorsLab, type TensorsLabOptions, openTensorsLab } from './tensorsLab';

const fixtures = join(__dirname, '../fixtures');
const folder = scratchFolder();
let lab: TensorsLab;
afterEach(() => lab.close());

async function open(path: string, options: Omit<TensorsLabOptions, 'path'> = {}): Promise<void> {
  lab = await openTensorsLab({ path, ...options });
  await lab.page.locator('.table, .problem').first().waitFor();
  if (!options.lostMessages) await lab.rest(); // nobody answers those that are lost
}

const plain = (words: string) => words.replaceAll('\u2009', ' ').replace(/\s+/g, ' ').trim();
const page = async () => plain(await lab.page.locator('body').innerText());
const press = async (...keys: string[]) => {
  for (const key of keys) await lab.page.keyboard.press(key);
  await lab.rest();
};
const floats = (...values: number[]) =>
  tensor('float32', [values.length], Float32Array.from(values));

describe('a file that cannot be opened', () => {
  it.each([
    [
      'torch/golden/evil_os_system.zip.pt',
      'evil_os_system.zip.pt would run code',
      'posix.system',
      'torch.unsafe-global',
    ],
    ['torch/golden/truncated.zip.pt', 'truncated.zip.pt is damaged', 'cut off', 'zip.truncated'],
    [
      'safetensors/lfs_pointer.safetensors',
      'holds no tensors that can be read',
      'git lfs pull',
      'file.lfs-pointer',
    ],
    [
      'safetensors/hole.safetensors',
      'hole.safetensors cannot be opened',
      'begins at',
      'safetensors.invalid-offset',
    ],
  ])('%s is refused in words: what, where, what to do', async (name, title, words, code) => {
    await open(join(fixtures, name));
    const said = await page();
    for (const part of [title, words, code, 'at byte']) expect(said).toContain(part);
    expect(said).not.toContain(fixtures);
    expect(await lab.accessibilityProblems()).toEqual([]);
    expect(lab.errors).toEqual([]);
  });

  it('is opened when it has become sound', async () => {
    const path = join(folder, 'late.safetensors');
    writeFileSync(path, 'cut off');
    await open(path);
    await lab.page.getByRole('button', { name: 'Copy message' }).click();
    await lab.rest();
    expect(lab.calls[0]?.[1]).toMatch(/^safetensors\.header-too-small: late/);
    writeSafetensors(disk, path, new Map([['w', floats(1, 2)]]));
    await lab.page.getByRole('button', { name: 'Read again' }).click();
    await lab.page.locator('.table .row').waitFor();
    expect(await page()).toContain('1 Tensor');
  });
});

describe('a file that changes', () => {
  it('says so, keeps what was shown, and is read again on demand', async () => {
    const path = join(folder, 'changes.safetensors');
    writeSafetensors(
      disk,
      path,
      new Map([
        ['a', floats(1, 2)],
        ['b', floats(3, 4)],
      ]),
    );
    await open(path);
    writeSafetensors(
      disk,
      path,
      new Map([
        ['a', floats(5, 6, 7)],
        ['c', floats(3)],
      ]),
    );
    lab.session().fileChanged(false);
    await lab.rest();
    expect(await page()).toContain('The file has changed since it was read.');
    expect(await page()).toContain('b float32');
    await lab.picture('tensors-stale');
    await lab.page.getByRole('button', { name: 'Read again' }).click();
    await lab.page.getByText('c', { exact: true }).first().waitFor();
    expect(await page()).not.toContain('has changed');
    await press('Home');
    await lab.page.locator('.statistics').waitFor();
    expect(await page()).toContain('Minimum 5');
  });

  it('says that it is gone', async () => {
    const path = join(folder, 'goes.safetensors');
    writeSafetensors(
      disk,
      path,
      new Map([
        ['a', floats(1)],
        ['b', floats(1)],
      ]),
    );
    await open(path);
    rmSync(path);
    lab.session().fileChanged(true);
    await lab.rest();
    expect(await page()).toContain('The file is gone.');
    await lab.page.getByRole('button', { name: 'Read again' }).click();
    await lab.page.locator('.problem').waitFor();
    expect(await page()).toContain('goes.safetensors is not there');
  });
});

describe('what there is to see', () => {
  it('of a file of one tensor is that tensor', async () => {
    await open(join(fixtures, 'numpy/float32.npy'));
    await lab.page.locator('.value').first().waitFor();
    expect(await lab.page.locator('.value').allInnerTexts()).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
    expect(await page()).toContain('NumPy array');
  });

  it('of a file without tensors is that it has none', async () => {
    const path = join(folder, 'empty.safetensors');
    writeSafetensors(disk, path, new Map());
    await open(path);
    expect(await page()).toContain('The file holds no tensors.');
    await press('ArrowDown', 'End', '+', '1', '2', '3', 'c', '0');
    expect(lab.errors).toEqual([]);
    expect(await lab.accessibilityProblems()).toEqual([]);
  });

  it('of a pickle is what it holds, classes by name, and that nothing was run', async () => {
    await open(join(fixtures, 'torch/nested.zip.pt'));
    await press('3');
    const said = await page();
    for (const part of ['Nothing run', 'settings __main__.Settings', 'settings.rate 0.0003'])
      expect(said).toContain(part);
  });

  it('of tied weights is where they are, and a way there', async () => {
    await open(join(fixtures, 'torch/nested.zip.pt'));
    await press('/');
    await lab.page.keyboard.type('shared.1');
    await press('ArrowDown');
    expect(await page()).toContain('The same memory as shared.0.w');
    await press('Escape');
    await lab.page.getByRole('button', { name: 'shared.0.w', exact: true }).click();
    await lab.rest();
    expect(await lab.page.locator('.tensor-head h2').innerText()).toBe('shared.0.w');
  });

  it('of a tensor that cannot be read is why', async () => {
    await open(join(fixtures, 'torch/unreadable.pt'));
    await press('Home');
    expect(await page()).toContain(
      'It is a sparse tensor (coo), which is listed here and cannot be read.',
    );
    expect(await lab.page.locator('.statistics').count()).toBe(0);
    expect(await lab.accessibilityProblems()).toEqual([]);
  });

  it('of a type that cannot be read is which', async () => {
    const path = join(folder, 'f8.safetensors');
    const heads = [{ name: 'f8', dtype: 'F8_E4M3', shape: [4], bytes: 4 }];
    writeFileSync(path, Buffer.concat([encodeHeader(heads), Buffer.alloc(4)]));
    await open(path);
    await lab.page.locator('.callout.error').waitFor();
    expect(await page()).toMatch(/Tensor "f8".*is of type F8_E4M3, which cannot be read yet/);
  });

  it('of a bin of tokens is what its sidecar says, and its text', async () => {
    const path = join(folder, 'train.bin');
    writeTokenBin(
      disk,
      path,
      Uint16Array.from({ length: 5000 }, (_, i) => i % 257),
      {
        tokenizer: 'bytes',
        tokenizerHash: '',
        vocabSize: 257,
        examples: 7,
        source: { file: 'a.txt', sha256: '', bytes: 1, format: 'text', part: [0, 7] },
      },
    );
    await open(path);
    await press('3');
    expect(await page()).toContain('tokenizer bytes');
    await lab.page.getByRole('button', { name: 'Open as text' }).click();
    await lab.rest();
    expect(lab.calls).toEqual([['openAsText']]);
  });

  it('of ONNX is the same', async () => {
    await open(join(fixtures, 'onnx/raw.onnx'));
    await press('3');
    expect(await page()).toContain('producer weightroom tests');
  });
});

describe('many', () => {
  const path = join(folder, 'many.safetensors');

  it('100,000 tensors are a table of which only the rows in sight are there', async () => {
    const heads = Array.from({ length: 100_000 }, (_, i) => ({
      name: `layers.${i}.weight`,
      dtype: 'U8',
      shape: [1],
      bytes: 1,
    }));
    writeFileSync(path, Buffer.concat([encodeHeader(heads), Buffer.alloc(100_000)]));
    await open(path, { memory: { pane: 'metadata' } });
    expect(await lab.page.locator('.table .row').count()).toBeLessThan(80);
    expect(await page()).toContain('100 000 Tensors');
    await press('End');
    expect(await lab.page.locator('.table .row.chosen').textContent()).toContain(
      'layers.99999.weight',
    );
    await press('/');
    await lab.page.keyboard.type('.4242');
    await lab.rest();
    expect(await page()).toContain('11 of 100 000 tensors');
  });
});

describe('hostile names', () => {
  it('are text everywhere, and run nothing', async () => {
    const payload = `<img src=x onerror="window.hacked=1">"'\`\${1}</svg><script>window.hacked=1</script>`;
    const path = join(folder, 'hostile.safetensors');
    const tensors = new Map([
      [payload, floats(1, 2)],
      [`${payload}.x.y`, floats(1)],
      [`${payload}.x.z`, floats(1)],
      ['__proto__', floats(3)],
      ['', floats(4)],
    ]);
    writeSafetensors(
      disk,
      path,
      tensors,
      new Map([
        [payload, payload],
        ['__proto__', payload],
      ]),
    );
    await open(path);
    await press('Home', 'ArrowDown', 'ArrowDown', '2', '3', 't', '1');
    for (const name of [payload, '__proto__'])
      expect(await lab.page.locator('.table').innerText()).toContain(name);
    await press('3');
    expect(await page()).toContain(payload.slice(0, 30));
    expect(await lab.page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(lab.errors).toEqual([]);
  });
});

describe('the handshake', () => {
  it('is repeated when the first word gets lost', async () => {
    const path = join(folder, 'lost.npy');
    copyFileSync(join(fixtures, 'numpy/float32.npy'), path);
    await open(path, { lostMessages: 1 });
    expect(await page()).toContain('1 Tensor');
  });
});
