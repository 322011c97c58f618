/** The rules between the values of a tt-train config: what its README says in prose, and its kernels demand. */
import type { Place, Problem } from '../problem';
import type { TtTrain } from './ttTrain';

const TILE = 32;

type Found = Pick<Problem, 'code' | 'severity' | 'message'> & { readonly key: string };
type Rule = (config: TtTrain, key: Keys) => Found[];

interface Keys {
  /** Of the model's section, or of the key that names its file. */
  readonly model: (name: string) => string;
}

const error = (code: string, key: string, message: string): Found[] => [
  { code: `tt-train.${code}`, severity: 'error', key, message },
];
const warning = (code: string, key: string, message: string): Found[] => [
  { code: `tt-train.${code}`, severity: 'warning', key, message },
];
const fine: Found[] = [];

const rules: readonly Rule[] = [
  function batchOverDevices(config) {
    const { dataParallel } = meshOf(config);
    const { batch_size } = config.training_config;
    if (batch_size % dataParallel === 0) return fine;
    const next = Math.ceil(batch_size / dataParallel) * dataParallel;
    return error(
      'ddp-batch',
      'training_config.batch_size',
      `A batch of ${batch_size} does not divide over ${dataParallel} devices (enable_ddp, mesh_shape). Use ${next}${next > dataParallel ? ` or ${next - dataParallel}` : ''}.`,
    );
  },
  function vocabularyOverTiles(config, { model }) {
    const { tensorParallel } = meshOf(config);
    const { vocab_size = 0 } = config.transformer ?? {};
    const multiple = TILE * tensorParallel;
    if (vocab_size % multiple === 0) return fine;
    const padded = Math.ceil(vocab_size / multiple) * multiple;
    return warning(
      'vocabulary-padded',
      model('vocab_size'),
      `A vocabulary of ${vocab_size} is filled up to ${padded}, a multiple of ${multiple}${tensorParallel > 1 ? ` (32 for each of ${tensorParallel} devices)` : ''}; the logits of the ${padded - vocab_size} extra tokens must be masked. Write ${padded} to choose it.`,
    );
  },
  function clippingOverHosts({ training_config, multihost_config }) {
    if (!training_config.use_clip_grad_norm || !multihost_config.enabled) return fine;
    return error(
      'clip-multihost',
      'training_config.use_clip_grad_norm',
      'Gradients are not clipped in multi-host training. Set it to false, or `multihost_config.enabled` to false.',
    );
  },
  function headsDivideWidth({ transformer }, { model }) {
    if (!transformer) return fine;
    const { embedding_dim, num_heads, num_groups, model_type } = transformer;
    if (embedding_dim % num_heads !== 0)
      return error(
        'heads',
        model('num_heads'),
        `A width of ${embedding_dim} does not divide into ${num_heads} heads.`,
      );
    const size = embedding_dim / num_heads;
    const groups = num_groups ?? num_heads;
    if (model_type === 'llama' && num_heads % groups !== 0)
      return error(
        'groups',
        model('num_groups'),
        `${num_heads} heads do not divide into ${groups} groups of keys and values.`,
      );
    if (size % TILE === 0) return fine;
    return warning(
      'head-tiles',
      model('num_heads'),
      `Heads of ${size} fill no whole tile of 32: each takes the memory and time of ${Math.ceil(size / TILE) * TILE}.`,
    );
  },
  function lengthOverTiles({ transformer }, { model }) {
    const { max_sequence_length = TILE } = transformer ?? {};
    if (max_sequence_length % TILE === 0) return fine;
    const padded = Math.ceil(max_sequence_length / TILE) * TILE;
    return warning(
      'length-tiles',
      model('max_sequence_length'),
      `A length of ${max_sequence_length} is filled up to ${padded}, a multiple of 32.`,
    );
  },
  function headsOverDevices(config, { model }) {
    const { tensorParallel } = meshOf(config);
    const { transformer } = config;
    if (tensorParallel === 1 || !transformer) return fine;
    const { num_heads, num_groups, intermediate_dim, model_type } = transformer;
    const split = {
      num_heads,
      ...(model_type === 'llama' && { num_groups: num_groups ?? num_heads }),
      ...(intermediate_dim && { intermediate_dim }),
    };
    return Object.entries(split).flatMap(([name, value]) =>
      value % tensorParallel === 0
        ? fine
        : error(
            'tp-split',
            model(name),
            `\`${name}\` ${value} does not divide over ${tensorParallel} devices (enable_tp, mesh_shape).`,
          ),
    );
  },
  function meshIsUsed({ device_config: { mesh_shape, enable_ddp, enable_tp } }) {
    const [rows, columns] = mesh_shape;
    if (enable_ddp && enable_tp && (rows === 1 || columns === 1))
      return error(
        'mesh-line',
        'device_config.mesh_shape',
        'Splitting batch and matrices together takes a mesh of two dimensions, such as [4, 8].',
      );
    if (enable_ddp || enable_tp || rows * columns === 1) return fine;
    return warning(
      'mesh-idle',
      'device_config.mesh_shape',
      `Of ${rows * columns} devices only one works: neither enable_ddp nor enable_tp is set.`,
    );
  },
  function optimizerSettings({ training_config: { optimizer } }) {
    const only = {
      stochastic_rounding: ['AdamW'],
      kahan_summation: ['AdamWComposite'],
      amsgrad: ['AdamW', 'AdamWFullPrecision', 'MorehAdamW', 'AdamWComposite'],
    } as const;
    return Object.entries(only).flatMap(([name, types]) =>
      optimizer[name as keyof typeof only] && !(types as readonly string[]).includes(optimizer.type)
        ? warning(
            'no-effect',
            `training_config.optimizer.${name}`,
            `\`${name}\` has no effect with ${optimizer.type}: only ${types.join(', ')} ${types.length > 1 ? 'know' : 'knows'} it.`,
          )
        : fine,
    );
  },
  function placementNeedsSplit(config, { model }) {
    if (meshOf(config).tensorParallel > 1 || !config.transformer?.embedding_placement) return fine;
    return warning(
      'no-effect',
      model('embedding_placement'),
      '`embedding_placement` has no effect without enable_tp.',
    );
  },
];

export function ttTrainProblems(config: TtTrain, placeOf: (key: string) => Place): Problem[] {
  const section = config.transformerKey;
  const model = (name: string) =>
    section === undefined ? 'training_config.model_config' : `${section}.${name}`;
  return rules
    .flatMap(rule => rule(config, { model }))
    .map(({ key, ...problem }) => ({ ...problem, where: placeOf(key) }))
    .sort((a, b) => (a.where.range?.[0] ?? 0) - (b.where.range?.[0] ?? 0));
}

/** Over how many devices the batch and the matrices are split. */
export function meshOf({ device_config }: Pick<TtTrain, 'device_config'>): {
  dataParallel: number;
  tensorParallel: number;
} {
  const { mesh_shape, enable_ddp, enable_tp } = device_config;
  const [rows, columns] = mesh_shape;
  if (enable_ddp && enable_tp) return { dataParallel: rows, tensorParallel: columns };
  const all = rows * columns;
  return { dataParallel: enable_ddp ? all : 1, tensorParallel: enable_tp ? all : 1 };
}
