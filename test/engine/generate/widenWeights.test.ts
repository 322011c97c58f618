import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { widenWeights } from '../../../src/engine/generate/widenWeights';
import { asFloat32 } from '../../../src/engine/tensor/asFloat32';
import type { ExternalTensor } from '../../../src/engine/tensor/tensor';

const folder = mkdtempSync(join(tmpdir(), 'weightroom-widen-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'weights.bin');
const every = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
const HEADER = 24;
writeFileSync(file, Buffer.concat([Buffer.alloc(HEADER, 7), Buffer.from(every.buffer)]));

/** Bits, so that the sign of zero counts; any NaN is as good as another. */
const bitsOf = (floats: Float32Array): Uint32Array =>
  Uint32Array.from(new Uint32Array(floats.buffer, floats.byteOffset, floats.length), (bits, i) =>
    Number.isNaN(floats[i]) ? 0x7fc00000 : bits,
  );

describe.each(['float16', 'bfloat16'] as const)('weights in %s', dtype => {
  const all: ExternalTensor = { dtype, shape: [256, 256], file, offset: HEADER };

  it('become float32 exactly, whatever their bits', async () => {
    const wide = (await widenWeights(new Map([['w', all]]))).get('w')!;
    expect(wide).toMatchObject({ dtype: 'float32', shape: [256, 256] });
    const expected = asFloat32({ dtype, shape: [256, 256], data: every })!.data;
    expect(bitsOf(wide.data as Float32Array)).toEqual(bitsOf(expected));
  });

  it('keep their names, in groups, wherever they lie', async () => {
    const parts = Array.from({ length: 5 }, (_, i): [string, ExternalTensor] => [
      `layer.${i}.weight`,
      { dtype, shape: [3], file, offset: HEADER + 2 * 100 * i },
    ]);
    const wide = await widenWeights(new Map([['w', all], ...parts]), { groupBytes: 16 });
    expect([...wide.keys()]).toEqual(['w', ...parts.map(([name]) => name)]);
    for (let i = 0; i < 5; i++) {
      const data = every.slice(100 * i, 100 * i + 3);
      expect(wide.get(`layer.${i}.weight`)).toEqual(asFloat32({ dtype, shape: [3], data }));
    }
  });
});
