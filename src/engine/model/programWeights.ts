/** Where a program's weights come from, and the products with them. Knows nothing of attention. */
import type { GraphBuilder, Value } from '../graph/graph';
import { onnxDtypes } from '../graph/toOnnx';
import { dtypeBytes, type ExternalTensor, sizeOf } from '../tensor/tensor';
import { headName } from './families';
import { loraScale } from './lora';
import { adapterParameters, baseParameters, type ModelShape } from './modelShape';
import { nf4Inputs, nf4Layers, nf4Product, type Nf4Values } from './nf4Program';
import type { LinearLayout } from './parts';
import { blockSize, packedName, scalesName } from './quantise';

/** Elements that are widened at a time: they stay in the processor's cache until they are multiplied. */
const WIDENED_AT_ONCE = 1 << 20;

/** Weights as a program has them: inputs, constants of a file, or few bits in blocks. */
export class ProgramWeights {
  readonly #raw = new Map<string, Value>();
  /** Of 16 bits; a constant as a whole only where somebody wants that. */
  readonly #narrow = new Map<string, ExternalTensor>();
  readonly #wide = new Map<string, Value>();
  readonly #packed = new Map<string, { packed: Value; scales: Value }>();
  readonly #nf4 = new Map<string, Nf4Values>();

  constructor(
    private readonly b: GraphBuilder,
    private readonly model: ModelShape,
    stored: ReadonlyMap<string, ExternalTensor> = new Map(),
    private readonly drop: (x: Value, site: string, p: number) => Value = x => x,
  ) {
    const inNf4 = new Set(nf4Layers(model).map(({ name }) => name));
    for (const spec of [...baseParameters(model), ...adapterParameters(model)]) {
      const { name, shape } = spec;
      if (inNf4.has(name)) {
        this.#nf4.set(name, nf4Inputs(b, spec));
        continue;
      }
      const where = stored.get(name);
      if (where && where.dtype !== 'float32' && shape.length > 1) {
        this.#narrow.set(name, where);
        continue;
      }
      const [whole, packed, scales] = [name, packedName(name), scalesName(name)].map(part => {
        const where = stored.get(part);
        return where && b.constant(part, where);
      });
      if (packed && scales) this.#packed.set(name, { packed, scales });
      if (whole ?? !packed) this.#raw.set(name, whole ?? b.input(name, 'float32', shape));
    }
  }

  has = (name: string): boolean =>
    [this.#raw, this.#narrow, this.#packed, this.#nf4].some(weights => weights.has(name));

  /** As float32. */
  parameter = (name: string): Value => {
    const wide = this.#wide.get(name) ?? this.#widened(this.#stored(name));
    this.#wide.set(name, wide);
    return wide;
  };

  /** Narrow rows are widened after they were picked. */
  embed = (ids: Value, name: string): Value =>
    this.#widened(this.b.gather(this.#stored(name), ids));

  linear = (x: Value, name: string, layout: LinearLayout = 'out-in'): Value => {
    const { b, model } = this;
    const y = this.#product(x, name, layout);
    if (!model.lora || !this.has(`${name}.lora_A`)) return y;
    const dropped = this.drop(x, `${name}.lora`, model.lora.dropout ?? 0);
    const down = b.gemm(dropped, this.parameter(`${name}.lora_A`), { transB: 1 });
    const up = { transB: 1, alpha: loraScale(model.lora) } as const;
    return b.gemm(down, this.parameter(`${name}.lora_B`), up, y);
  };

  /** hidden · headᵀ → [rows, vocab] */
  logits = (hidden: Value): Value => {
    const head = headName(this.model.base);
    const quantised = this.#packed.get(head);
    if (quantised) return this.#productOfBits(hidden, quantised);
    return this.#productOfFloats(hidden, head, 1);
  };

  #product(x: Value, name: string, layout: LinearLayout): Value {
    const { b } = this;
    const bias = this.has(`${name}.bias`) ? this.parameter(`${name}.bias`) : undefined;
    const quantised = this.#packed.get(`${name}.weight`);
    if (quantised) {
      const y = this.#productOfBits(x, quantised);
      return bias ? b.add(y, bias) : y;
    }
    const nf4 = this.#nf4.get(`${name}.weight`);
    if (nf4) {
      const y = nf4Product(b, x, nf4);
      return bias ? b.add(y, bias) : y;
    }
    return this.#productOfFloats(x, `${name}.weight`, layout === 'out-in' ? 1 : 0, bias);
  }

  /** Large narrow weights are widened and multiplied some rows at a time. */
  #productOfFloats(x: Value, weight: string, transB: 0 | 1, bias?: Value): Value {
    const { b } = this;
    const narrow = this.#narrow.get(weight);
    const count = narrow ? Math.ceil(sizeOf(narrow.shape) / WIDENED_AT_ONCE) : 1;
    if (!narrow || count === 1 || !transB)
      return b.gemm(x, this.parameter(weight), { transB }, bias);
    const [out = 0, inner = 0] = narrow.shape;
    const step = Math.ceil(out / count);
    const parts = Array.from({ length: Math.ceil(out / step) }, (_, i) => {
      const rows = Math.min(step, out - i * step);
      const offset = narrow.offset + i * step * inner * dtypeBytes[narrow.dtype];
      const part = b.constant(`${weight}.${i}`, { ...narrow, shape: [rows, inner], offset });
      return b.gemm(x, this.#widened(part), { transB });
    });
    const y = b.concat(parts, 1);
    return bias ? b.add(y, bias) : y;
  }

  #productOfBits(x: Value, { packed, scales }: { packed: Value; scales: Value }): Value {
    const [N = 0, blocks = 0, bytes = 0] = packed.shape;
    const bits = bytes === (blockSize[4] * 4) / 8 ? 4 : 8;
    const attributes = { K: x.shape[1]!, N, bits, block_size: blockSize[bits] } as const;
    if (Math.ceil(attributes.K / blockSize[bits]) !== blocks)
      throw new Error(`${packed.name} has ${blocks} blocks for rows of ${attributes.K}`);
    return this.b.one('MatMulNBits', [x, packed, scales], { ...attributes, accuracy_level: 4 });
  }

  #stored(name: string): Value {
    const narrow = this.#narrow.get(name);
    const value = this.#raw.get(name) ?? (narrow && this.b.constant(name, narrow));
    if (!value) throw new Error(`the program has no parameter ${name}`);
    this.#raw.set(name, value);
    return value;
  }

  #widened = (v: Value): Value =>
    v.dtype === 'float32' ? v : this.b.one('Cast', [v], { to: onnxDtypes.float32 });
}
