/** `weightroom merge ADAPTER DST`: an adapter merged into its base, and whether the result is the same model. */
import { Option } from 'commander';
import { bytesText, countText } from '../curves/numberText';
import { compareModels, EQUIVALENCE_LIMITS } from '../engine/evaluate/equivalence';
import { mergeAdapter, type MergeOptions } from '../engine/model/mergeAdapter';
import { type AdapterSource, openAdapted } from '../engine/model/combineAdapters';
import { type ModelFolder, type OpenedModel, readModelFolder } from '../engine/model/modelFolder';
import { adapterParameters, baseParameters } from '../engine/model/modelShape';
import { roundedToNf4 } from '../engine/model/nf4Program';
import type { Tensor } from '../engine/tensor/tensor';
import type {
  Equivalence,
  Merged,
  MergedDtype,
  MergedOnto,
  MergeProgress,
} from '../protocol/merge';
import type { AddCommand, CommandContext } from './command';
import { runsOption } from './command';
import { exitCode } from './failure';
import { collectAdapter } from './generateOptions';
import { modelFolder, modelPath } from './modelPath';

const dtypes = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const satisfies Record<
  string,
  MergedDtype
>;

interface MergeFlags {
  base?: string;
  dtype?: keyof typeof dtypes;
  onto?: MergedOnto;
  adapter?: AdapterSource[];
  runs: string;
  check: boolean;
  json?: boolean;
  progress?: boolean;
}

export const addMerge: AddCommand = (program, context) => {
  program
    .command('merge')
    .description('merge an adapter into its base, and check that both are the same model')
    .argument('<adapter>', "an adapter's folder, a checkpoint or a run")
    .argument('<folder>', 'of the merged model; is made')
    .option('--base <folder>', 'the base, when it is not where the adapter says')
    .addOption(
      new Option('--dtype <type>', 'of all weights; as in the base if not given').choices(
        Object.keys(dtypes),
      ),
    )
    .addOption(
      new Option(
        '--onto <weights>',
        'of the base: as they are, or as NF4 holds them, over which a QLoRA adapter was trained',
      )
        .choices(['original', 'nf4'])
        .default('original'),
    )
    .option(
      '--adapter <dir[:weight]>',
      'a further adapter, and how strongly; may be repeated',
      collectAdapter,
    )
    .addOption(runsOption())
    .option('--no-check', 'do not compare the logits of both')
    .option('--json', 'print one JSON object')
    .option('--progress', 'with --json: also one for each weight that is merged, before it')
    .action(async (adapter: string, dst: string, flags: MergeFlags) => {
      context.exit(await merge(adapter, dst, flags, context));
    });
};

async function merge(
  name: string,
  dst: string,
  flags: MergeFlags,
  { out }: CommandContext,
): Promise<number> {
  const { base, dtype, onto = 'original', adapter = [], runs, check, json } = flags;
  const dir = modelFolder(name, { runs });
  const options = { baseDir: base === undefined ? undefined : modelPath(base) };
  const open = () => openAdapted([{ dir, weight: 1 }, ...adapter], options);
  const opened = open();
  let merged: Merged;
  try {
    merged = mergeAdapter(opened, dst, {
      dtype: dtype && dtypes[dtype],
      onto,
      onProgress: tellProgress(flags, out),
    });
  } finally {
    opened.close();
    out.status('');
  }
  const limit = Math.max(...merged.dtypes.map(d => EQUIVALENCE_LIMITS[d]));
  const sides = {
    first: () => adaptedModel(open(), onto),
    second: () => readModelFolder(dst),
  };
  const equivalence = check ? await compareModels(sides, limit) : undefined;
  const other =
    check && onto === 'nf4' ? await compareModels(originalSides(open), limit) : undefined;
  if (json)
    out.print(
      JSON.stringify({
        ...{ type: 'done', ...merged, onto },
        ...(equivalence && { equivalence, limit }),
        ...(other && { quantisation: other }),
      }),
    );
  else for (const line of describe(merged, equivalence, limit)) out.print(line);
  if (other && !json) out.print(quantisationText(other));
  return equivalence?.isEquivalent === false ? exitCode.failed : exitCode.done;
}

type Progress = NonNullable<MergeOptions['onProgress']>;

function tellProgress({ json, progress }: MergeFlags, out: CommandContext['out']): Progress {
  if (!json) return (weight, done, total) => out.status(`${done} of ${total}: ${weight}`);
  if (!progress) return () => undefined;
  return (weight, done, total) => {
    const said: MergeProgress = { type: 'progress', weight, done, total };
    out.print(JSON.stringify(said));
  };
}

/** All in memory, over the weights that are merged into. */
function adaptedModel(opened: OpenedModel, onto: MergedOnto): ModelFolder {
  try {
    const { model, baseDir } = opened;
    const base = baseParameters(model).map(spec => {
      const w = opened.read(spec.name);
      return [spec.name, onto === 'nf4' ? roundedToNf4(w, spec) : w] as const;
    });
    const adapter = adapterParameters(model).map(({ name }) => [name, opened.read(name)] as const);
    return { model, baseDir, weights: new Map<string, Tensor>([...base, ...adapter]) };
  } finally {
    opened.close();
  }
}

/** The adapter over both forms of the base: what quantising it changes. */
const originalSides = (open: () => OpenedModel) => ({
  first: () => adaptedModel(open(), 'nf4'),
  second: () => adaptedModel(open(), 'original'),
});

const quantisationText = ({ largest, agreement, divergence }: Equivalence): string =>
  `  over the original weights instead (--onto original): logits differ by up to ${largest.toExponential(1)} of the largest, the likeliest token is the same at ${(100 * agreement).toFixed(0)} % of positions, divergence ${divergence.toExponential(1)} nats`;

function describe(merged: Merged, equivalence: Equivalence | undefined, limit: number): string[] {
  const { dir, bytes, adapted, dtypes: types } = merged;
  const lines = [
    `${dir}  ${bytesText(bytes)}, ${countText(adapted)} layers merged, ${types.join(', ')}`,
  ];
  if (!equivalence) return lines;
  const { largest, largestAt, agreement, positions, divergence, isEquivalent } = equivalence;
  const verdict = isEquivalent ? '✓ the same model' : '✗ not the same model';
  return [
    ...lines,
    `${verdict}: logits differ by at most ${largest.toExponential(1)} of the largest (${limit.toExponential(0)} allowed), at position ${largestAt.position}, token ${largestAt.token}`,
    `  the likeliest token is the same at ${countText(Math.round(agreement * positions))} of ${countText(positions)} positions; divergence ${divergence.toExponential(1)} nats`,
  ];
}
