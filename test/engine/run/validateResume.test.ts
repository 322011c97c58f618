import { describe, expect, it } from 'vitest';
import type { ResumeFacts } from '../../../src/engine/run/validateResume';
import { hashJson, validateResume } from '../../../src/engine/run/validateResume';
import { sampleCheckpoint } from '../../durability/sampleCheckpoint';

const saved = {
  ...sampleCheckpoint(5).state,
  tokenizerHash: 't',
  weightsHash: 'w',
  versions: { node: '20.1.0' },
};

describe('going on from a checkpoint', () => {
  it.each([
    [{ configHash: 'x' }, /config\.yaml .* changed/],
    [{ dataHash: 'x' }, /training data/],
    [{ tokenizerHash: 'x' }, /tokenizer/],
    [{ weightsHash: 'x' }, /weights under the adapter/],
  ])('is refused with %o', (now, why) => expect(() => validateResume(saved, now)).toThrow(why));

  it.each<[Partial<ResumeFacts>, string[]]>([
    [saved, []],
    [{}, []],
    [{ device: 'webgpu' }, ['it was on cpu and is now on webgpu']],
    [{ threads: 4 }, ['it used 2 threads and now uses 4']],
    [{ versions: { node: '22.0.0' } }, ['node was 20.1.0 and is now 22.0.0']],
    [{ versions: { ort: '1' } }, ['ort was unknown and is now 1']],
  ])('is not the same to the bit with %o: %o', (now, differences) =>
    expect(validateResume(saved, now)).toEqual(differences),
  );
});

describe('the hash of plain data', () => {
  it('does not depend on the order of keys', () =>
    expect(hashJson({ a: 1, b: { c: [1, 2], d: null } })).toBe(
      hashJson({ b: { d: null, c: [1, 2] }, a: 1 }),
    ));
  it.each([[{ a: 1, b: [2, 1] }], [{ a: 1, b: [1, 2], c: 0 }], [{ a: 2, b: [1, 2] }]])(
    'tells %o from another',
    value => expect(hashJson(value)).not.toBe(hashJson({ a: 1, b: [1, 2] })),
  );
});
