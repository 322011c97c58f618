/**
 * `series.bin`: the numbers of a run log up to a byte, ready to be drawn. Derived from
 * `events.jsonl`, safe to delete; a reader trusts it only if it is whole and of the same log.
 *
 * Layout: "WRSERIES", uint32 length of the head, uint32 CRC-32 of everything behind; then the head
 * as JSON, padded to 8 bytes, and the columns as little-endian float64, steps first.
 */
import { crc32 } from 'node:zlib';
import { Columns } from '../../curves/columns';
import {
  type EvaluationField,
  type RunSeries,
  type StepField,
  evaluationFields,
  stepFields,
} from '../../curves/runSeries';
import type { RunState } from '../../protocol/runState';

/** Grows whenever the fold or the layout changes. */
const VERSION = 1;
const MAGIC = Buffer.from('WRSERIES');
const PROLOGUE_BYTES = 16;

export interface CoveredLog {
  /** Bytes of `events.jsonl` that the numbers cover. */
  bytes: number;
  /** CRC-32 of the last bytes before that, to tell another log from a longer one. */
  tail: number;
}

interface Head {
  version: number;
  covered: CoveredLog;
  state: RunState;
  revision: number;
  steps: number;
  evaluations: number;
}

/** The file in chunks, views of the columns themselves where they can be. */
export function encodeSeries(series: RunSeries, covered: CoveredLog): Uint8Array[] {
  const { state, revision, steps, evaluations } = series;
  const head: Head = {
    version: VERSION,
    covered,
    state,
    revision,
    steps: steps.length,
    evaluations: evaluations.length,
  };
  const json = Buffer.from(JSON.stringify(head));
  const padding = Buffer.alloc((8 - (json.length % 8)) % 8, ' ');
  const columns = [
    ...stepFields.map(field => bytesOf(steps.get(field))),
    ...evaluationFields.map(field => bytesOf(evaluations.get(field))),
  ];
  const body = [json, padding, ...columns];
  const prologue = Buffer.alloc(PROLOGUE_BYTES);
  MAGIC.copy(prologue);
  prologue.writeUInt32LE(json.length + padding.length, 8);
  prologue.writeUInt32LE(
    body.reduce((crc, chunk) => crc32(chunk, crc), 0),
    12,
  );
  return [prologue, ...body];
}

/** The numbers and what they cover; undefined when the file is of another version or damaged. */
export function decodeSeries(
  file: Uint8Array<ArrayBuffer>,
): { series: RunSeries; covered: CoveredLog } | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length < PROLOGUE_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return undefined;
  const headLength = bytes.readUInt32LE(8);
  const body = bytes.subarray(PROLOGUE_BYTES);
  if (headLength > body.length || crc32(body) !== bytes.readUInt32LE(12)) return undefined;
  const head = JSON.parse(body.toString('utf8', 0, headLength)) as Head;
  if (head.version !== VERSION) return undefined;
  let at = file.byteOffset + PROLOGUE_BYTES + headLength;
  const column = (length: number): Float64Array => {
    const values = new Float64Array(file.buffer, at, length);
    at += length * 8;
    return values;
  };
  const steps = Object.fromEntries(stepFields.map(field => [field, column(head.steps)]));
  const evaluations = Object.fromEntries(
    evaluationFields.map(field => [field, column(head.evaluations)]),
  );
  const series: RunSeries = {
    state: head.state,
    steps: Columns.of(steps as Record<StepField, Float64Array>),
    evaluations: Columns.of(evaluations as Record<EvaluationField, Float64Array>),
    revision: head.revision,
  };
  return { series, covered: head.covered };
}

const bytesOf = (column: Float64Array): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
