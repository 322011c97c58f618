import { describe, expect, it } from 'vitest';
import { isWeightroomConfig, readConfig } from '../../../src/engine/config/readConfig';
import { templates } from '../../../src/host/training/templates';

describe('a config made from a template', () => {
  it.each(templates)('$id has no problem', ({ text }) => {
    expect(isWeightroomConfig(text)).toBe(true);
    expect(readConfig(text).problems).toEqual([]);
  });
});
