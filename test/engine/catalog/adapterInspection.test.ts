/** Adapters inspected by themselves: numbers against matrices multiplied out, and what is refused. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AdapterInspection } from '../../../src/engine/catalog/adapterInspection';
import { disk } from '../../../src/engine/files/fileSystem';
import { writeSafetensors } from '../../../src/engine/formats/safetensors';
import { inspectAdapter } from '../../../src/engine/model/inspectAdapter';
import { openModel } from '../../../src/engine/model/modelFolder';
import { ProblemError } from '../../../src/engine/problem';
import { tensor } from '../../../src/engine/tensor/tensor';
import type { InspectedAdapter } from '../../../src/protocol/adapterView';
import { scratchFolder } from '../../durability/scratchFolder';

const fixtures = new URL('../../fixtures/', import.meta.url).pathname;
const llama = join(fixtures, 'hf', 'llama2-tiny');
const [all, qv] = ['lora_all_trained', 'lora_qv_trained'].map(name => join(llama, name)) as [
  string,
  string,
];
const notebook = join(fixtures, 'torch', 'golden', 'lora_zip.pt');
const scratch = scratchFolder();
const inspection = new AdapterInspection();
const inspect = (dir: string, baseDir?: string) =>
  inspection.answer({
    ask: 'inspect',
    params: { dir, baseDir, cacheDir: '/none' },
  }) as InspectedAdapter;

/** An adapter of one layer whose B·A is known: rows of B times rows of A. */
function writeOne(name: string, b: number[], a: number[], config: object = {}): string {
  const dir = join(scratch, name);
  mkdirSync(dir);
  const facts = { peft_type: 'LORA', r: 2, lora_alpha: 4, target_modules: ['q_proj'] };
  const text = JSON.stringify({ ...facts, base_model_name_or_path: 'org/none', ...config });
  writeFileSync(join(dir, 'adapter_config.json'), text);
  const layer = 'base_model.model.model.layers.0.self_attn.q_proj';
  writeSafetensors(
    disk,
    join(dir, 'adapter_model.safetensors'),
    new Map([
      [`${layer}.lora_A.weight`, tensor('float32', [2, a.length / 2], Float32Array.from(a))],
      [`${layer}.lora_B.weight`, tensor('float32', [b.length / 2, 2], Float32Array.from(b))],
    ]),
  );
  return dir;
}

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code;
  }
  return 'none';
};

describe('an adapter by itself', () => {
  it('changes a layer by the singular values of scale · B · A', () => {
    // B = diag(3, 0.5) over two rows and a zero one, A = the first two unit vectors: σ = 2 · (3, 0.5)
    const dir = writeOne('known', [3, 0, 0, 0.5, 0, 0], [1, 0, 0, 0, 1, 0]);
    const { scaling, parameters, base, baseDir, layers } = inspect(dir);
    expect({ scaling, parameters, base, baseDir }).toEqual({
      ...{ scaling: 2, parameters: 12, base: 'org/none', baseDir: null },
    });
    const [{ singularValues, norm, largest, effectiveRank, shape }] = layers as [
      (typeof layers)[0],
    ];
    expect(shape).toEqual([3, 3]);
    expect(singularValues[0]).toBeCloseTo(6, 12);
    expect(singularValues[1]).toBeCloseTo(1, 12);
    expect(norm).toBeCloseTo(Math.sqrt(37), 12);
    expect(largest).toBe(singularValues[0]);
    const [p, q] = [6 / 7, 1 / 7];
    expect(effectiveRank).toBeCloseTo(Math.exp(-p * Math.log(p) - q * Math.log(q)), 12);
  });

  it('is scaled by the root of its rank where it says so', () => {
    const dir = writeOne('stable', [1, 0, 0, 1], [1, 0, 0, 1], { use_rslora: true });
    const { scaling, isRankStabilised } = inspect(dir);
    expect([scaling, isRankStabilised]).toEqual([4 / Math.sqrt(2), true]);
  });

  it('has the numbers that it has over its base', () => {
    const { layers } = inspect(all, llama);
    const over = [...inspectAdapter(openModel(all, { baseDir: llama }))];
    expect(layers).toHaveLength(over.length);
    for (const { layer, norm, shape, singularValues } of layers) {
      const same = over.find(one => one.layer === layer)!;
      expect({ norm, singularValues }).toEqual({
        ...{ norm: same.norm, singularValues: same.singularValues },
      });
      const base = inspection.answer({ ask: 'baseNorm', params: { baseDir: llama, layer, shape } });
      expect(norm / (base as number)).toBe(same.share);
    }
  });

  it("may be a notebook's file, which does not say its alpha", () => {
    const { isAlphaStored, rank, alpha } = inspect(notebook);
    expect(isAlphaStored).toBe(false);
    expect(alpha).toBe(2 * rank);
  });

  it.each([
    ['a folder without an adapter', () => inspect(llama), 'adapter.none'],
    [
      'matrices of another rank than it says',
      () => inspect(writeOne('ranks', [1, 0, 0, 1], [1, 0, 0, 1], { r: 3 })),
      'adapter.wrong-rank',
    ],
  ])('is refused: %s', (_, work, code) => {
    expect(refusal(work)).toBe(code);
  });
});

describe('two adapters', () => {
  const overlap = (first: string, second: string) =>
    inspection.answer({ ask: 'overlap', params: { first, second } }) as {
      layer: string;
      cosine: number;
      subspace: number;
    }[];

  it('share everything with themselves, and with a copy', () => {
    const copy = join(scratch, 'copy');
    cpSync(qv, copy, { recursive: true });
    for (const { cosine, subspace } of overlap(qv, copy)) {
      expect(cosine).toBeCloseTo(1, 6);
      expect(subspace).toBeCloseTo(1, 6);
    }
  });

  it('share nothing when they write to other directions', () => {
    const one = writeOne('up', [1, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 1]);
    const other = writeOne('down', [0, 0, 0, 0, 1, 0, 0, 1], [1, 0, 0, 1]);
    expect(overlap(one, other)).toMatchObject([{ cosine: 0, subspace: 0 }]);
  });

  it('have only the layers in common that both change', () => {
    expect(overlap(all, qv).map(({ layer }) => layer)).toHaveLength(4);
  });

  it('of other shapes are refused', () => {
    const small = writeOne('small', [1, 0, 0, 1], [1, 0, 0, 1]);
    expect(refusal(() => overlap(small, qv))).toBe('adapter.other-base');
  });
});

describe('a base', () => {
  it('of other shapes is refused', () => {
    const params = { baseDir: llama, layer: 'model.layers.0.self_attn.q_proj' };
    const wrong = { ...params, shape: [3, 5] as const };
    expect(refusal(() => inspection.answer({ ask: 'baseNorm', params: wrong }))).toBe(
      'adapter.other-base',
    );
  });
});
