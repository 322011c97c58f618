/**
 * What a run trains on, as batches: windows of a stream of tokens, or examples with answers. Prepares
 * the data, telling how far it is, and checks that they fit the model.
 */
import { dirname } from 'node:path';
import type { PhaseEvent, RunEventBody } from '../../protocol/runEvent';
import { rowLength } from '../config/rowLength';
import type { PreparedData } from '../data/prepareData';
import type { OnProgress } from '../data/progress';
import { checkVocabulary, type TokenBin } from '../data/tokenBin';
import type { Tokenizer } from '../data/tokenizer';
import { type ExampleSet, exampleCount, trainedCount } from '../examples/exampleSet';
import type { PreparedExamples } from '../examples/prepareExamples';
import type { BaseShape } from '../model/families';
import { fail } from '../problem';
import {
  type Batch,
  type BatchOrder,
  evaluationStarts,
  randomOrder,
  replayedOrder,
  windowBatch,
} from '../train/batches';
import { exampleBatch, mostScored, type RowLosses, rowOrder, rowsOf } from '../train/exampleRows';
import { readBatchOrder } from './batchOrderFile';
import { phase } from './phase';
import { prepareRunData } from './prepareRunData';
import type { ExecuteInput } from './runProcess';

export interface RunSource {
  readonly tokenizer: Tokenizer | undefined;
  /** SHA-256 in hex of what is trained and validated on, and the tokenizer's hash. */
  readonly hashes: { train: string; validation?: string; tokenizer?: string };
  /** Tokens of a row. */
  readonly time: number;
  /** Of examples: the most positions of a batch that are scored. */
  readonly mostScored: number | undefined;
  readonly stepsPerEpoch: number;
  readonly order: BatchOrder;
  readonly trainingBatch: (chosen: readonly number[]) => Batch;
  /** What each evaluation measures, a batch each; none without validation data. */
  readonly evaluationBatches: readonly (readonly number[])[];
  readonly validationBatch: (chosen: readonly number[]) => Batch;
  /** What is not trained as one might expect. */
  readonly notices: readonly string[];
}

export async function* openSource(
  input: ExecuteInput,
  base: BaseShape,
): AsyncGenerator<RunEventBody, RunSource> {
  const { data } = input.config;
  const { begin, end } = phase('data', data.train);
  yield begin;
  let latest: PhaseEvent | undefined;
  let wake: () => void = () => undefined;
  const onProgress: OnProgress = ({ done, total, examplesPerSecond }) => {
    const speed = Math.round(examplesPerSecond);
    const detail = `${data.train} · ${done} of ${total} examples · ${speed} a second`;
    latest = { ...begin, detail };
    wake();
  };
  const opening = prepareRunData({ ...input, onProgress }).then(prepared =>
    prepared.kind === 'examples'
      ? examplesSource(prepared, input, base)
      : windowsSource(prepared, input, base),
  );
  for (;;) {
    const woken = new Promise<undefined>(go => (wake = () => go(undefined)));
    const opened = await Promise.race([opening, woken]);
    if (opened) {
      yield end(`${data.train} · ${opened.detail}`);
      return opened.source;
    }
    if (latest) yield latest;
  }
}

interface Opened {
  readonly source: RunSource;
  readonly detail: string;
}

function windowsSource(
  { train, validation, tokenizer, hashes }: PreparedData,
  { config, configPath, fs }: ExecuteInput,
  base: BaseShape,
): Opened {
  const { train: settings } = config;
  const time = rowLength(config, base.block_size);
  for (const bin of [train, ...(validation ? [validation] : [])]) checkBin(bin, base, time);
  const batch = settings.batch_size;
  const tokens = train.length;
  const order =
    settings.batch_order === undefined
      ? randomOrder(tokens, { seed: settings.seed, batch, time })
      : replayedOrder(
          readBatchOrder(dirname(configPath), settings, { tokens, time, fs }),
          settings.batch_order,
        );
  const examples = train.sidecar?.examples;
  const detail = [`${tokens} tokens`, ...(examples ? [`${examples} examples`] : [])].join(' · ');
  const source: RunSource = {
    ...{ tokenizer, hashes, time, order, mostScored: undefined, notices: [] },
    stepsPerEpoch: Math.max(1, Math.ceil(tokens / (batch * time * settings.gradient_accumulation))),
    trainingBatch: starts => windowBatch(train.tokens, starts, batch, time),
    evaluationBatches: validation
      ? evaluationStarts(validation.length, batch, time, settings.eval_batches)
      : [],
    validationBatch: starts => windowBatch(validation!.tokens, starts, batch, time),
  };
  return { source, detail };
}

