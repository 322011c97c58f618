/**
 * The measured models on disk, in the form of each engine: made once, kept in the bench's folder.
 * All forms hold the same weights.
 */
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { disk } from '../../src/engine/files/fileSystem';
import { encodeHeader } from '../../src/engine/formats/encodeSafetensors';
import { writeSafetensors } from '../../src/engine/formats/safetensors';
import { hfConfigOf } from '../../src/engine/model/hfConfig';
import type { LlamaShape } from '../../src/engine/model/llama';
import { openModel } from '../../src/engine/model/modelFolder';
import { baseParameters } from '../../src/engine/model/programs';
import type { Bits } from '../../src/engine/model/quantise';
import { quantisedModel } from '../../src/engine/model/quantisedModel';
import { narrowFloats } from '../../src/engine/tensor/narrowFloats';
import { sizeOf, type Tensor, tensor } from '../../src/engine/tensor/tensor';
import { writeDecoder } from './decoderOnnx';
import { writeGguf } from './gguf';
import { benchFolder, type Width, widths } from './shapes';

/** Where each engine finds a model. */
export interface ModelPaths {
  /** Ours: a Hugging Face folder. */
  folder: string;
  gguf: string;
  /** transformers.js: a folder below `root`. */
  onnx: { root: string; name: string };
  /** Where ours keeps its quantised forms. */
  cacheDir: string;
}

export const modelPaths = (name: string, width: Width, folder?: string): ModelPaths => {
  const own = join(benchFolder(), name);
  return {
    folder: folder ?? join(own, 'hf'),
    gguf: join(own, `${widths[width].gguf}.gguf`),
    onnx: { root: own, name: 'onnx' },
    cacheDir: join(own, 'quantised'),
  };
};

/** Writes what is not there yet. @param existing a folder with real weights, instead of made ones */
export function prepareModel(
  name: string,
  shape: LlamaShape,
  width: Width,
  existing?: string,
): ModelPaths {
  const paths = modelPaths(name, width, existing);
  if (existing === undefined) made(join(paths.folder, 'model.safetensors'), writeRandom(shape));
  writeFileSync(join(ensured(dirname(paths.gguf)), 'shape.json'), JSON.stringify(shape));
  if (existing === undefined)
    writeFileSync(join(paths.folder, 'config.json'), JSON.stringify(hfConfigOf(shape)));
  const opened = openModel(paths.folder);
  try {
    const { gguf, bits } = widths[width];
    made(paths.gguf, path => {
      writeGguf(path, shape, gguf, name => opened.read(name).data);
    });
    const onnx = join(paths.onnx.root, paths.onnx.name);
    writeFileSync(
      join(ensured(onnx), 'config.json'),
      JSON.stringify({
        ...hfConfigOf(shape),
        eos_token_id: null,
        bos_token_id: 1,
        'transformers.js_config': { use_external_data_format: false },
      }),
    );
    writeFileSync(join(onnx, 'generation_config.json'), '{}');
    writeOnnx(onnx, shape, opened, bits, paths.cacheDir);
    const { stored } = widths[width];
    return stored === 'float32'
      ? paths
      : { ...paths, folder: narrowed(paths.folder, opened, stored) };
  } finally {
    opened.close();
  }
}

/** The same model with matrices of 16 bits, in a folder beside. */
function narrowed(
  folder: string,
  opened: ReturnType<typeof openModel>,
  dtype: 'float16' | 'bfloat16',
): string {
  const dir = ensured(`${folder}-${dtype}`);
  for (const name of readdirSync(folder).filter(file => /\.(json|jinja|model|txt)$/.test(file)))
    copyFileSync(join(folder, name), join(dir, name));
  made(join(dir, 'model.safetensors'), path => {
    const weights = baseParameters(opened.model).map(({ name, shape }): [string, Tensor] => {
      const { data } = opened.read(name);
      const isMatrix = shape.length > 1;
      return [
        name,
        isMatrix ? tensor(dtype, shape, narrowFloats(data, dtype)) : tensor('float32', shape, data),
      ];
    });
    writeSafetensors(disk, path, new Map(weights));
  });
  return dir;
}

/** The decoder beside links to the very files that ours reads. */
function writeOnnx(
  folder: string,
  shape: LlamaShape,
  opened: ReturnType<typeof openModel>,
  bits: Bits | undefined,
  cacheDir: string,
): void {
  const stored = bits ? quantisedModel(opened, { bits, cacheDir }).stored : opened.stored;
  const suffix = bits ? { 8: '_int8', 4: '_q4' }[bits] : '';
  const models = ensured(join(folder, 'onnx'));
  const linked = new Map<string, string>();
  for (const { file } of stored.values()) {
    if (linked.has(file)) continue;
    const link = `model${suffix}.onnx_data${linked.size === 0 ? '' : `_${linked.size}`}`;
    rmSync(join(models, link), { force: true });
    linkOrCopy(file, join(models, link));
    linked.set(file, link);
  }
  writeFileSync(join(models, `model${suffix}.onnx`), writeDecoder(shape, stored, linked));
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    copyFileSync(from, to);
  }
}

function ensured(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A file that was begun and not ended is not there. */
function made(path: string, write: (path: string) => void): void {
  if (existsSync(path)) return;
  console.log(`writing ${path}`);
  ensured(dirname(path));
  write(`${path}.part`);
  renameSync(`${path}.part`, path);
}

/** Numbers that are spread evenly with the deviation of an initialised model; norms of ones. */
const writeRandom =
  (shape: LlamaShape) =>
  (path: string): void => {
    const specs = baseParameters({ base: shape });
    const file = openSync(path, 'w');
    try {
      const heads = specs.map(({ name, shape: dims }) => ({
        name,
        dtype: 'F32',
        shape: dims,
        bytes: 4 * sizeOf(dims),
      }));
      writeSync(file, encodeHeader(heads));
      let state = 1;
      const wide = 0.02 * Math.sqrt(12);
      for (const { shape: dims } of specs) {
        const data = new Float32Array(sizeOf(dims)).fill(1);
        if (dims.length > 1)
          for (let i = 0; i < data.length; i++) {
            state = (Math.imul(state, 1664525) + 1013904223) | 0;
            data[i] = (state / 2 ** 32) * wide;
          }
        const bytes = new Uint8Array(data.buffer);
        for (let done = 0; done < bytes.length;)
          done += writeSync(file, bytes, done, Math.min(bytes.length - done, 1 << 30));
      }
    } finally {
      closeSync(file);
    }
  };
