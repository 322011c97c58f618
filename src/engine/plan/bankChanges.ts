/**
 * Changes of a config that take less memory: smaller batches, blocks computed again, shorter rows,
 * narrower states, matrices split over devices, adapters. Each says which keys do it. Pure.
 */
import type { BankJob } from './bankJob';
import type { Outcome } from './bankPlan';

export interface BankChange {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly edits: readonly { readonly key: string; readonly value: string }[];
  readonly job: BankJob;
}

export interface TriedChange {
  readonly change: BankChange;
  readonly outcome: Outcome;
}

type Try = (job: BankJob) => Outcome;
type Make = (job: BankJob, outcome: Try) => BankChange | undefined;

const MOST_PAIRS = 3;

export function bankChanges(
  job: BankJob,
  outcome: Try,
): { single: TriedChange[]; pairs: TriedChange[] } {
  const tried = (change: BankChange): TriedChange => ({ change, outcome: outcome(change.job) });
  const single = makers
    .map(make => make(job, outcome))
    .filter(change => change !== undefined)
    .map(tried);
  const isEnough = single.some(each => each.outcome.fits);
  return { single, pairs: isEnough ? [] : pairsOf(job, outcome) };
}

/** Two changes after each other, of those that fit, the least first. */
function pairsOf(job: BankJob, outcome: Try): TriedChange[] {
  const pairs: TriedChange[] = [];
  for (const [i, first] of makers.entries())
    for (const second of makers.slice(i + 1)) {
      const a = first(job, outcome);
      const b = a && second(a.job, outcome);
      if (!a || !b) continue;
      const change: BankChange = {
        id: `${a.id}+${b.id}`,
        title: `${a.title}, ${b.title}`,
        detail: `${a.detail}; ${b.detail}`,
        edits: [...a.edits.filter(e => b.edits.every(f => f.key !== e.key)), ...b.edits],
        job: b.job,
      };
      pairs.push({ change, outcome: outcome(change.job) });
    }
  const enough = pairs.filter(pair => pair.outcome.fits);
  return (enough.length > 0 ? enough : pairs)
    .sort((a, b) =>
      enough.length > 0
        ? b.outcome.perBankBytes - a.outcome.perBankBytes
        : a.outcome.perBankBytes - b.outcome.perBankBytes,
    )
    .slice(0, MOST_PAIRS);
}

const KEYS = {
  weightroom: {
    batch: 'train.batch_size',
    accumulation: 'train.gradient_accumulation',
    length: 'data.max_length',
  },
  'tt-train': {
    batch: 'training_config.batch_size',
    accumulation: 'training_config.gradient_accumulation_steps',
    length: 'transformer_config.max_sequence_length',
  },
} as const;

function smallerBatch(job: BankJob, outcome: Try): BankChange | undefined {
  const { dataParallel: least } = job;
  if (job.batch <= least) return undefined;
  const at = (batch: number): BankJob => ({
    ...job,
    batch,
    accumulation: Math.ceil((job.batch * job.accumulation) / batch),
  });
  let batch = Math.max(least, Math.floor(job.batch / 2 / least) * least);
  while (batch > least && !outcome(at(batch)).fits)
    batch = Math.max(least, Math.floor(batch / 2 / least) * least);
  const keys = KEYS[job.kind];
  const { accumulation } = at(batch);
  return {
    id: 'batch',
    title: `Batch ${job.batch} → ${batch}`,
    detail: `${keys.batch}, ${accumulation} accumulation steps: as many rows a step`,
    edits: [
      { key: keys.batch, value: String(batch) },
      { key: keys.accumulation, value: String(accumulation) },
    ],
    job: at(batch),
  };
}