function examplesSource(
  { train, validation, tokenizer, hashes }: PreparedExamples,
  { config }: ExecuteInput,
  base: BaseShape,
): Opened {
  const { data, train: settings } = config;
  const time = rowLength(config, base.block_size);
  const rows = rowsOf(train, time, data.packing);
  refuseUntrained(train, rows.losses, config);
  const heldOut = validation && rowsOf(validation, time, data.packing);
  const batch = settings.batch_size;
  const most = mostScored(train, rows, batch);
  const { order, stepsPerEpoch } = rowOrder(rows.rows.length, {
    ...{ seed: settings.seed, batch, micros: settings.gradient_accumulation },
  });
  const source: RunSource = {
    ...{ tokenizer, hashes, time, order, stepsPerEpoch },
    mostScored: Math.max(most, validation && heldOut ? mostScored(validation, heldOut, batch) : 1),
    notices: noticesOf(train, rows.losses, time),
    trainingBatch: chosen => exampleBatch(train, rows, chosen, batch),
    evaluationBatches: heldOut ? spread(heldOut.rows.length, batch, settings.eval_batches) : [],
    validationBatch: chosen => exampleBatch(validation!, heldOut!, chosen, batch),
  };
  const packed = data.packing ? ` in ${rows.rows.length} rows of ${time}` : '';
  const detail = `${exampleCount(train)} examples${packed} · ${train.tokens.length} tokens, ${trainedCount(train)} trained`;
  return { source, detail };
}

/** At most `limit` batches of rows, evenly over all of them, the same at every evaluation. */
function spread(rows: number, batch: number, limit: number): number[][] {
  const used = Math.min(rows, limit * batch);
  const chosen = Array.from({ length: used }, (_, i) => Math.floor((i * rows) / used));
  return Array.from({ length: Math.ceil(used / batch) }, (_, i) =>
    chosen.slice(i * batch, (i + 1) * batch),
  );
}

function refuseUntrained(
  set: ExampleSet,
  { unmarked, cutBefore }: RowLosses,
  { data }: ExecuteInput['config'],
): void {
  const count = exampleCount(set);
  if (unmarked.length + cutBefore.length < count) return;
  const where = { file: set.path, key: 'data' };
  if (unmarked.length === count && data.response_template !== undefined)
    fail(
      'data.no-response',
      `No example contains data.response_template ${JSON.stringify(data.response_template)}, so no token is trained. Copy it from the text that "weightroom preview-labels" shows.`,
      where,
    );
  if (unmarked.length === count)
    fail(
      'data.all-masked',
      `No token of the ${count} examples is trained: none has words of the model. Check data.format and data.completion.`,
      where,
    );
  fail(
    'data.cut-before-answer',
    `All ${count} examples are cut before the answer begins. Raise data.max_length, or shorten what is asked.`,
    where,
  );
}

function noticesOf(
  set: ExampleSet,
  { unmarked, cutBefore, cut }: RowLosses,
  time: number,
): string[] {
  const of = `of ${exampleCount(set)} examples`;
  const notices: string[] = [];
  if (unmarked.length > 0)
    notices.push(`${unmarked.length} ${of} have no trained token and are left out.`);
  if (cutBefore.length > 0)
    notices.push(
      `${cutBefore.length} ${of} are cut at ${time} tokens before the answer begins and are left out.`,
    );
  if (cut.length > cutBefore.length)
    notices.push(`${cut.length - cutBefore.length} ${of} are cut at ${time} tokens.`);
  return notices;
}

/** @throws `data.token-beyond-vocabulary`, `data.shorter-than-block` */
function checkBin(bin: TokenBin, { vocab_size }: BaseShape, time: number): void {
  checkVocabulary(bin, vocab_size);
  if (bin.length <= time)
    fail(
      'data.shorter-than-block',
      `${bin.path} has ${bin.length} tokens; a row of ${time} needs ${time + 1}. Lower model.block_size or data.max_length, or add data.`,
      { file: bin.path, key: 'model.block_size' },
    );
}
