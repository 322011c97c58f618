import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/engine/config/readConfig';
import type { BaseShape } from '../../../src/engine/model/families';
import { fineTuneConfig } from '../../../src/host/training/fineTuneConfig';

const families = ['slm', 'gpt2', 'llama', 'qwen2', 'mistral'] as const;
const shapeOf = (family: (typeof families)[number]) => ({ family }) as BaseShape;

describe('a config that fine-tunes a model', () => {
  it.each(families)('of the family %s has no problem, whatever it is taught with', family => {
    for (const data of ['chat', 'completion', 'bins'] as const) {
      const text = fineTuneConfig({ from: 'models/x', shape: shapeOf(family), data });
      expect(readConfig(text).problems).toEqual([]);
    }
  });

  it.each([
    'models/tiny',
    '/data/models--org--name/snapshots/0123456789',
    'C:\\models\\tiny',
    'models/with space: and #hash',
    'models/"quoted" and \\n',
    '- [x]',
    'true',
    '1.0',
  ])('names the folder %s as it is', from => {
    const { config } = readConfig(fineTuneConfig({ from, shape: shapeOf('slm'), data: 'chat' }));
    expect(config?.model).toMatchObject({ from });
  });
});
