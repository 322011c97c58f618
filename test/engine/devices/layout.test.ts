/** Device layouts against what ttml's loaders make by their definition (test/fixtures/ttml/make.py). */
import { describe, expect, it } from 'vitest';
import {
  fromDevice,
  placesOf,
  rowsOnDevice,
  stepsOf,
  toDevice,
} from '../../../src/engine/devices/layout';
import { fromTiled, toTiled } from '../../../src/engine/devices/tiles';
import {
  applyStep,
  describeInverse,
  describeStep,
  invertStep,
  type Transform,
} from '../../../src/engine/devices/transform';
import {
  type TtmlNaming,
  ttmlLayout,
  ttmlNamingOf,
  type TtmlOptions,
} from '../../../src/engine/devices/ttmlLayout';
import { readSafetensors } from '../../../src/engine/formats/safetensors';
import { readModelFolder } from '../../../src/engine/model/modelFolder';
import { asFloat32 } from '../../../src/engine/tensor/asFloat32';
import { narrowFloats } from '../../../src/engine/tensor/narrowFloats';
import { sizeOf, type Tensor, tensor } from '../../../src/engine/tensor/tensor';

const models = ['gpt2-tiny', 'llama2-tiny', 'llama32-tiny', 'qwen25-tiny'];
const zeroFill: TtmlOptions = { fill: { kind: 'zero' } };

function opened(name: string, options: TtmlOptions = zeroFill) {
  const { model, weights } = readModelFolder(`test/fixtures/hf/${name}`);
  const layout = ttmlLayout(model.base, options);
  const read = (parameter: string) => weights.get(parameter)!;
  const held = new Map([...layout.tensors].map(([n, t]) => [n, toDevice(t, read)]));
  return { model, weights, layout, held };
}

const bits = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
const sameBits = (a: Tensor, b: Tensor) => bits(a).equals(bits(b));
const rounded = (x: Tensor): Tensor =>
  asFloat32({ ...x, dtype: 'bfloat16', data: narrowFloats(x.data as Float32Array, 'bfloat16') })!;

describe.each(models)('the layout of %s', name => {
  const vectors = readSafetensors(`test/fixtures/ttml/${name}.safetensors`);

  it('has the tensors that ttml has, bit for bit', () => {
    const { held } = opened(name);
    const expected = [...vectors].filter(([n]) => !n.startsWith('tiles/'));
    expect([...held.keys()].sort()).toEqual(expected.map(([n]) => n).sort());
    for (const [n, t] of expected) {
      expect([n, held.get(n)!.shape]).toEqual([n, t.shape]);
      expect([n, sameBits(held.get(n)!, t)]).toEqual([n, true]);
    }
  });

  it('lies in tiles as the device holds it', () => {
    const { held, layout } = opened(name);
    const [[n, expected]] = [...vectors].filter(([v]) => v.startsWith('tiles/')) as [
      [string, Tensor],
    ];
    const of = n.slice('tiles/'.length);
    const tiled = toTiled(held.get(of)!);
    expect(tiled.data).toEqual(expected.data);
    expect(tiled.data).toHaveLength(sizeOf(layout.tensors.get(of)!.paddedShape));
    expect(sameBits(fromTiled(tiled, held.get(of)!.shape), held.get(of)!)).toBe(true);
  });

  const namings: TtmlNaming[] = [
    { blocks: 'cpp', fused: 'kv', tied: 'fc' },
    { blocks: 'python', fused: 'kv', tied: 'fc' },
    { blocks: 'python', fused: 'qkv', tied: 'tok_emb' },
  ];
  it.each(namings)('comes back with each parameter as it was, rounded: %o', naming => {
    const { weights, layout, held } = opened(name, { naming });
    const places = placesOf(layout);
    for (const [parameter, weight] of weights) {
      const place = places.get(parameter)!;
      const back = fromDevice(place, held.get(place.tensor.name)!);
      expect([parameter, back.shape]).toEqual([parameter, weight.shape]);
      expect([parameter, sameBits(asFloat32(back)!, rounded(weight))]).toEqual([parameter, true]);
    }
  });

  it('comes back bit for bit where nothing is rounded', () => {
    const { weights, layout, held } = opened(name, { dtype: 'float32' });
    for (const [parameter, place] of placesOf(layout)) {
      const weight = weights.get(layout.ties.get(parameter) ?? parameter)!;
      expect(sameBits(fromDevice(place, held.get(place.tensor.name)!), weight)).toBe(true);
    }
  });

  it('finds rows by range where the whole tensor has them', () => {
    const { weights, layout, held } = opened(name, { dtype: 'float32' });
    for (const place of placesOf(layout).values()) {
      const { transposed, rowAt } = rowsOnDevice(place);
      const { shape, data } = weights.get(place.part.parameter)!;
      const width = transposed || shape.length === 1 ? 1 : shape[1]!;
      const columns = place.tensor.shape.length === 4 ? place.tensor.shape[3]! : 1;
      for (const row of [0, 1, 5]) {
        const at = shape.length === 1 ? rowAt(row) : rowAt(row) * columns;
        const found = held.get(place.tensor.name)!.data.slice(at, at + width);
        const first = transposed ? [data[row]] : [...data.slice(row * width, (row + 1) * width)];
        expect([...found]).toEqual(first);
      }
    }
  });

  it('is recognised by its names', () => {
    for (const naming of namings) {
      const names = ttmlLayout(opened(name).model.base, { naming }).tensors.keys();
      const found = ttmlNamingOf(names)!;
      const again = ttmlLayout(opened(name).model.base, { naming: found });
      expect([...again.tensors.keys()]).toEqual([
        ...ttmlLayout(opened(name).model.base, { naming }).tensors.keys(),
      ]);
    }
  });
});

