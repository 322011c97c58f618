import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configDocs } from '../../../scripts/writeConfigDocs';
import { LINEAR_NAMES } from '../../../src/engine/config/schema';
import { readConfig } from '../../../src/engine/config/readConfig';
import { slmParameters } from '../../../src/engine/model/slmParameters';

const root = join(import.meta.dirname, '../../..');

describe('what is written from the schema', () => {
  it.each([...configDocs()])('%s is current (else run `npm run docs`)', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  });
});

describe('examples', () => {
  const folder = join(root, 'examples');
  const names = readdirSync(folder).filter(name => name.endsWith('.yaml'));

  it('has some', () => {
    expect(names.length).toBeGreaterThanOrEqual(3);
  });

  it.each(names)('%s has no problem', name => {
    const { config, problems } = readConfig(readFileSync(join(folder, name), 'utf8'), name);
    expect(problems).toEqual([]);
    expect(config).toBeDefined();
  });
});

it('knows the linear layers that the model has', () => {
  const sizes = { vocab_size: 9, block_size: 8, n_layer: 1, n_head: 2, n_embed: 8 };
  const linears = slmParameters({ ...sizes, dropout: 0, bias: true })
    .filter(({ name, shape }) => name.startsWith('blocks.0.') && shape.length === 2)
    .map(({ name }) => name.replace('blocks.0.', '').replace('.weight', ''));
  expect(linears).toEqual([...LINEAR_NAMES]);
});
