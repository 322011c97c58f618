/** `weightroom inspect FILE`: what stands in a file of tensors, and whether the file is sound. */
import { Option } from 'commander';
import { amountText, bytesText, countOf, countText } from '../curves/numberText';
import type { PrefixTotals } from '../engine/formats/prefixTotals';
import { prefixTotals } from '../engine/formats/prefixTotals';
import type { TensorEntry, TensorFile } from '../engine/formats/tensorFile';
import { openWeights } from '../engine/formats/weightFolder';
import {
  findingRows,
  type ModelReport,
  modelReport,
  type NoModel,
} from '../engine/model/modelReport';
import { openModel } from '../engine/model/modelFolder';
import type { Bits } from '../engine/model/quantise';
import { quantisedModel } from '../engine/model/quantisedModel';
import { fail } from '../engine/problem';
import { worstFirst } from '../protocol/layerErrors';
import type { LayerError } from '../protocol/runEvent';
import type { AddCommand, CommandContext } from './command';
import { exitCode } from './failure';
import { readBits } from './generateOptions';
import { layerLines } from './layerLines';
import { modelPath } from './modelPath';
import { printable } from './terminal';

interface InspectOptions {
  json?: boolean;
  quantize?: Bits;
  verify: boolean;
}

export const addInspect: AddCommand = (program, context) => {
  program
    .command('inspect')
    .description('say what a file of tensors holds; ends with 2 if it is not sound')
    .argument(
      '<file>',
      'safetensors, PyTorch, NumPy or ONNX, a folder with weights or shards, or a model in the cache (organization/model)',
    )
    .option('--no-verify', 'do not read the data to compare its checksums, where a file has any')
    .addOption(
      new Option(
        '--quantize <bits>',
        'of a model, also the error of each layer in int8 or int4',
      ).argParser(readBits),
    )
    .option('--json', 'print one JSON object')
    .action((path: string, options: InspectOptions) => {
      const isSound = inspect(modelPath(path), options, context);
      context.exit(isSound ? exitCode.done : exitCode.badInput);
    });
};

function inspect(
  path: string,
  { json, verify, quantize: bits }: InspectOptions,
  { out, err }: CommandContext,
): boolean {
  const file = openWeights(path);
  try {
    if (verify) file.verify();
    const model = modelReport(path);
    if (bits && !model)
      fail(
        'inspect.no-model',
        `${path} is no model's folder: only layers of a model are held in few bits. Leave --quantize out, or name the folder.`,
        { file: path },
      );
    const errors = bits && errorsIn(path, bits, err);
    const quantised = errors && { quantised: { bits, errors } };
    if (json) out.print(JSON.stringify({ ...facts(file), ...(model && { model }), ...quantised }));
    else {
      for (const line of [...describe(file), ...describeModel(model)]) out.print(line);
      if (errors) for (const line of layerLines(errors, `int${bits}`)) out.print(line);
    }
    return !model || 'refused' in model || model.errors.length === 0;
  } finally {
    file.close();
  }
}

/** @throws as opening the model and writing to the cache do */
function errorsIn(path: string, bits: Bits, err: CommandContext['err']): LayerError[] {
  const opened = openModel(path);
  try {
    const { errors } = quantisedModel(opened, {
      bits,
      onProgress: (layer, done, total) =>
        err.status(`quantising ${layer} (${done + 1} of ${total})`),
    });
    err.status('');
    return worstFirst(errors);
  } finally {
    opened.close();
  }
}

function describeModel(model: ModelReport | NoModel | undefined): string[] {
  if (!model) return [];
  if ('refused' in model) return ['', `as a model: ${oneLine(model.refused)}`];
  const { family, parameters, contextLength, findings, errors } = model;
  const fits =
    errors.length === 0
      ? `all ${countOf(findings.length, 'tensor')} accounted for`
      : countOf(errors.length, 'error');
  return [
    '',
    `as a model: ${family}, ${amountText(parameters)} parameters, context of ${countText(contextLength)}; ${fits}`,
    ...table(findingRows(findings).map(cells => cells.map(oneLine))),
  ];
}

function facts(file: TensorFile): object {
  const { tensors, parameters, bytes, parts } = prefixTotals(file.entries);
  return {
    path: file.path,
    format: file.format,
    tensors,
    parameters,
    bytes,
    metadata: Object.fromEntries(file.metadata),
    entries: [...file.entries].map(([name, entry]) => ({ name, ...entry })),
    totals: parts,
  };
}

function describe(file: TensorFile): string[] {
  const totals = prefixTotals(file.entries);
  const { tensors, parameters, bytes, parts } = totals;
  const head = `${file.path}: ${file.format}, ${countOf(tensors, 'tensor')}, ${amountText(parameters)} parameters, ${bytesText(bytes)}`;
  const metadata = [...file.metadata].map(([key, text]) => [`  ${oneLine(key)}`, oneLine(text)]);
  const rows = [...file.entries].map(row);
  const groups = parts.flatMap(part => groupRows(part, 0));
  return [
    head,
    ...section('beside the tensors', table(metadata)),
    ...section('tensors', table(rows, ROW_NUMBERS)),
    ...section('by prefix', table(groups, GROUP_NUMBERS)),
  ];
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', title, ...lines];

/** Columns of numbers. */
const ROW_NUMBERS = [3];
const GROUP_NUMBERS = [1, 2, 3];

function row([name, { dtype, shape, bytes, sameAs, unreadable }]: [string, TensorEntry]): string[] {
  const note = sameAs !== undefined ? `same as ${oneLine(sameAs)}` : (unreadable ?? '');
  return [`  ${oneLine(name)}`, dtype, `[${shape.join(', ')}]`, bytesText(bytes), note];
}

/** Deeper levels are for the editor and for `--json`. */
const GROUP_LEVELS = 2;

function groupRows(
  { prefix, tensors, parameters, bytes, parts }: PrefixTotals,
  level: number,
): string[][] {
  const cells = [
    `  ${'  '.repeat(level)}${oneLine(prefix)}`,
    countOf(tensors, 'tensor'),
    countText(parameters),
    bytesText(bytes),
  ];
  const inside = level + 1 < GROUP_LEVELS ? parts.flatMap(part => groupRows(part, level + 1)) : [];
  return [cells, ...inside];
}

const MAX_LINE = 200;

/** Names and texts come from the file: on one line, and without what would steer a terminal. */
function oneLine(text: string): string {
  const line = printable(text).replace(/\s*[\n\t]\s*/g, ' ');
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
}

/** Columns as wide as their widest cell; those of numbers end on one line. */
function table(rows: readonly string[][], numbers: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const cells of rows)
    cells.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const aligned = (cell: string, i: number) =>
    numbers.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
  return rows.map(cells => cells.map(aligned).join('  ').trimEnd());
}