describe('a vocabulary that fills no tile', () => {
  const of = (fill: TtmlOptions['fill']) =>
    opened('llama32-tiny', fill ? { fill } : {}).held.get('llama/fc/weight')!;
  const padding = (t: Tensor, rows: number) => [...t.data.slice(rows * t.shape[3]!)];

  it('is filled with the same random rows at every load', () => {
    const rows = opened('llama32-tiny').model.base.vocab_size;
    const first = of({ kind: 'normal', seed: 7 });
    expect(first.shape[2]! % 32).toBe(0);
    expect(first.shape[2]).toBeGreaterThan(rows);
    expect(sameBits(first, of({ kind: 'normal', seed: 7 }))).toBe(true);
    expect(sameBits(first, of({ kind: 'normal', seed: 8 }))).toBe(false);
    expect(padding(first, rows).some(x => x !== 0)).toBe(true);
    expect(padding(of({ kind: 'zero' }), rows).every(x => x === 0)).toBe(true);
  });
});

describe('every step', () => {
  const matrix = tensor(
    'float32',
    [8, 3],
    Float32Array.from({ length: 24 }, (_, i) => i / 7),
  );
  const steps: Record<Transform['kind'], Transform> = {
    transpose: { kind: 'transpose' },
    permute: { kind: 'permute', heads: 2 },
    fuse: { kind: 'fuse', at: 0, rows: 8, of: 8 },
    pad: { kind: 'pad', rows: 8, to: 32, fill: { kind: 'normal', seed: 1 }, key: 'x' },
    cast: { kind: 'cast', to: 'float32' },
    reshape: { kind: 'reshape', from: [8, 3], to: [1, 1, 8, 3] },
    tie: { kind: 'tie', to: 'fc' },
  };
  it.each(Object.values(steps))('$kind can be taken back, and is named both ways', step => {
    const back = invertStep(applyStep(matrix, step), step);
    expect(back.shape).toEqual(matrix.shape);
    expect(sameBits(back, matrix)).toBe(true);
    expect(describeStep(step)).not.toBe('');
    expect(describeInverse(step)).not.toBe('');
  });
});

describe('refusals', () => {
  it('has no layout for a family that the device has no module for', () => {
    const { model } = readModelFolder('test/fixtures/slm');
    expect(() => ttmlLayout(model.base)).toThrow(/no module for the SLM/);
  });

  it('names the parameter of another shape', () => {
    const { layout } = opened('llama32-tiny');
    const wrong = () => tensor('float32', [2, 2], new Float32Array(4));
    const [first] = layout.tensors.values();
    expect(() => toDevice(first!, wrong)).toThrow(/embed_tokens.weight is \[2, 2\]/);
  });

  it('says all steps of a parameter in order', () => {
    const place = placesOf(opened('llama32-tiny').layout).get(
      'model.layers.0.self_attn.v_proj.weight',
    )!;
    expect(stepsOf(place).map(describeStep)).toEqual([
      'fuse into rows 32–63 of 64',
      'cast to bfloat16',
      'as [1, 1, 64, 64]',
    ]);
  });
});
