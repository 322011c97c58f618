/**
 * A model whose linear layers are held in few bits: made once from its weights, kept in a file beside
 * what it was made from, and loaded from there without passing through JavaScript.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { onDisk } from '../files/diskProblem';
import { disk, type FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import { ensureFolders, writeFileDurably } from '../files/writeDurably';
import { encodeHeader, type TensorHead } from '../formats/encodeSafetensors';
import { openSafetensors } from '../formats/safetensors';
import { type Dtype, type ExternalTensor, sizeOf } from '../tensor/tensor';
import { embeddingName, headName } from './families';
import type { OpenedModel } from './modelFolder';
import { baseParameters } from './programs';
import { nf4Names, nf4Sizes, quantiseNf4 } from './nf4';
import { nf4LayersOf, outIn } from './nf4Program';
import { type Bits, blockSize, packedName, quantise, scalesName } from './quantise';
import type { ParameterSpec } from './slmParameters';

/** 4 or 8 bits as generation reads them, or NF4, over which adapters are trained. */
export type QuantisedForm = Bits | 'nf4';

export interface QuantisedModel {
  /** The parts of the quantised layers; of 4 and 8 bits also everything else as it is. */
  readonly stored: ReadonlyMap<string, ExternalTensor>;
  /** ‖W − quantised‖ / ‖W‖ of each layer, by its weight's name. */
  readonly errors: ReadonlyMap<string, number>;
  /** The file it is kept in. */
  readonly path: string;
}

/** Under this name the file keeps ‖W − quantised‖ / ‖W‖ of each layer, in their order. */
export const QUANTISATION_ERRORS = 'errors';

export interface QuantiseOptions {
  bits: QuantisedForm;
  /** Where quantised models are kept. */
  cacheDir?: string | undefined;
  fs?: FileSystem;
  onProgress?: (layer: string, done: number, total: number) => void;
}

/** `$XDG_CACHE_HOME/weightroom/quantised` */
export const quantisedFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weightroom', 'quantised');

/** What is quantised: linear layers, and the head unless an adapter is trained over it. */
export const quantisedLayers = (
  model: OpenedModel['model'],
  form: QuantisedForm = 4,
): ParameterSpec[] => {
  if (form === 'nf4') return nf4LayersOf(model);
  const head = headName(model.base);
  return baseParameters(model).filter(spec => spec.linear ?? spec.name === head);
};

/** Opens the kept file of this model, or makes it. @throws as reading weights does; `disk.…` */
export function quantisedModel(opened: OpenedModel, options: QuantiseOptions): QuantisedModel {
  const { bits, cacheDir = quantisedFolder(), fs = disk } = options;
  const path = join(
    cacheDir,
    `${identity(opened, fs)}-${bits === 'nf4' ? bits : `int${bits}`}.safetensors`,
  );
  if (!exists(fs, path)) {
    onDisk('write', cacheDir, () => ensureFolders(fs, cacheDir));
    writeFileDurably(fs, path, quantisedBytes(opened, options));
  }
  const file = openSafetensors(path, fs);
  try {
    const embedding = embeddingName(opened.model.base);
    const own = bits === 'nf4' ? undefined : opened.stored.get(embedding);
    const stored = new Map<string, ExternalTensor>(own ? [[embedding, own]] : []);
    for (const [name, { dtype, shape, at }] of file.entries)
      if (name !== QUANTISATION_ERRORS && at)
        stored.set(name, { dtype: dtype as Dtype, shape, ...at });
    const errors = file.read(QUANTISATION_ERRORS).data as Float32Array;
    const layers = quantisedLayers(opened.model, bits);
    return { path, stored, errors: new Map(layers.map(({ name }, i) => [name, errors[i]!])) };
  } finally {
    file.close();
  }
}

/** A layer at a time, so that the model is never in memory as a whole. */
function* quantisedBytes(
  opened: OpenedModel,
  { bits, onProgress }: QuantiseOptions,
): Generator<Uint8Array> {
  const layers = quantisedLayers(opened.model, bits);
  const quantised = new Set(layers.map(p => p.name));
  const embedding = embeddingName(opened.model.base);
  // Rows of the embedding are read where they are, also when it is the head and quantised as that.
  const kept = baseParameters(opened.model).filter(
    ({ name }) =>
      bits !== 'nf4' && (name === embedding ? !opened.stored.has(name) : !quantised.has(name)),
  );
  yield encodeHeader([
    ...layers.flatMap(spec => headsOf(spec, bits)),
    ...kept.map(({ name, shape }) => ({ name, dtype: 'F32', shape, bytes: 4 * sizeOf(shape) })),
    { name: QUANTISATION_ERRORS, dtype: 'F32', shape: [layers.length], bytes: 4 * layers.length },
  ]);
  const errors = new Float32Array(layers.length);
  for (const [i, spec] of layers.entries()) {
    onProgress?.(spec.name, i, layers.length);
    const weights = opened.read(spec.name).data;
    const { parts, error } = partsOf(spec, weights, bits);
    errors[i] = error;
    yield* parts;
  }
  for (const { name } of kept) yield bytesOf(opened.read(name).data);
  yield bytesOf(errors);
}

function partsOf(spec: ParameterSpec, weights: Float32Array, bits: QuantisedForm) {
  if (bits === 'nf4') {
    const { packed, largest, nested, error } = quantiseNf4(weights, outIn(spec), spec.linear);
    return { parts: [packed, largest, bytesOf(nested)], error };
  }
  const { packed, scales, error } = quantise(weights, outIn(spec), bits, spec.linear);
  return { parts: [packed, bytesOf(scales)], error };
}

function headsOf(spec: ParameterSpec, bits: QuantisedForm): TensorHead[] {
  const [out, inp] = outIn(spec);
  if (bits === 'nf4') {
    const [names, { packed, largest, nested }] = [nf4Names(spec.name), nf4Sizes(out * inp)];
    return [
      { name: names.packed, dtype: 'U8', shape: [packed], bytes: packed },
      { name: names.largest, dtype: 'U8', shape: [largest], bytes: largest },
      { name: names.nested, dtype: 'F32', shape: [nested], bytes: 4 * nested },
    ];
  }
  const blocks = Math.ceil(inp / blockSize[bits]);
  const packed = [out, blocks, (blockSize[bits] * bits) / 8];
  return [
    { name: packedName(spec.name), dtype: 'U8', shape: packed, bytes: sizeOf(packed) },
    { name: scalesName(spec.name), dtype: 'F32', shape: [out * blocks], bytes: 4 * out * blocks },
  ];
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Where the weights are, and a change of any of their bytes as a file system shows it. */
function identity({ stored, baseDir }: OpenedModel, fs: FileSystem): string {
  const hash = createHash('sha256').update(resolve(baseDir));
  for (const file of [...new Set([...stored.values()].map(s => s.file))].sort()) {
    const { bytes, modified } = fs.stat(file);
    hash.update(`${file}:${bytes}:${modified}`);
  }
  return hash.digest('hex').slice(0, 32);
}
