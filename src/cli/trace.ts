/**
 * `weightroom trace MODEL`: logits, loss and gradients of given ids, to compare with others; with
 * `--device` the same model on two devices, layer by layer.
 */
import { InvalidArgumentError, Option } from 'commander';
import { shortText } from '../curves/numberText';
import { openModelTokenizer } from '../engine/data/modelTokenizer';
import type { DeviceComparison } from '../engine/devices/compareDevices';
import { disk } from '../engine/files/fileSystem';
import { openTensorFile } from '../engine/formats/tensorFile';
import { readSafetensors, writeSafetensors } from '../engine/formats/safetensors';
import { readModelFolder } from '../engine/model/modelFolder';
import { fail } from '../engine/problem';
import { type Tensor, tensor } from '../engine/tensor/tensor';
import { type DeviceName, deviceNames, isRuntimeDevice } from '../protocol/devices';
import type { AddCommand, CommandContext } from './command';
import { exitCode } from './failure';
import { modelPath } from './modelPath';
import { number } from './numberOption';

interface TraceOptions {
  ids?: string;
  prompt?: string;
  out?: string;
  grads?: boolean;
  device?: DeviceName[];
  against: DeviceName;
  steps: number;
  threshold?: number;
  python?: string;
  held?: string;
  json?: boolean;
}

function collectDevices(text: string, before: DeviceName[] = []): DeviceName[] {
  const names = [...before, ...text.split(',')];
  if (names.length > 2) throw new InvalidArgumentError('Two devices at most.');
  const unknown = names.find(name => !(deviceNames as readonly string[]).includes(name));
  if (unknown === undefined) return names as DeviceName[];
  throw new InvalidArgumentError(`"${unknown}" is no device.`);
}

export const addTrace: AddCommand = (program, context) => {
  program
    .command('trace')
    .description('write logits, loss and gradients of a model over given ids; compare two devices')
    .argument('<model>', 'a folder with config.json and model.safetensors, or of an adapter')
    .option(
      '--ids <file>',
      'safetensors with "idx"; "targets" for a loss (-1 is ignored), "attention_mask" and "position_ids"',
    )
    .option('--prompt <text>', 'instead of ids: a text for the model’s tokenizer')
    .option('--out <file>', 'safetensors to write')
    .option('--grads', "also every gradient, under its parameter's name")
    .option(
      '--device <name>',
      `compare this device layer by layer with --against, or two: ${deviceNames.join(', ')}`,
      collectDevices,
    )
    .addOption(
      new Option('--against <name>', 'the device that is held to be right')
        .choices(deviceNames)
        .default('cpu'),
    )
    .option(
      '--steps <n>',
      'tokens to decode first, each compared as a step',
      number({ least: 0, whole: true }),
      0,
    )
    .option(
      '--threshold <pcc>',
      'least correlation; 0.9999, and 0.99 where numbers are bfloat16',
      number({ least: 0, most: 1 }),
    )
    .option('--python <path>', 'the interpreter that has PyTorch or ttml')
    .option('--held <file>', 'what a Tenstorrent device was read back into, instead of its layout')
    .option('--json', 'print one JSON object')
    .action(async (dir: string, options: TraceOptions) => {
      context.exit(await run(modelPath(dir), options, context));
    });
};

async function run(dir: string, options: TraceOptions, { out }: CommandContext): Promise<number> {
  const { out: path, device, json = false } = options;
  if (path === undefined && device === undefined)
    fail('trace.no-out', 'Name a file with --out, or a device to compare with --device.');
  const input = await inputOf(dir, options);
  if (path !== undefined) {
    const results = await written(dir, options, input);
    const names = results.size > 4 ? `${results.size} tensors` : [...results.keys()].join(', ');
    if (!json || device === undefined)
      out.print(
        json ? JSON.stringify({ out: path, tensors: [...results.keys()] }) : `${path}: ${names}`,
      );
  }
  if (device === undefined) return exitCode.done;
  const found = await comparison(dir, options, input);
  if (json) out.print(JSON.stringify(found));
  else for (const line of describe(found)) out.print(line);
  return found.ok ? exitCode.done : exitCode.failed;
}

type Input = Record<'idx' | 'targets' | 'attention_mask' | 'position_ids', Tensor | undefined> & {
  idx: Tensor;
};

async function inputOf(dir: string, { ids, prompt }: TraceOptions): Promise<Input> {
  if (prompt !== undefined) return fromPrompt(dir, prompt);
  if (ids === undefined)
    return fail('trace.no-ids', 'Name ids with --ids, or a text with --prompt.');
  const given = readSafetensors(ids);
  const idx = given.get('idx');
  if (idx === undefined) return fail('trace.no-ids', `${ids} has no tensor "idx".`, { file: ids });
  const [targets, attention_mask, position_ids] = ['targets', 'attention_mask', 'position_ids'].map(
    name => given.get(name),
  );
  return { idx, targets, attention_mask, position_ids };
}

