/**
 * Several adapters over one base as one: W + Σ weight·scale·B·A is an adapter whose rank is the sum of
 * theirs. Exact; whoever uses a model with an adapter need not know that it is several.
 */
import { realpathSync } from 'node:fs';
import { disk } from '../files/fileSystem';
import { exists } from '../files/readFile';
import { fail } from '../problem';
import { tensor, type Tensor } from '../tensor/tensor';
import { readAdapterFacts } from './adapterFacts';
import { loraScale } from './lora';
import { openModel, type OpenedModel, type OpenOptions } from './modelFolder';
import { adapterParameters, type ModelShape } from './modelShape';

/** An adapter and how strongly it acts: 1 as it was trained, 0 not at all. */
export interface AdapterSource {
  readonly dir: string;
  readonly weight: number;
}

/** `DIR` or `DIR:0.5`; a folder whose name ends so is written with `:1`. @throws `adapter.bad-weight` */
export function adapterSource(text: string): AdapterSource {
  const [, dir, weight] = /^(.+?):([^:/\\]*)$/.exec(text) ?? [];
  if (dir === undefined || weight === undefined) return { dir: text, weight: 1 };
  const value = weight.trim() === '' ? NaN : Number(weight);
  if (!Number.isFinite(value))
    fail('adapter.bad-weight', `"${weight}" in ${text} is no weight. Write FOLDER:0.5.`);
  return { dir, weight: value };
}

/** @throws `adapter.other-base`, `adapter.twice`, `adapter.bad-weight`, and as `openModel` */
export function openAdapted(
  sources: readonly AdapterSource[],
  options: OpenOptions = {},
): OpenedModel {
  const [only] = sources;
  if (!only) throw new Error('no adapters');
  checkSources(sources);
  const opened: OpenedModel[] = [];
  try {
    for (const { dir } of sources) opened.push(openAdapterOf(dir, options));
    return sources.length === 1 && only.weight === 1 ? opened[0]! : combined(opened, sources);
  } catch (error) {
    for (const each of opened) each.close();
    throw error;
  }
}

/** @throws `adapter.none` */
function openAdapterOf(dir: string, options: OpenOptions): OpenedModel {
  if (exists(disk, dir) && !readAdapterFacts(dir, disk))
    fail(
      'adapter.none',
      `${dir} is no adapter: it has no adapter_config.json. A whole model is named in the base's place.`,
      { file: dir },
    );
  return openModel(dir, options);
}

export interface Adapted {
  /** A model folder, or an adapter's: the first of its adapters then. */
  readonly dir: string;
  readonly adapterDir?: string | undefined;
  readonly adapters?: readonly AdapterSource[] | undefined;
}

/** All adapters of a model, each where it lies. */
export function adaptersOf({ dir, adapterDir, adapters = [] }: Adapted): AdapterSource[] {
  const own = readAdapterFacts(dir, disk) ? dir : undefined;
  const whole = [own, adapterDir].filter(each => each !== undefined);
  return [...whole.map(each => ({ dir: each, weight: 1 })), ...adapters];
}

/** @param adapters as `adaptersOf` has them @throws as `openAdapted` */
export function openOver(dir: string, adapters: readonly AdapterSource[]): OpenedModel {
  const [first] = adapters;
  if (!first) return openModel(dir);
  return openAdapted(adapters, first.dir === dir ? baseOf(first, adapters) : { baseDir: dir });
}

/** The others need not name the base of the one that they join. */
function baseOf({ dir }: AdapterSource, { length }: readonly AdapterSource[]): OpenOptions {
  if (length === 1) return {};
  const own = openModel(dir);
  own.close();
  return { baseDir: own.baseDir };
}

function checkSources(sources: readonly AdapterSource[]): void {
  const seen = new Set<string>();
  for (const { dir, weight } of sources) {
    if (!Number.isFinite(weight))
      fail('adapter.bad-weight', `${dir} has the weight ${weight}. Give a finite number.`, {
        file: dir,
      });
    const place = placeOf(dir);
    if (seen.has(place))
      fail(
        'adapter.twice',
        `${dir} is named twice. Name each adapter once, with the sum of its weights.`,
        { file: dir },
      );
    seen.add(place);
  }
}

/** What is not there is told by who opens it. */
function placeOf(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return dir;
  }
}

function combined(opened: readonly OpenedModel[], sources: readonly AdapterSource[]): OpenedModel {
  const [first] = opened;
  if (!first) throw new Error('no adapters');
  const parts = opened.map((each, i) => partOf(each, sources[i]!));
  for (const [i, { baseDir }] of opened.entries())
    if (baseDir !== first.baseDir)
      fail(
        'adapter.other-base',
        `${sources[i]!.dir} is an adapter of ${baseDir}, ${sources[0]!.dir} of ${first.baseDir}. Adapters of one base can be combined; name it if they only call it differently.`,
      );
  const r = parts.reduce((sum, part) => sum + part.r, 0);
  const targets = [...new Set(parts.flatMap(part => [...part.layers]))];
  const model: ModelShape = { base: first.model.base, lora: { r, alpha: r, targets } };
  const shapes = new Map(adapterParameters(model).map(({ name, shape }) => [name, shape]));
  return {
    model,
    baseDir: first.baseDir,
    reports: [first.reports[0]!, ...opened.flatMap(({ reports }) => reports.slice(1))],
    stored: new Map([...first.stored].filter(([name]) => !/\.lora_[AB]$/.test(name))),
    read(name) {
      const shape = shapes.get(name);
      return shape ? joined(name, shape, parts) : first.read(name);
    },
    close() {
      for (const each of opened) each.close();
    },
  };
}

interface Part {
  readonly r: number;
  /** Names of its adapted layers. */
  readonly layers: ReadonlySet<string>;
  /** What B is multiplied by. */
  readonly factor: number;
  readonly read: OpenedModel['read'];
}

function partOf({ model, read }: OpenedModel, { weight }: AdapterSource): Part {
  const lora = model.lora!; // each was opened as an adapter
  const names = adapterParameters(model).map(p => p.name.replace(/\.lora_[AB]$/, ''));
  return { r: lora.r, layers: new Set(names), factor: weight * loraScale(lora), read };
}

/** A below A, B beside B; zeros where an adapter leaves the layer alone. */
function joined(name: string, shape: readonly number[], parts: readonly Part[]): Tensor<'float32'> {
  const layer = name.replace(/\.lora_[AB]$/, '');
  const result = new Float32Array((shape[0] ?? 0) * (shape[1] ?? 0));
  const isDown = name.endsWith('.lora_A');
  const [rows = 0, columns = 0] = shape;
  let at = 0;
  for (const { r, layers, factor, read } of parts) {
    if (layers.has(layer)) {
      const { data } = read(name);
      if (isDown) result.set(data, at * columns);
      else
        for (let row = 0; row < rows; row++)
          for (let k = 0; k < r; k++) result[row * columns + at + k] = factor * data[row * r + k]!;
    }
    at += r;
  }
  return tensor('float32', shape, result);
}
