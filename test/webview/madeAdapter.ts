/** An adapter over a model that changes what it writes: its numbers are a function of a seed. */
import { openModel } from '../../src/engine/model/modelFolder';
import { adapterParameters, type ModelShape } from '../../src/engine/model/modelShape';
import { saveAdapter } from '../../src/engine/model/saveAdapter';
import { sizeOf, tensor } from '../../src/engine/tensor/tensor';

/** Writes it into the new folder `dir`. @returns `dir` */
export function madeAdapter(dir: string, baseDir: string, seed: number): string {
  const base = openModel(baseDir);
  const model: ModelShape = { base: base.model.base, lora: { r: 4, alpha: 8, targets: ['attn'] } };
  const shapes = new Map(adapterParameters(model).map(({ name, shape }) => [name, shape]));
  const read = (name: string) => {
    const shape = shapes.get(name)!;
    const data = Float32Array.from(
      { length: sizeOf(shape) },
      (_, i) => 0.15 * Math.sin(seed * 12.9898 + name.length * 3.7 + i * 78.233),
    );
    return tensor('float32', shape, data);
  };
  saveAdapter({ ...base, model, read }, dir);
  base.close();
  return dir;
}