async function fromPrompt(dir: string, prompt: string): Promise<Input> {
  const tokenizer = await openModelTokenizer(dir);
  if (!tokenizer)
    return fail(
      'trace.no-tokenizer',
      `${dir} has no tokenizer that this engine reads. Give ids with --ids.`,
      { file: dir },
    );
  const ids = tokenizer.encode(prompt, { readSpecialTokens: true, addSpecialTokens: true });
  if (ids.length === 0) fail('trace.no-ids', 'The prompt has no tokens. Give a longer text.');
  const idx = tensor('int64', [1, ids.length], BigInt64Array.from(ids, BigInt));
  const next = BigInt64Array.from([...ids.slice(1), -1], BigInt);
  return {
    idx,
    targets: tensor('int64', [1, ids.length], next),
    attention_mask: undefined,
    position_ids: undefined,
  };
}

async function written(
  dir: string,
  { out = '', grads = false, device = [] }: TraceOptions,
  { idx, targets, attention_mask: attentionMask, position_ids: positionIds }: Input,
) {
  const { model, weights } = readModelFolder(dir);
  const { trace } = await import('../engine/evaluate/trace'); // loads the native runtime
  const [only = 'cpu', other] = device;
  const results = await trace(model, weights, {
    ...{ idx, targets, attentionMask, positionIds, gradients: grads },
    device: other === undefined && isRuntimeDevice(only) ? only : 'cpu',
  });
  writeSafetensors(disk, out, results);
  return results;
}

/** Of each pair, by what the right one computes in. */
const usualThreshold = (names: readonly DeviceName[]): number =>
  names.some(name => name === 'tenstorrent' || name === 'ttml') ? 0.99 : 0.9999;

async function comparison(
  dir: string,
  options: TraceOptions,
  { idx, targets }: Input,
): Promise<DeviceComparison> {
  const { device: names = [], against } = options;
  const [left = 'cpu', right = 'cpu'] = names.length > 1 ? names : [against, ...names];
  const { model, weights } = readModelFolder(dir);
  const { compareDevices } = await import('../engine/devices/compareDevices');
  const { openDevice } = await import('../engine/devices/openDevice'); // loads the native runtime
  const { python, held, grads = false, steps } = options;
  const about = { python, ...(held !== undefined && { held: tensorsIn(held) }) };
  const ids = (t: Tensor) =>
    tensor(
      'int64',
      t.shape,
      BigInt64Array.from(t.data as BigInt64Array, x => BigInt(x)),
    );
  return compareDevices(openDevice(left, about), openDevice(right, about), {
    ...{ model, weights, ids: ids(idx), steps },
    targets: grads && targets ? ids(targets) : undefined,
    threshold: options.threshold ?? usualThreshold([left, right]),
  });
}

function tensorsIn(path: string): Map<string, Tensor> {
  const file = openTensorFile(path);
  try {
    return new Map([...file.entries.keys()].map(name => [name, file.read(name)]));
  } finally {
    file.close();
  }
}

function describe(found: DeviceComparison): string[] {
  const { left, right, layers, firstBad, gradients, decoded, threshold, ok } = found;
  const { layerGradients = [], firstBadGradient } = found;
  const width = layerGradients.length > 0 ? 'gradient after embedding'.length : 'embedding '.length;
  const line = (what: string, { pcc, largest, relative, ok }: (typeof layers)[number]) =>
    `${ok ? '✓' : '×'} ${what.padEnd(width)} PCC ${pcc.toFixed(6)}  largest difference ${shortText(largest)}  relative ${shortText(relative)}`;
  const lines = layers.map(layer => line(layer.layer, layer));
  if (decoded.length > 0)
    for (const [i, token] of decoded.entries()) {
      const least = layers.map(l => l.pccByPosition[found.promptTokens + i]!);
      lines.push(
        `  step ${i + 1}, token ${token}: least PCC of a layer ${Math.min(...least).toFixed(6)}`,
      );
    }
  lines.push(...layerGradients.map(layer => line(`gradient after ${layer.layer}`, layer)));
  if (gradients) {
    const worst = gradients.toSorted((a, b) => a.pcc - b.pcc)[0];
    lines.push(
      `${gradients.every(g => g.ok) ? '✓' : '×'} ${gradients.length} gradients, least PCC ${worst?.pcc.toFixed(6)} of ${worst?.parameter}`,
    );
  }
  lines.push(
    `  the likeliest token is the same at ${shortText(100 * found.topAgreement)} % of positions`,
  );
  if (firstBad) {
    const { value, op, layer, because, parameter, pcc } = firstBad;
    const why =
      because === 'weights'
        ? `its weight ${parameter} is another one there (PCC ${firstBad.weight?.pcc.toFixed(4)})`
        : 'its inputs agree, the operator computes something else';
    lines.push(
      `× First bad operator: ${value} (${op}) in layer ${layer}, PCC ${pcc.toFixed(6)}: ${why}`,
    );
  }
  if (firstBadGradient) {
    const { value, op, layer, parameter, pcc } = firstBadGradient;
    const of = parameter === undefined ? '' : ` with ${parameter}`;
    lines.push(
      `× First on the way back: ${op}${of} in layer ${layer}: the gradient of its result agrees, that of ${value} does not, PCC ${pcc.toFixed(6)}`,
    );
  }
  lines.push(
    `${ok ? '✓' : '×'} ${right} ${ok ? 'agrees' : 'does not agree'} with ${left} (PCC at least ${threshold})`,
  );
  return lines;
}
