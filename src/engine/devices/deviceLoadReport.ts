/**
 * What becomes of every parameter on a device, and back: names, shapes, steps both ways, and the proof
 * that the way there and back changes nothing but what the dtype rounds. Missing and unused tensors
 * are errors, on either side.
 */
import type { TensorEntry } from '../formats/tensorFile';
import { type LoadFinding, loadErrors, type LoadReport } from '../model/loadReport';
import { asFloat32 } from '../tensor/asFloat32';
import { narrowFloats } from '../tensor/narrowFloats';
import type { Tensor } from '../tensor/tensor';
import { type DeviceLayout, fromDevice, placesOf, stepsOf, toDevice } from './layout';
import { describeInverse, describeStep, type TransformKind } from './transform';

export interface ReportRow {
  /** Canonical name. */
  readonly parameter: string;
  readonly shape: readonly number[];
  readonly device: string;
  readonly deviceShape: readonly number[];
  /** With what fills up tiles. */
  readonly paddedShape: readonly number[];
  readonly deviceDtype: string;
  readonly transforms: readonly TransformKind[];
  readonly steps: readonly string[];
  /** From the device back. */
  readonly inverse: readonly string[];
  /** `exact`: bit for bit; `exact-to-dtype`: bit for bit the numbers of that dtype nearest to the weight. */
  readonly roundTrip?: 'exact' | 'exact-to-dtype' | 'broken';
  /** Largest difference to the canonical weight, from rounding. */
  readonly largestRounding?: number;
}

export interface DeviceReport {
  readonly device: string;
  readonly direction: 'to-device' | 'from-device';
  readonly ok: boolean;
  readonly rows: readonly ReportRow[];
  readonly errors: readonly LoadFinding[];
  /** Canonical names that are another's. */
  readonly ties: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

export function rowsOf(layout: DeviceLayout): ReportRow[] {
  return [...placesOf(layout)]
    .filter(([name]) => !layout.ties.has(name))
    .map(([parameter, place]) => {
      const { tensor, part } = place;
      const steps = stepsOf(place);
      return {
        ...{ parameter, shape: part.shape },
        ...{ device: tensor.name, deviceShape: tensor.shape, paddedShape: tensor.paddedShape },
        deviceDtype: tensor.dtype,
        transforms: steps.map(({ kind }) => kind),
        steps: steps.map(describeStep),
        inverse: steps.toReversed().map(describeInverse),
      };
    });
}

/**
 * @param reports of the canonical weights as they were found
 * @param read a weight by canonical name, float32; without it nothing is proved
 */
export function reportToDevice(
  layout: DeviceLayout,
  reports: readonly LoadReport[],
  read?: (name: string) => Tensor<'float32'>,
): DeviceReport {
  const errors = reports.flatMap(loadErrors);
  const rows = rowsOf(layout);
  const proved = read && errors.length === 0 ? prove(layout, rows, read) : rows;
  const isProved = proved.every(({ roundTrip }) => roundTrip !== 'broken');
  return report(layout, 'to-device', proved, errors, isProved);
}

/** What a device's own tensors lack or have too many of, by their names and shapes. */
export function reportFromDevice(
  layout: DeviceLayout,
  entries: ReadonlyMap<string, Pick<TensorEntry, 'dtype' | 'shape'>>,
): DeviceReport {
  const errors: LoadFinding[] = [];
  for (const { name, shape, parts } of layout.tensors.values()) {
    const held = entries.get(name);
    const about = { source: name, parameter: parts[0]!.parameter, transforms: [] };
    if (!held)
      errors.push({
        ...{ verdict: 'missing', parameter: parts[0]!.parameter, shape, transforms: [] },
        note: `no tensor ${name} of [${shape.join(', ')}], which holds ${parts.map(p => p.parameter).join(' and ')}`,
      });
    else if (withoutOnes(held.shape) !== withoutOnes(shape))
      errors.push({
        ...{ verdict: 'misfit', ...about, dtype: held.dtype, shape: held.shape },
        note: `${name} is [${held.shape.join(', ')}], the layout makes it [${shape.join(', ')}]`,
      });
  }
  for (const [name, { dtype, shape }] of entries)
    if (!layout.tensors.has(name))
      errors.push({
        ...{ verdict: 'unused', source: name, dtype, shape, transforms: [] },
        note: `${name} is used by no parameter`,
      });
  return report(layout, 'from-device', rowsOf(layout), errors, true);
}

const withoutOnes = (shape: readonly number[]): string => shape.filter(d => d !== 1).join();

function report(
  layout: DeviceLayout,
  direction: DeviceReport['direction'],
  rows: readonly ReportRow[],
  errors: readonly LoadFinding[],
  isProved: boolean,
): DeviceReport {
  return {
    ...{ device: layout.device, direction, ok: errors.length === 0 && isProved, rows, errors },
    ...{ ties: Object.fromEntries(layout.ties), notes: layout.notes },
  };
}

/** A device tensor at a time: laid out, taken back, and held against its own rounding. */
function prove(
  layout: DeviceLayout,
  rows: readonly ReportRow[],
  read: (name: string) => Tensor<'float32'>,
): ReportRow[] {
  const places = placesOf(layout);
  let last: { name: string; held: Tensor } | undefined;
  return rows.map(row => {
    const place = places.get(row.parameter)!;
    if (last?.name !== row.device) last = { name: row.device, held: toDevice(place.tensor, read) };
    const back = asFloat32(fromDevice(place, last.held))!;
    return { ...row, ...compared(read(row.parameter), back, place.tensor.dtype) };
  });
}

function compared(
  weight: Tensor<'float32'>,
  back: Tensor<'float32'>,
  dtype: 'float32' | 'bfloat16' | 'float16',
): Pick<ReportRow, 'roundTrip' | 'largestRounding'> {
  const expected =
    dtype === 'float32'
      ? weight
      : asFloat32({ dtype, shape: weight.shape, data: narrowFloats(weight.data, dtype) })!;
  if (!sameBits(back.data, expected.data)) return { roundTrip: 'broken' };
  let largestRounding = 0;
  for (let i = 0; i < weight.data.length; i++)
    largestRounding = Math.max(largestRounding, Math.abs(weight.data[i]! - back.data[i]!));
  const isExact = sameBits(back.data, weight.data);
  return { roundTrip: isExact ? 'exact' : 'exact-to-dtype', largestRounding };
}

const sameBits = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  );
