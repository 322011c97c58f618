/**
 * What follows from a config's values, as one line of arithmetic per key: the formula and its
 * result. Pure; reads a draft, so it answers while the rest of the config is still wrong.
 */
import { countText, shortText } from '../../curves/numberText';
import { tokenizerVocabulary, warmupSteps } from './configRules';
import type { Draft } from './configRules';
import { LINEAR_NAMES } from './schema';
import type { TrainConfig } from './schema';

type Fact = (draft: Draft) => string | undefined;

const number = (value: number): string =>
  Number.isInteger(value) ? countText(value) : shortText(value);

const withRow =
  (say: (train: TrainConfig, row: number) => string): Fact =>
  ({ train, model, data }) => {
    const row = data?.max_length ?? (model && 'block_size' in model ? model.block_size : undefined);
    return train && row !== undefined ? say(train, row) : undefined;
  };

const tokensPerStep = withRow(({ batch_size, gradient_accumulation }, row) => {
  const tokens = number(batch_size * gradient_accumulation * row);
  return `tokens per step = batch_size × gradient_accumulation × row = ${batch_size} × ${gradient_accumulation} × ${row} = ${tokens}`;
});

const allTokens = withRow(({ batch_size, gradient_accumulation, max_steps }, row) => {
  const perStep = batch_size * gradient_accumulation * row;
  return `tokens = max_steps × tokens per step = ${number(max_steps)} × ${number(perStep)} = ${number(max_steps * perStep)}`;
});

const tokensPerEvaluation = withRow(({ eval_batches, batch_size }, row) => {
  const tokens = number(eval_batches * batch_size * row);
  return `tokens per evaluation = eval_batches × batch_size × row = ${eval_batches} × ${batch_size} × ${row} = ${tokens}`;
});

const headSize: Fact = ({ model }) => {
  if (!model || 'from' in model) return undefined;
  const { n_embed, n_head } = model;
  return `head size = n_embed / n_head = ${n_embed} / ${n_head} = ${number(n_embed / n_head)}`;
};

const warmup: Fact = ({ train }) => {
  if (!train || train.epochs !== undefined) return undefined; // the data says how many steps
  return `warm-up = ${number(warmupSteps(train))} of ${number(train.max_steps)} steps`;
};

const learningRates: Fact = ({ train }) => {
  if (!train) return undefined;
  const { learning_rate: peak, min_lr_ratio: ratio, schedule } = train;
  if (schedule === 'constant') return `learning rate = ${peak} throughout`;
  return `learning rate falls from ${peak} to ${peak} × ${ratio} = ${Number((peak * ratio).toPrecision(6))}`;
};

const loraScale: Fact = ({ adapter }) =>
  adapter &&
  (adapter.rslora
    ? `scale = alpha / √r = ${adapter.alpha} / √${adapter.r} = ${number(adapter.alpha / Math.sqrt(adapter.r))}`
    : `scale = alpha / r = ${adapter.alpha} / ${adapter.r} = ${number(adapter.alpha / adapter.r)}`);

const reached: Fact = ({ adapter, model }) => {
  if (model && 'from' in model) return undefined; // its layers have other names
  const isReached = (name: string) => adapter?.targets.some(target => name.includes(target));
  const names = LINEAR_NAMES.filter(isReached).map(name => `\`${name}\``);
  return names.length > 0 ? `reaches ${names.join(', ')} of every block` : undefined;
};

const vocabulary: Fact = ({ data }) => {
  const size = data && tokenizerVocabulary(data.tokenizer);
  return size === undefined ? undefined : `\`${data?.tokenizer}\` has ${number(size)} tokens`;
};

const facts: Readonly<Record<string, Fact>> = {
  'adapter.alpha': loraScale,
  'adapter.r': loraScale,
  'adapter.rslora': loraScale,
  'adapter.targets': reached,
  'data.max_length': tokensPerStep,
  'data.tokenizer': vocabulary,
  'model.block_size': tokensPerStep,
  'model.n_embed': headSize,
  'model.n_head': headSize,
  'model.vocab_size': vocabulary,
  'train.batch_size': tokensPerStep,
  'train.eval_batches': tokensPerEvaluation,
  'train.gradient_accumulation': tokensPerStep,
  'train.learning_rate': learningRates,
  'train.max_steps': allTokens,
  'train.min_lr_ratio': learningRates,
  'train.schedule': learningRates,
  'train.warmup_ratio': warmup,
  'train.warmup_steps': warmup,
};

/** The fact about a key; only as right as the values of the draft. */
export function factAt(keyPath: string, draft: Draft): string | undefined {
  return facts[keyPath]?.(draft);
}
