/** `weightroom load-report MODEL --device D`: which weight becomes which tensor of a device, and back. */
import { Option } from 'commander';
import { disk } from '../engine/files/fileSystem';
import { writeSafetensors } from '../engine/formats/safetensors';
import { openWeights } from '../engine/formats/weightFolder';
import { type DeviceName, deviceNames } from '../protocol/devices';
import {
  type DeviceReport,
  reportFromDevice,
  reportToDevice,
} from '../engine/devices/deviceLoadReport';
import { layoutOn } from '../engine/devices/deviceLayouts';
import { type DeviceLayout, toDevice } from '../engine/devices/layout';
import { detectRopeOrder, type RopeFinding } from '../engine/devices/ropeLayout';
import { openModelTokenizer } from '../engine/data/modelTokenizer';
import { ropeOf } from '../engine/model/families';
import { openModel, type OpenedModel } from '../engine/model/modelFolder';
import { baseParameters } from '../engine/model/modelShape';
import type { AddCommand, CommandContext } from './command';
import { runsOption } from './command';
import { exitCode } from './failure';
import { modelFolder, modelPath } from './modelPath';

interface LoadFlags {
  device: DeviceName;
  base?: string;
  runs: string;
  fill: 'zero' | 'seeded';
  seed: string;
  verify: boolean;
  probe: boolean;
  dump?: string;
  from?: string;
  json?: boolean;
}

export const addLoadReport: AddCommand = (program, context) => {
  program
    .command('load-report')
    .description('show which weight becomes which tensor of a device, by which steps, and back')
    .argument('<model>', 'a model folder, an adapter, a run or a checkpoint')
    .addOption(
      new Option('--device <name>', 'where it is to be loaded')
        .choices([...deviceNames])
        .default('tenstorrent'),
    )
    .option('--base <folder>', 'the base of an adapter, when it is not where the adapter says')
    .addOption(runsOption())
    .addOption(
      new Option('--fill <kind>', 'what fills up the vocabulary to whole tiles')
        .choices(['zero', 'seeded'])
        .default('seeded'),
    )
    .option('--seed <n>', 'of a seeded filling', '0')
    .option('--no-verify', 'do not prove that the way there and back changes nothing')
    .option('--no-probe', 'do not try both orders of rotary positions on a text')
    .option('--dump <file>', "also write the device's tensors, as safetensors")
    .option(
      '--from <file>',
      "instead check a device's tensors (safetensors, .npz) against the model",
    )
    .option('--json', 'print one JSON object')
    .action(async (name: string, flags: LoadFlags) => {
      context.exit(await loadReport(name, flags, context));
    });
};

async function loadReport(
  name: string,
  flags: LoadFlags,
  { out }: CommandContext,
): Promise<number> {
  const dir = modelFolder(name, { runs: flags.runs });
  const opened = openModel(dir, {
    baseDir: flags.base === undefined ? undefined : modelPath(flags.base),
    toReport: true,
  });
  try {
    const fill =
      flags.fill === 'zero'
        ? ({ kind: 'zero' } as const)
        : ({ kind: 'normal', seed: Number(flags.seed) } as const);
    const names = flags.from === undefined ? undefined : namesIn(flags.from);
    const layout = layoutOn(flags.device, opened.model, { fill, names });
    const report =
      flags.from === undefined
        ? reportToDevice(layout, opened.reports, flags.verify ? opened.read : undefined)
        : checkDump(layout, flags.from);
    if (flags.dump !== undefined && report.errors.length === 0) dump(layout, opened, flags.dump);
    const rope = await ropeOrder(dir, opened, report, flags);
    const about = { model: dir, ...report, device: flags.device, ...(rope && { rope }) };
    if (flags.json) out.print(JSON.stringify(about));
    else for (const line of describe(report, rope, flags)) out.print(line);
    return report.ok ? exitCode.done : exitCode.failed;
  } finally {
    opened.close();
  }
}

function namesIn(path: string): string[] {
  const file = openWeights(path);
  try {
    return [...file.entries.keys()];
  } finally {
    file.close();
  }
}

function checkDump(layout: DeviceLayout, path: string): DeviceReport {
  const file = openWeights(path);
  try {
    return reportFromDevice(layout, file.entries);
  } finally {
    file.close();
  }
}

function dump(layout: DeviceLayout, { read }: OpenedModel, path: string): void {
  const tensors = new Map([...layout.tensors].map(([name, t]) => [name, toDevice(t, read)]));
  writeSafetensors(disk, path, tensors);
}

const PROBE_TEXT =
  'Once upon a time, there was a little girl named Lily. She loved to play outside in the park with her friends. One day, she saw a big red ball and ran to it.';

async function ropeOrder(
  dir: string,
  opened: OpenedModel,
  report: DeviceReport,
  { probe }: LoadFlags,
): Promise<RopeFinding | undefined> {
  const { base } = opened.model;
  if (!ropeOf(base)) return undefined;
  const names = opened.reports.flatMap(({ sources }) => [...sources.values()]);
  const about = { names, modelType: base.family ?? 'slm' };
  const tokenizer =
    probe && report.errors.length === 0
      ? await openModelTokenizer(dir).catch(() => undefined)
      : undefined;
  if (!tokenizer) return detectRopeOrder(about);
  const { probeRopeOrder } = await import('../engine/devices/probeRopeOrder'); // loads the runtime
  const weights = new Map(
    baseParameters(opened.model).map(({ name }) => [name, opened.read(name)]),
  );
  const ids = tokenizer.encode(PROBE_TEXT);
  return detectRopeOrder({ ...about, probe: await probeRopeOrder({ base }, weights, ids) });
}

function describe(
  { rows, errors, ties, notes, ok, direction }: DeviceReport,
  rope: RopeFinding | undefined,
  { device, verify }: LoadFlags,
): string[] {
  const lines = rows.map(row => {
    const proof =
      row.roundTrip === undefined
        ? ''
        : `, back ${row.roundTrip === 'exact-to-dtype' ? `exact to ${row.deviceDtype}` : row.roundTrip}`;
    const steps = direction === 'to-device' ? row.steps : row.inverse;
    return `${row.parameter} [${row.shape.join(', ')}] → ${row.device} [${row.deviceShape.join(', ')}]: ${steps.join(', ') || 'as it is'}${proof}`;
  });
  for (const [name, to] of Object.entries(ties)) lines.push(`${name}: tied to ${to}`);
  for (const { verdict, note } of errors) lines.push(`× ${verdict}: ${note ?? ''}`);
  for (const note of notes) lines.push(`! ${note}`);
  if (rope) {
    lines.push(`rotary positions: ${rope.order}${rope.contradicts ? ' (contradicted)' : ''}`);
    for (const { from, order, why } of rope.evidence) lines.push(`  ${from}: ${order}: ${why}`);
  }
  const proved = verify && direction === 'to-device' ? ', every way back proved' : '';
  const verdict = ok
    ? `✓ ${rows.length} parameters fit ${device}${proved}`
    : `× ${errors.length} errors`;
  return [...lines, verdict];
}