function computeAgain(job: BankJob): BankChange | undefined {
  if (job.recomputes) return undefined;
  const edit =
    job.kind === 'tt-train'
      ? { key: 'transformer_config.runner_type', value: 'memory_efficient' }
      : { key: 'train.gradient_checkpointing', value: 'true' };
  return {
    id: 'recompute',
    title: 'Compute blocks again',
    detail: `${edit.key}: ${edit.value}; about a third slower`,
    edits: [edit],
    job: { ...job, recomputes: true },
  };
}

function narrowerStates(job: BankJob): BankChange | undefined {
  if (!job.optimizer.states.some(({ format }) => format === 'float32')) return undefined;
  return {
    id: 'dtype',
    title: 'AdamW in bf16',
    detail: 'training_config.optimizer.type: AdamW, without master weights',
    edits: [{ key: 'training_config.optimizer.type', value: 'AdamW' }],
    job: {
      ...job,
      optimizer: {
        name: 'AdamW',
        states: ['m', 'v'].map(name => ({ name, format: 'bfloat16' as const })),
      },
    },
  };
}

const LEAST_TIME = 32;

function shorterRows(job: BankJob, outcome: Try): BankChange | undefined {
  if (job.time <= LEAST_TIME) return undefined;
  const at = (time: number): BankJob => ({ ...job, time });
  const half = (time: number) => Math.max(LEAST_TIME, Math.ceil(time / 2 / 32) * 32);
  let time = half(job.time);
  while (time > LEAST_TIME && !outcome(at(time)).fits) time = half(time);
  const key = KEYS[job.kind].length;
  return {
    id: 'length',
    title: `Sequence ${job.time} → ${time}`,
    detail: `${key}; the model sees less context`,
    edits: [{ key, value: String(time) }],
    job: at(time),
  };
}

const MOST_DEVICES = 32;

function splitMatrices(job: BankJob, outcome: Try): BankChange | undefined {
  const { base } = job.model;
  if (job.kind !== 'tt-train' || job.tensorParallel > 1 || job.dataParallel > 1) return undefined;
  const shared = 'n_kv_head' in base ? base.n_kv_head : base.n_head;
  const counts = [2, 4, 8, 16, 32].filter(
    n => n <= MOST_DEVICES && base.n_head % n === 0 && shared % n === 0,
  );
  const at = (n: number): BankJob => ({ ...job, tensorParallel: n });
  const devices = counts.find(n => outcome(at(n)).fits) ?? counts.at(-1);
  if (devices === undefined) return undefined;
  return {
    id: 'sharding',
    title: `Matrices over ${devices} devices`,
    detail: `device_config.enable_tp, mesh_shape [1, ${devices}]; numbers are of each device`,
    edits: [
      { key: 'device_config.enable_tp', value: 'true' },
      { key: 'device_config.mesh_shape', value: `[1, ${devices}]` },
    ],
    job: at(devices),
  };
}

const RANK = 8;

function adapters(job: BankJob): BankChange | undefined {
  const { base, lora } = job.model;
  if (lora) return undefined;
  const targets =
    base.family === 'gpt2'
      ? ['c_attn']
      : base.family === 'slm' || !base.family
        ? ['qkv']
        : ['q_proj', 'v_proj'];
  const edits =
    job.kind === 'tt-train'
      ? [
          { key: 'lora_config.r', value: String(RANK) },
          { key: 'lora_config.lora_alpha', value: String(2 * RANK) },
        ]
      : [
          { key: 'adapter.kind', value: 'lora' },
          { key: 'adapter.r', value: String(RANK) },
          { key: 'adapter.targets', value: `[${targets.join(', ')}]` },
        ];
  return {
    id: 'adapter',
    title: `LoRA of rank ${RANK}`,
    detail: 'the base is frozen: gradients and moments only of adapters',
    edits,
    job: { ...job, model: { base, lora: { r: RANK, alpha: 2 * RANK, targets } } },
  };
}

const makers: readonly Make[] = [
  smallerBatch,
  computeAgain,
  narrowerStates,
  shorterRows,
  splitMatrices,
  adapters,
];
