/** The weights an adapter starts from: the seed, or as another adapter ended, when that one fits. */
import { dirname, join, resolve } from 'node:path';
import { realpathSync } from 'node:fs';
import type { FileSystem } from '../files/fileSystem';
import { exists } from '../files/readFile';
import { openTensorFile, type TensorFile } from '../formats/tensorFile';
import { sameShape } from '../graph/graph';
import { type AdapterFacts, adapterName, readAdapterFacts } from '../model/adapterFacts';
import { initializeParameters } from '../model/initialize';
import { loraScale, type LoraShape } from '../model/lora';
import { openModel, type OpenedModel } from '../model/modelFolder';
import { adapterParameters, baseParameters, type ModelShape } from '../model/programs';
import { fail } from '../problem';
import { asFloat32 } from '../tensor/asFloat32';
import type { Tensor } from '../tensor/tensor';
import type { ExecuteInput } from './runProcess';

/**
 * A resumed run has its adapter in its checkpoint: there the one that it came from is not looked at.
 * @param baseDir folder of the base under it
 * @throws `adapter.none`, `adapter.other-shape`, `adapter.other-base`
 */
export function startAdapter(
  { config, configPath, fs, resumeFrom }: ExecuteInput,
  model: ModelShape,
  baseDir: string,
): Map<string, Tensor> {
  const from = config.adapter?.from;
  const specs = adapterParameters(model);
  if (from === undefined || !model.lora || resumeFrom)
    return initializeParameters(specs, config.train.seed);
  const path = resolve(dirname(configPath), from);
  const facts = readAdapterFacts(path, fs);
  if (!facts)
    return fail('adapter.none', `${path} is no adapter: it has no adapter_config.json.`, {
      file: path,
      key: 'adapter.from',
    });
  requireSameScale(path, facts, model.lora);
  requireBase(path, facts, { baseDir, fs });
  const file = openTensorFile(facts.weights, fs);
  try {
    return tensorsOf(path, file, specs);
  } finally {
    file.close();
  }
}

function tensorsOf(
  path: string,
  file: TensorFile,
  specs: ReturnType<typeof adapterParameters>,
): Map<string, Tensor> {
  const names = new Map([...file.entries.keys()].map(name => [adapterName(name), name]));
  const wanted = new Set(specs.map(({ name }) => name));
  const unused = [...names.keys()].find(name => !wanted.has(name));
  if (unused !== undefined) refuse(path, `it has ${unused}, which adapter.targets leaves out`);
  return new Map(
    specs.map(({ name, shape }) => {
      const source = names.get(name);
      const found = source === undefined ? undefined : file.read(source);
      if (!found) return refuse(path, `it has no ${name}`);
      if (!sameShape(found.shape, shape))
        return refuse(
          path,
          `${name} is [${found.shape.join(', ')}], the config makes it [${shape.join(', ')}]`,
        );
      return [name, asFloat32(found)!];
    }),
  );
}

const refuse = (path: string, why: string): never =>
  fail('adapter.other-shape', `${path} does not fit the adapter of this config: ${why}.`, {
    file: path,
    key: 'adapter.from',
  });

/** B·A acts times the scale: with another one, training would begin with another model. */
function requireSameScale(path: string, facts: AdapterFacts, lora: LoraShape): void {
  const { lora: other } = facts;
  if (other.r !== lora.r) refuse(path, `its rank is ${other.r}, adapter.r is ${lora.r}`);
  const saysAlpha = facts.path !== facts.weights;
  if (saysAlpha && loraScale(other) !== loraScale(lora))
    refuse(
      path,
      `it was trained with alpha ${other.alpha}${other.rslora ? ' and rslora' : ''}, the config says alpha ${lora.alpha}${lora.rslora ? ' and rslora' : ''}, with which it acts otherwise`,
    );
}

interface Base {
  baseDir: string;
  fs: FileSystem;
}

/** Where the base that the adapter names is no folder here, shapes must do. */
function requireBase(path: string, { base, path: said }: AdapterFacts, { baseDir, fs }: Base) {
  if (base === undefined || base === '') return;
  const named = resolve(dirname(said), base);
  if (!exists(fs, join(named, 'config.json'))) return;
  if (realpathSync(named) === realpathSync(baseDir)) return;
  const other = firstDifference(named, baseDir, fs);
  if (other !== undefined)
    fail(
      'adapter.other-base',
      `${path} was trained over ${named}, and ${baseDir} is another model: ${other} differs. Start from that base, or with a new adapter.`,
      { file: path, key: 'adapter.from' },
    );
}

/** Name of a parameter; one of both models is in memory at a time. */
function firstDifference(one: string, other: string, fs: FileSystem): string | undefined {
  const opened: OpenedModel[] = [];
  try {
    const [a, b] = [one, other].map(dir => {
      opened.push(openModel(dir, { fs }));
      return opened.at(-1)!;
    }) as [OpenedModel, OpenedModel];
    const found = new Set(baseParameters(a.model).map(({ name }) => name));
    const missing = baseParameters(b.model).find(({ name }) => !found.has(name));
    const isSame = (name: string) => bytesOf(a.read(name)).equals(bytesOf(b.read(name)));
    return (missing ?? baseParameters(b.model).find(({ name }) => !isSame(name)))?.name;
  } finally {
    for (const each of opened) each.close();
  }
}

const bytesOf = ({ data }: Tensor<'float32'>): Buffer =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength);
