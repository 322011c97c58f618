/** `weightroom adapter inspect|combine|list`: what adapters change, and several as one. */
import { join } from 'node:path';
import { countOf, countText } from '../curves/numberText';
import { disk } from '../engine/files/fileSystem';
import { exists, listFolder } from '../engine/files/readFile';
import { writeTextDurably } from '../engine/files/writeDurably';
import { readAdapterFacts } from '../engine/model/adapterFacts';
import { type AdapterSource, openAdapted } from '../engine/model/combineAdapters';
import {
  type AdaptedLayer,
  type AdapterOverlap,
  compareAdapters,
  inspectAdapter,
} from '../engine/model/inspectAdapter';
import { adapterParameters } from '../engine/model/modelShape';
import { saveAdapter } from '../engine/model/saveAdapter';
import type { AddCommand, CommandContext } from './command';
import { runsOption } from './command';
import { adapterPicture } from './adapterPicture';
import { exitCode } from './failure';
import { collectAdapter } from './generateOptions';
import { modelFolder, modelPath } from './modelPath';

interface Flags {
  base?: string;
  runs: string;
  json?: boolean;
  svg?: string;
}

export const addAdapter: AddCommand = (program, context) => {
  const adapter = program.command('adapter').description('look into adapters, and combine them');
  adapter
    .command('inspect')
    .description('how much an adapter changes each layer, and what it shares with another')
    .argument('<adapter>', "an adapter's folder or file, a checkpoint or a run")
    .argument('[other]', 'an adapter of the same base to compare with')
    .option('--base <folder>', 'the base, when it is not where the adapter says')
    .addOption(runsOption())
    .option('--svg <file>', 'write a picture')
    .option('--json', 'print one JSON object a layer')
    .action((name: string, other: string | undefined, flags: Flags) => {
      inspect(name, other, flags, context);
    });
  adapter
    .command('combine')
    .description('several adapters of one base as one, in the format of PEFT; exact')
    .argument('<folder>', 'is made')
    .argument('<adapters...>', 'folders or files, each with a weight if not 1: FOLDER:0.5')
    .option('--base <folder>', 'the base, when it is not where the adapters say')
    .addOption(runsOption())
    .option('--json', 'print one JSON object')
    .action((folder: string, adapters: string[], flags: Flags) => {
      combine(folder, adapters, flags, context);
    });
  adapter
    .command('list')
    .description('the adapters in a folder')
    .argument('[folder]', 'is looked through one level deep', '.')
    .option('--json', 'print one JSON object an adapter')
    .action((folder: string, flags: Pick<Flags, 'json'>) => {
      list(folder, flags, context);
    });
};

const baseOf = ({ base }: Pick<Flags, 'base'>) =>
  base === undefined ? {} : { baseDir: modelPath(base) };

const sourceOf = (text: string, flags: Flags): AdapterSource => {
  const [{ dir, weight }] = collectAdapter(text) as [AdapterSource];
  return { dir: exists(disk, dir) ? dir : modelFolder(dir, flags), weight };
};

function inspect(
  name: string,
  other: string | undefined,
  flags: Flags,
  { out, exit }: CommandContext,
): void {
  const first = openAdapted([sourceOf(name, flags)], baseOf(flags));
  const second =
    other === undefined ? undefined : openAdapted([sourceOf(other, flags)], baseOf(flags));
  const layers = [...inspectAdapter(first)];
  const overlaps = new Map(
    second ? [...compareAdapters(first, second)].map(each => [each.layer, each]) : [],
  );
  first.close();
  second?.close();
  if (flags.svg !== undefined) writeTextDurably(disk, flags.svg, adapterPicture(layers, overlaps));
  if (flags.json)
    for (const layer of layers)
      out.print(JSON.stringify({ ...layer, ...overlaps.get(layer.layer) }));
  else for (const line of table(layers, overlaps)) out.print(line);
  exit(exitCode.done);
}

function table(
  layers: readonly AdaptedLayer[],
  overlaps: ReadonlyMap<string, AdapterOverlap>,
): string[] {
  const width = Math.max(5, ...layers.map(({ layer }) => layer.length));
  const hasOther = overlaps.size > 0;
  const cell = (x: number | undefined, digits: number) =>
    (x === undefined ? '—' : x.toFixed(digits)).padStart(9);
  const most = Math.max(...layers.map(({ norm }) => norm));
  return [
    `${'layer'.padEnd(width)}     ‖BA‖  of ‖W‖ %  eff. rank${hasOther ? '   cosine  subspace' : ''}`,
    ...layers.map(({ layer, norm, share, effectiveRank }) => {
      const overlap = overlaps.get(layer);
      const more = hasOther ? `${cell(overlap?.cosine, 3)} ${cell(overlap?.subspace, 3)}` : '';
      const bar = '█'.repeat(Math.round((12 * norm) / (most || 1)));
      return `${layer.padEnd(width)} ${cell(norm, 4)} ${cell(100 * share, 2)}  ${cell(effectiveRank, 2)}${more}  ${bar}`;
    }),
  ];
}

function combine(
  folder: string,
  names: string[],
  flags: Flags,
  { out, exit }: CommandContext,
): void {
  const sources = names.map(name => sourceOf(name, flags));
  const opened = openAdapted(sources, baseOf(flags));
  try {
    saveAdapter(opened, folder);
    const parameters = adapterParameters(opened.model);
    const facts = {
      folder,
      adapters: sources,
      rank: opened.model.lora!.r,
      layers: parameters.length / 2,
    };
    out.print(
      flags.json
        ? JSON.stringify(facts)
        : `${folder}  ${countOf(names.length, 'adapter')} as one of rank ${facts.rank}, ${countText(facts.layers)} layers`,
    );
  } finally {
    opened.close();
  }
  exit(exitCode.done);
}

function list(folder: string, { json }: Pick<Flags, 'json'>, { out, exit }: CommandContext): void {
  const candidates = [folder, ...listFolder(disk, folder).map(name => join(folder, name))];
  for (const dir of candidates) {
    if (!exists(disk, join(dir, 'adapter_config.json')) && !/\.(pt|pth|bin)$/.test(dir)) continue;
    try {
      const facts = readAdapterFacts(dir, disk);
      if (!facts) continue;
      const { lora, base } = facts;
      const line = `${dir}  rank ${lora.r}, alpha ${lora.alpha}${lora.rslora ? ', rsLoRA' : ''}, over ${base ?? 'a base that it does not name'}`;
      out.print(json ? JSON.stringify({ dir, ...lora, base: base ?? null }) : line);
    } catch (error) {
      if (!json) out.print(`${dir}  ✗ ${(error as Error).message}`);
    }
  }
  exit(exitCode.done);
}
