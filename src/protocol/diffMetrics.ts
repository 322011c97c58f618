/**
 * How far two parameters are apart, as numbers, and the profiles that judge them. Shared by the
 * engine, the command line and the view, whose sliders judge anew. Pure.
 */

/** In the order of the columns in which they travel. NaN = undefined for these two parameters. */
export const metricNames = [
  /** Elements compared. */
  'count',
  /** Largest |a − b|, and the element where it first is, in row-major order. */
  'maxAbs',
  'maxAbsAt',
  /** Largest |a − b| / |b| of elements with |b| above the floor. */
  'maxRel',
  'maxRelAt',
  /** Root of the mean squared difference. */
  'rmse',
  /** The same over the standard deviation of the left. */
  'rmseOverSigma',
  /** ‖a − b‖ / ‖a‖. */
  'relL2',
  'cosine',
  /** Pearson's correlation; undefined for one element, and where a side is constant. */
  'pcc',
  /** Lin's concordance, which also sees scale and offset. */
  'ccc',
  /** 20·log10(‖a‖ / ‖a − b‖); infinite where nothing differs. */
  'sqnrDb',
  /** Distances in units of the last place of the coarser format. */
  'ulp50',
  'ulp99',
  'ulpMax',
  /** Percent of elements with the same bits, and with the same once both are in the coarser format. */
  'equalBits',
  'equalAs',
  'nanLeft',
  'nanRight',
  'infLeft',
  'infRight',
  /** Elements of which one side is not finite and the other is not the same. */
  'unlike',
  /** Largest |a − b| − t·|b| for each of the relative tolerances t. */
  'over0',
  'over1',
  'over2',
] as const;

export type MetricName = (typeof metricNames)[number];
export type Metrics = Readonly<Record<MetricName, number>>;

/** |b| that is no more than this has no relative difference. */
export const REL_FLOOR = 1e-6;

/** Relative tolerances at which |a − b| − t·|b| is measured; of any other, nothing is known. */
export const TOLERANCES = [1e-5, 1e-3, 1e-2] as const;

export const profileNames = ['bit-exact', 'polygraphy', 'tt-op', 'tt-model', 'tt-xla'] as const;
export type ProfileName = (typeof profileNames)[number];

/** Bounds that all must hold; what is absent is not asked. */
export interface Profile {
  /** One of the profiles, or "own". */
  readonly name: string;
  /** Every element has the same bits. */
  readonly bits?: boolean;
  /** The least correlation. Where that is undefined, `allclose` decides. */
  readonly pcc?: number;
  readonly maxAbs?: number;
  readonly relL2?: number;
  readonly cosine?: number;
  /** Largest distance of 99 % of the elements, in units of the last place. */
  readonly ulp99?: number;
  /** |a − b| ≤ atol + rtol·|b| everywhere, as NumPy has it; rtol is 0 or of `TOLERANCES`. */
  readonly allclose?: { readonly atol: number; readonly rtol: number };
}

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  'bit-exact': { name: 'bit-exact', bits: true },
  polygraphy: { name: 'polygraphy', allclose: { atol: 1e-5, rtol: 1e-5 } },
  'tt-op': { name: 'tt-op', pcc: 0.9999 },
  'tt-model': { name: 'tt-model', pcc: 0.99 },
  'tt-xla': { name: 'tt-xla', pcc: 0.99, maxAbs: 0.16, allclose: { atol: 1e-2, rtol: 1e-2 } },
};

/** What decides where a correlation is undefined and the profile has no tolerances of its own. */
const FALL_BACK = { atol: 1e-2, rtol: 1e-2 };

/** A bound that does not hold. */
export interface Breach {
  readonly metric: MetricName | 'allclose';
  readonly value: number;
  readonly bound: number;
}

/** The bounds of a profile that two parameters break; none = they match. */
export function breaches(profile: Profile, m: Metrics): Breach[] {
  const found: Breach[] = [];
  const most = (metric: MetricName, bound: number | undefined, value = m[metric]) => {
    if (bound !== undefined && !(value <= bound)) found.push({ metric, value, bound });
  };
  const least = (metric: MetricName, bound: number | undefined) => {
    if (bound !== undefined && !(m[metric] >= bound))
      found.push({ metric, value: m[metric], bound });
  };
  const close = ({ atol, rtol }: { atol: number; rtol: number }) => {
    const value = overTolerance(m, rtol);
    if (!(value <= atol)) found.push({ metric: 'allclose', value, bound: atol });
  };
  if (m.count === 0) return found;
  most('unlike', 0);
  if (profile.bits) least('equalBits', 100);
  const { pcc, allclose } = profile;
  if (m.maxAbs > 0 || m.unlike > 0) {
    if (pcc !== undefined && !Number.isNaN(m.pcc)) least('pcc', pcc);
    if (profile.cosine !== undefined && !Number.isNaN(m.cosine)) least('cosine', profile.cosine);
    if (allclose) close(allclose);
    else if (pcc !== undefined && Number.isNaN(m.pcc)) close(FALL_BACK);
    most('maxAbs', profile.maxAbs);
    most('relL2', profile.relL2);
    most('ulp99', profile.ulp99);
  }
  return found;
}

/** Largest |a − b| − rtol·|b|. */
export function overTolerance(m: Metrics, rtol: number): number {
  if (rtol === 0) return m.maxAbs;
  const at = TOLERANCES.findIndex(t => t === rtol);
  return at < 0 ? NaN : m[`over${at as 0 | 1 | 2}`];
}

/** In words, for a hover or a line: "PCC 0.98 is below 0.99". */
export function breachText({ metric, value, bound }: Breach): string {
  switch (metric) {
    case 'unlike':
      return `${value} NaN or infinite values stand against others`;
    case 'equalBits':
      return `${Number(value.toPrecision(6))} % of the elements have equal bits`;
    case 'allclose':
      return `a difference is beyond the tolerance by ${short(value - bound)}`;
    default: {
      const label = metricLabels[metric] ?? metric;
      const isLeast = metric === 'pcc' || metric === 'cosine';
      return `${label} ${short(value)} is ${isLeast ? 'below' : 'above'} ${short(bound)}`;
    }
  }
}

export const metricLabels: Readonly<Partial<Record<MetricName, string>>> = {
  maxAbs: 'Max abs',
  maxRel: 'Max rel',
  rmse: 'RMSE',
  rmseOverSigma: 'RMSE / σ',
  relL2: 'Relative L2',
  cosine: 'Cosine',
  pcc: 'PCC',
  ccc: 'CCC',
  sqnrDb: 'SQNR',
  ulp50: 'ULP p50',
  ulp99: 'ULP p99',
  ulpMax: 'ULP max',
  equalBits: 'Equal bits',
};

const short = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);

/** Metrics of a row of columns, read where they lie: a table of 100,000 rows is judged often. */
export class RowMetrics {
  constructor(
    private readonly numbers: Float64Array,
    private readonly row: number,
  ) {}

  /** @param column of `metricNames` */
  at(column: number): number {
    return this.numbers[this.row * metricNames.length + column]!;
  }
}

metricNames.forEach((name, column) =>
  Object.defineProperty(RowMetrics.prototype, name, {
    get(this: RowMetrics) {
      return this.at(column);
    },
  }),
);

export const metricsOfRow = (numbers: Float64Array, row: number): Metrics =>
  new RowMetrics(numbers, row) as unknown as Metrics;

export const columnsOf = (metrics: Metrics): Float64Array =>
  Float64Array.from(metricNames, name => metrics[name]);
