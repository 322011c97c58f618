/** Every tensor of a source and every parameter of a model is accounted for. */
import { describe, expect, it } from 'vitest';
import type { TensorEntry } from '../../../src/engine/formats/tensorFile';
import { loadErrors, matchTensors } from '../../../src/engine/model/loadReport';
import type { ParameterSpec } from '../../../src/engine/model/slmParameters';

const spec = (name: string, shape: number[]): ParameterSpec => ({
  name,
  shape,
  init: { kind: 'zeros' },
});
const specs = [spec('model.embed.weight', [8, 4]), spec('model.norm.weight', [4])];
const names = { tied: true, embedding: 'model.embed.weight' };

const entry = (shape: number[], dtype: TensorEntry['dtype'] = 'float32'): TensorEntry => ({
  dtype,
  shape,
  bytes: 0,
});
const whole = { 'model.embed.weight': entry([8, 4]), 'model.norm.weight': entry([4]) };

const report = (entries: Record<string, TensorEntry>, of = names) =>
  matchTensors(specs, new Map(Object.entries(entries)), of);

describe('a load report', () => {
  it('finds each parameter where it is', () => {
    const { findings, sources } = report(whole);
    expect(findings.map(f => f.verdict)).toEqual(['loaded', 'loaded']);
    expect(Object.fromEntries(sources)).toEqual({
      'model.embed.weight': 'model.embed.weight',
      'model.norm.weight': 'model.norm.weight',
    });
  });

  it('finds names without the prefix, and says what is done on the way', () => {
    const bare = { 'embed.weight': entry([8, 4], 'bfloat16'), 'norm.weight': entry([4]) };
    expect(report(bare).findings).toMatchObject([
      { source: 'embed.weight', transforms: ['rename', 'cast to float32'] },
      { source: 'norm.weight', transforms: ['rename'] },
    ]);
    expect(loadErrors(report(bare))).toEqual([]);
  });

  it('takes a stored head for the copy it is when it is tied, and for a stranger when not', () => {
    const stored = { ...whole, 'lm_head.weight': entry([8, 4]) };
    expect(report(stored).findings[2]).toMatchObject({ verdict: 'tied' });
    expect(loadErrors(report(stored))).toEqual([]);
    expect(loadErrors(report(stored, { ...names, tied: false }))).toMatchObject([
      { verdict: 'unused', source: 'lm_head.weight' },
    ]);
  });

  it('notes buffers that old writers stored', () => {
    const buffers = { ...whole, 'h.0.attn.bias': entry([1]), 'x.rotary_emb.inv_freq': entry([2]) };
    expect(
      report(buffers)
        .findings.slice(2)
        .map(f => f.verdict),
    ).toEqual(['ignored', 'ignored']);
    expect(loadErrors(report(buffers))).toEqual([]);
  });

  it.each<[string, Record<string, TensorEntry>, object]>([
    [
      'one that is missing',
      { 'model.embed.weight': whole['model.embed.weight'] },
      {
        verdict: 'missing',
        parameter: 'model.norm.weight',
        note: 'no tensor model.norm.weight of [4]',
      },
    ],
    [
      'one of another shape',
      { ...whole, 'model.norm.weight': entry([5]) },
      { verdict: 'misfit', note: 'model.norm.weight is [5], config.json makes it [4]' },
    ],
    [
      'one of integers',
      { ...whole, 'model.norm.weight': entry([4], 'int64') },
      { verdict: 'misfit', note: 'model.norm.weight is int64, not floating-point' },
    ],
    [
      'one that nobody uses',
      { ...whole, 'vision.weight': entry([4]) },
      { verdict: 'unused', source: 'vision.weight' },
    ],
  ])('has an error for %s', (_, entries, expected) => {
    expect(loadErrors(report(entries))).toMatchObject([expected]);
  });
});
