/**
 * A comparison as a report: every parameter with its verdict, what was done to compare it, how far
 * both sides are apart and what is probably wrong. As data, and as JSON, CSV and HTML. Pure.
 */
import {
  type Breach,
  breaches,
  breachText,
  type Metrics,
  type Profile,
} from '../../protocol/diffMetrics';
import type { PairedBy, SideFacts } from '../../protocol/weightDiff';
import type { Fault } from './faults/fault';
import { indexOf } from './faults/findFault';
import type { OpenedPairs } from './openedPairs';

export type Verdict = 'match' | 'mismatch' | 'missing' | 'unused' | 'ignored';
export type Change = 'renamed' | 'retyped' | 'reshaped' | 'transformed' | 'tied';

export interface ParameterReport {
  readonly row: number;
  readonly name: string;
  readonly rightName?: string;
  readonly verdict: Verdict;
  readonly changes: readonly Change[];
  readonly leftType: string;
  readonly rightType: string;
  readonly shape: readonly number[];
  readonly metrics?: Metrics;
  readonly breaches: readonly Breach[];
  /** Why it is not compared, or what to know of how it is. */
  readonly note?: string;
  readonly fault?: Fault;
}

export interface DiffSummary {
  readonly parameters: number;
  readonly matched: number;
  readonly mismatched: number;
  /** On the left only, on the right only. */
  readonly missing: number;
  readonly unused: number;
  readonly ignored: number;
  readonly renamed: number;
  readonly retyped: number;
  readonly reshaped: number;
  readonly transformed: number;
  /** Every element has the same bits. */
  readonly identical: number;
}

export interface LogitComparison {
  readonly positions: number;
  readonly divergence: number;
  readonly agreement: number;
  readonly prompt: string;
}

export interface DiffReport {
  /** No parameter mismatches, is missing or unused. */
  readonly matches: boolean;
  /** And all bits, types and shapes are the same. */
  readonly isIdentical: boolean;
  readonly profile: Profile;
  readonly left: SideFacts;
  readonly right: SideFacts;
  readonly summary: DiffSummary;
  /** In the order of the left. */
  readonly parameters: readonly ParameterReport[];
  readonly logits?: LogitComparison;
  readonly seconds?: number;
  readonly bytes: number;
}

export interface ReportInput {
  readonly opened: OpenedPairs;
  readonly profile: Profile;
  /** By row. */
  readonly metrics: ReadonlyMap<number, Metrics>;
  readonly unreadable: ReadonlyMap<number, string>;
  readonly faults?: ReadonlyMap<number, Fault>;
  readonly logits?: LogitComparison;
  readonly seconds?: number;
}

export function diffReport(input: ReportInput): DiffReport {
  const { opened, profile, logits, seconds } = input;
  const { left, right, table } = opened;
  const rightNames = new Map(table.rightNames);
  const notes = new Map(table.notes);
  const shapeOf = new Uint32Array(table.shapeOf);
  const parameters = table.names.map((name, row): ParameterReport => {
    const [leftType, rightType] = [table.leftTypes[row]!, table.rightTypes[row]!];
    const rightName = rightNames.get(row);
    const metrics = input.metrics.get(row);
    const note = input.unreadable.get(row) ?? notes.get(row);
    const found = metrics ? breaches(profile, metrics) : [];
    const fault = input.faults?.get(row);
    const state = table.states[row]!;
    const verdict: Verdict =
      state === 'missing' || state === 'unused' || state === 'ignored'
        ? state
        : metrics && found.length === 0
          ? 'match'
          : 'mismatch';
    return {
      row,
      name,
      ...(rightName !== undefined && { rightName }),
      verdict,
      changes: changesOf({
        by: table.by[row]!,
        isRetyped: leftType !== '' && rightType !== '' && leftType !== rightType,
        isReshaped: state === 'unlike' || (notes.get(row) ?? '').includes(' against ['),
        isTransformed: table.transformed[row]!,
      }),
      leftType,
      rightType,
      shape: table.shapes[shapeOf[row]!]!,
      ...(metrics && { metrics }),
      breaches: found,
      ...(note !== undefined && { note }),
      ...(fault && { fault }),
    };
  });
  const summary = summaryOf(parameters);
  const matches = summary.mismatched + summary.missing + summary.unused === 0;
  const changed = summary.renamed + summary.retyped + summary.reshaped + summary.transformed;
  return {
    matches,
    isIdentical: matches && changed === 0 && summary.identical === summary.matched,
    profile,
    left,
    right,
    summary,
    parameters,
    ...(logits && { logits }),
    ...(seconds !== undefined && { seconds }),
    bytes: new Float64Array(table.bytes).reduce((sum, bytes) => sum + bytes, 0),
  };
}

function changesOf(facts: {
  by: PairedBy | null;
  isRetyped: boolean;
  isReshaped: boolean;
  isTransformed: boolean;
}): Change[] {
  const changes: Change[] = [];
  if (facts.by === 'renamed' || facts.by === 'likeness') changes.push('renamed');
  if (facts.isRetyped) changes.push('retyped');
  if (facts.isReshaped) changes.push('reshaped');
  if (facts.isTransformed) changes.push('transformed');
  if (facts.by === 'tied') changes.push('tied');
  return changes;
}

