import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CatalogThread } from '../../../src/host/models/catalogThread';
import { scratchFolder } from '../../durability/scratchFolder';

const folder = scratchFolder();
const fixtures = join(__dirname, '../../fixtures');
const catalog = new CatalogThread();
afterAll(() => catalog.dispose());

const summary = (dir: string) => catalog.ask('summary', { dir, cacheDir: folder });

describe('questions about models', () => {
  it('asked together are all answered, each with its own answer', async () => {
    const families = ['llama2-tiny', 'gpt2-tiny', 'qwen25-tiny'].map(name =>
      summary(join(fixtures, 'hf', name)),
    );
    expect((await Promise.all(families)).map(({ family }) => family)).toEqual([
      'llama',
      'gpt2',
      'qwen2',
    ]);
  });

  it('that have no answer fail alone', async () => {
    const [failed, fine] = await Promise.allSettled([
      catalog.ask('remove', { cacheDir: folder, id: 'org/none' }),
      summary(join(fixtures, 'slm')),
    ]);
    expect(failed).toMatchObject({
      status: 'rejected',
      reason: { problem: { code: 'hub.not-cached' } },
    });
    expect(fine).toMatchObject({ status: 'fulfilled', value: { family: 'slm' } });
  });

  it('about a cache that is not there have an empty answer', async () => {
    expect(await catalog.ask('cached', { cacheDir: join(folder, 'none') })).toEqual([]);
  });

  it('after the list was closed are refused', async () => {
    const closed = new CatalogThread();
    closed.dispose();
    await expect(closed.ask('cached', { cacheDir: folder })).rejects.toThrow('was closed');
  });
});
