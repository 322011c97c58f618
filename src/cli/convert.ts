/** `weightroom convert SRC DST`: the tensors of any file or folder as safetensors. */
import { InvalidArgumentError, Option } from 'commander';
import { bytesText, countOf } from '../curves/numberText';
import type { CastDtype } from '../engine/formats/castPieces';
import type { Converted } from '../engine/formats/convert';
import { convertToSafetensors } from '../engine/formats/convert';
import { openWeights } from '../engine/formats/weightFolder';
import type { AddCommand, CommandContext } from './command';
import { exitCode } from './failure';

interface ConvertFlags {
  dtype?: keyof typeof dtypes;
  maxShardSize?: number;
  overwrite?: boolean;
  json?: boolean;
}

const dtypes = {
  f64: 'float64',
  f32: 'float32',
  f16: 'float16',
  bf16: 'bfloat16',
} as const satisfies Record<string, CastDtype>;

export const addConvert: AddCommand = (program, context) => {
  program
    .command('convert')
    .description('write the tensors of a file or folder as safetensors')
    .argument('<src>', 'safetensors, PyTorch, NumPy or ONNX, or a folder with weights or shards')
    .argument('<dst>', 'a file ending in .safetensors, or a folder')
    .addOption(
      new Option(
        '--dtype <type>',
        'type of every floating-point tensor; as it is if not given',
      ).choices(Object.keys(dtypes)),
    )
    .option('--max-shard-size <size>', 'split into files of at most so much, e.g. 5GB', readSize)
    .option('--overwrite', 'replace files that are there already')
    .option('--json', 'print one JSON object')
    .action((src: string, dst: string, flags: ConvertFlags) => {
      convert(src, dst, flags, context);
      context.exit(exitCode.done);
    });
};

function convert(src: string, dst: string, flags: ConvertFlags, { out }: CommandContext): void {
  const source = openWeights(src);
  try {
    const converted = convertToSafetensors(source, dst, {
      ...(flags.dtype && { dtype: dtypes[flags.dtype] }),
      ...(flags.maxShardSize !== undefined && { maxShardBytes: flags.maxShardSize }),
      ...(flags.overwrite && { overwrite: true }),
      onProgress: (done, all) => {
        const share = all === 0 ? 100 : Math.floor((done / all) * 100);
        if (!flags.json) out.status(`${dst}: ${share} % of ${bytesText(all)}`);
      },
    });
    out.status('');
    if (flags.json) out.print(JSON.stringify(converted));
    else for (const line of describe(converted)) out.print(line);
  } finally {
    source.close();
  }
}

const describe = ({ files, notes }: Converted): string[] => [
  ...files.map(
    ({ path, tensors, bytes }) => `${path}: ${countOf(tensors, 'tensor')}, ${bytesText(bytes)}`,
  ),
  ...notes.map(note => `note: ${note}`),
];

const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** "5GB", "500 MiB", "1000000": bytes. */
export function readSize(text: string): number {
  const [, number, unit = ''] = /^([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = units[unit.toUpperCase()];
  const bytes = Math.floor(Number(number) * (factor ?? NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('Write a size as 5GB, 500MB or 2GiB.');
}