function summaryOf(parameters: readonly ParameterReport[]): DiffSummary {
  const count = (is: (one: ParameterReport) => boolean) => parameters.filter(is).length;
  const changed = (change: Change) => count(one => one.changes.includes(change));
  const verdict = (wanted: Verdict) => count(one => one.verdict === wanted);
  return {
    parameters: parameters.length,
    matched: verdict('match'),
    mismatched: verdict('mismatch'),
    missing: verdict('missing'),
    unused: verdict('unused'),
    ignored: verdict('ignored'),
    renamed: changed('renamed'),
    retyped: changed('retyped'),
    reshaped: changed('reshaped'),
    transformed: changed('transformed'),
    identical: count(one => one.metrics?.equalBits === 100),
  };
}

/** What mismatches first, then what is on one side only. */
export const problemsFirst = (parameters: readonly ParameterReport[]): ParameterReport[] => {
  const rank: Record<Verdict, number> = {
    mismatch: 0,
    missing: 1,
    unused: 2,
    ignored: 3,
    match: 4,
  };
  const worst = ({ metrics }: ParameterReport) => -(metrics?.relL2 ?? Infinity);
  return [...parameters].sort(
    (a, b) =>
      rank[a.verdict] - rank[b.verdict] || (worst(a) || 0) - (worst(b) || 0) || a.row - b.row,
  );
};

/** One sentence on why it is not a match; '' where it is one. */
export function reasonOf({ verdict, breaches: found, note, fault }: ParameterReport): string {
  if (fault) return fault.message;
  switch (verdict) {
    case 'mismatch':
      return note !== undefined && found.length === 0 ? note : found.map(breachText).join('; ');
    case 'missing':
      return 'on the left only';
    case 'unused':
      return 'on the right only';
    case 'ignored':
    case 'match':
      return note ?? '';
  }
}

/** JSON knows no NaN and no infinity: undefined and endless become null. */
const plain = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** For programs: one object, no part of which needs an explanation beside its name. */
export function reportJson(report: DiffReport): object {
  const { matches, isIdentical, profile, left, right, summary, parameters } = report;
  const faults = parameters.filter(({ fault }) => fault);
  return {
    verdict: matches ? 'match' : 'mismatch',
    match: matches,
    identical: isIdentical,
    profile,
    left,
    right,
    summary,
    faults: faults.map(({ name, fault }) => ({ parameter: name, ...fault })),
    parameters: parameters.map(parameterJson),
    ...(report.logits && { logits: report.logits }),
    bytes: report.bytes,
    ...(report.seconds !== undefined && { seconds: report.seconds }),
  };
}

function parameterJson(one: ParameterReport): object {
  const { name, rightName, verdict, changes, leftType, rightType, shape, metrics, note, fault } =
    one;
  const reason = reasonOf(one);
  return {
    name,
    ...(rightName !== undefined && { rightName }),
    verdict,
    ...(reason !== '' && { reason }),
    leftType: leftType || null,
    rightType: rightType || null,
    shape,
    changes,
    ...(metrics && metricsJson(metrics, shape)),
    ...(note !== undefined && { note }),
    ...(fault && { fault }),
  };
}

function metricsJson(m: Metrics, shape: readonly number[]): object {
  const place = (at: number) => (Number.isNaN(at) ? null : indexOf(at, shape));
  return {
    elements: m.count,
    maxAbs: plain(m.maxAbs),
    maxAbsIndex: place(m.maxAbsAt),
    maxRel: plain(m.maxRel),
    maxRelIndex: place(m.maxRelAt),
    rmse: plain(m.rmse),
    rmseOverSigma: plain(m.rmseOverSigma),
    relL2: plain(m.relL2),
    cosine: plain(m.cosine),
    pcc: plain(m.pcc),
    ccc: plain(m.ccc),
    sqnrDb: plain(m.sqnrDb),
    ulp: { p50: plain(m.ulp50), p99: plain(m.ulp99), max: plain(m.ulpMax) },
    equalBitsPercent: m.equalBits,
    equalAsCoarserPercent: m.equalAs,
    nan: { left: m.nanLeft, right: m.nanRight },
    inf: { left: m.infLeft, right: m.infRight },
    notFiniteOnOneSide: m.unlike,
  };
}

const CSV_METRICS = [
  ['elements', 'count'],
  ['max_abs', 'maxAbs'],
  ['max_rel', 'maxRel'],
  ['rmse_over_sigma', 'rmseOverSigma'],
  ['rel_l2', 'relL2'],
  ['cosine', 'cosine'],
  ['pcc', 'pcc'],
  ['ccc', 'ccc'],
  ['sqnr_db', 'sqnrDb'],
  ['ulp_p50', 'ulp50'],
  ['ulp_p99', 'ulp99'],
  ['ulp_max', 'ulpMax'],
  ['equal_bits_percent', 'equalBits'],
  ['nan_left', 'nanLeft'],
  ['nan_right', 'nanRight'],
  ['inf_left', 'infLeft'],
  ['inf_right', 'infRight'],
] as const;

/** Source: RFC 4180. */
export function reportCsv({ parameters }: DiffReport): string {
  const head = ['name', 'right_name', 'verdict', 'left_type', 'right_type', 'shape', 'changes'];
  const lines = parameters.map(one => [
    one.name,
    one.rightName ?? '',
    one.verdict,
    one.leftType,
    one.rightType,
    one.shape.join('x'),
    one.changes.join(' '),
    ...CSV_METRICS.map(([, metric]) => numberCell(one.metrics?.[metric])),
    reasonOf(one),
  ]);
  const all = [[...head, ...CSV_METRICS.map(([name]) => name), 'reason'], ...lines];
  return `${all.map(line => line.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

const numberCell = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? '' : String(value);

/** A name from a file must not become a formula of a spreadsheet. */
function csvCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
