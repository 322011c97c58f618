/**
 * What a config's values must be to each other: the rules that no single key can break. Each rule
 * names the keys it reads and runs only when all of those are valid. Pure; knows nothing of files.
 */
import type { TrainConfig } from './schema';
import { LINEAR_NAMES, OTHER_LINEAR_NAMES } from './schema';
import { alternatives } from './fields';
import { holdsOut, isTokenBin } from './dataKinds';
import { nearestName } from './nearestName';
import { error, fine, type Rule, unused, warning } from './rule';
import { cacheStudyRules } from './cacheStudyRules';
import { fineTuningRules } from './fineTuningRules';

export type { Draft } from './rule';

export const rules: readonly Rule[] = [
  {
    keys: ['model.n_embed', 'model.n_head'],
    check({ model }) {
      if (!model || 'from' in model) return fine;
      const { n_embed, n_head } = model;
      if (n_embed % (2 * n_head) === 0) return fine;
      const widths = alternatives(nearestWidths(n_embed, n_head).map(width => `${width}`));
      return n_embed % n_head
        ? error(
            'head-split',
            'model.n_embed',
            `\`n_embed\` ${n_embed} is not divisible by \`n_head\` ${n_head}. Use ${widths}.`,
          )
        : error(
            'odd-head',
            'model.n_embed',
            `Each head is ${n_embed / n_head} wide, but RoPE rotates pairs. Use \`n_embed\` ${widths}.`,
          );
    },
  },
  {
    keys: ['model.vocab_size', 'data.tokenizer'],
    check({ model, data }) {
      if (!model || 'from' in model || !data) return fine;
      const needed = tokenizerVocabulary(data.tokenizer);
      if (needed === undefined && model.vocab_size === undefined && isTokenBin(data.train)) {
        return error(
          'vocab-needed',
          'model.vocab_size',
          'With `tokenizer: none` nothing says how large the vocabulary is. Set `model.vocab_size`.',
        );
      }
      if (needed === undefined || (model.vocab_size ?? needed) >= needed) return fine;
      return error(
        'vocab-too-small',
        'model.vocab_size',
        `The tokenizer \`${data.tokenizer}\` has ${needed} tokens, \`vocab_size\` only ${model.vocab_size}. Use ${needed} or remove the key.`,
      );
    },
  },
  {
    keys: ['data.train', 'data.validation', 'data.tokenizer'],
    check({ data }) {
      if (data?.tokenizer !== 'none') return fine;
      return (['train', 'validation'] as const).flatMap(key => {
        const file = data[key];
        if (file === undefined || isTokenBin(file)) return fine;
        return error(
          'bin-needed',
          `data.${key}`,
          `\`tokenizer: none\` trains on token bins, and \`${file}\` is not a \`.bin\`. Name a tokenizer or a bin.`,
        );
      });
    },
  },
  {
    keys: ['data.tokenizer'],
    check({ data }) {
      if (!data?.tokenizer.startsWith('bpe:')) return fine;
      const size = tokenizerVocabulary(data.tokenizer) ?? 0;
      if (size >= SMALLEST_BPE && size <= LARGEST_BPE) return fine;
      return error(
        'bpe-size',
        'data.tokenizer',
        `A byte-level BPE has ${SMALLEST_BPE} (256 bytes and the end of text) to ${LARGEST_BPE} tokens. Try \`bpe:4096\`.`,
      );
    },
  },
  {
    keys: ['data.validation_fraction', 'data.validation', 'data.train'],
    check({ data }, isWritten) {
      if (!data || !isWritten('data.validation_fraction')) return fine;
      if (data.validation !== undefined) {
        return unused('data.validation_fraction', '`validation` names the validation data');
      }
      if (!isTokenBin(data.train) || data.validation_fraction === 0) return fine;
      return unused('data.validation_fraction', 'a token bin is used whole; name `validation`');
    },
  },
  {
    keys: ['data.format', 'data.train'],
    check({ data }) {
      if (!data || !isTokenBin(data.train) || data.format === undefined) return fine;
      return unused('data.format', 'a token bin is already tokenized');
    },
  },
  {
    keys: ['train.warmup_steps', 'train.warmup_ratio'],
    check({ train }) {
      if (train?.warmup_steps === undefined || train.warmup_ratio === undefined) return fine;
      return error(
        'warmup-twice',
        'train.warmup_ratio',
        '`warmup_steps` and `warmup_ratio` both say how long to warm up. Remove one of them.',
      );
    },
  },
  {
    keys: ['train.warmup_steps', 'train.warmup_ratio', 'train.max_steps'],
    check({ train }) {
      if (!train || (train.warmup_steps !== undefined && train.warmup_ratio !== undefined))
        return fine;
      if (train.epochs !== undefined) return fine; // how many steps that is, the data says
      const steps = warmupSteps(train);
      if (steps === 0 || steps < train.max_steps) return fine;
      const key = train.warmup_steps === undefined ? 'warmup_ratio' : 'warmup_steps';
      return warning(
        'warmup-too-long',
        `train.${key}`,
        `All ${train.max_steps} steps are warm-up: the peak learning rate is never reached. Lower \`${key}\` or raise \`max_steps\`.`,
      );
    },
  },
  {
    keys: ['train.min_lr_ratio', 'train.schedule'],
    check({ train }, isWritten) {
      if (train?.schedule !== 'constant' || !isWritten('train.min_lr_ratio')) return fine;
      return unused('train.min_lr_ratio', 'a constant schedule stays at the peak');
    },
  },
  {
    keys: ['train.eval_every', 'train.eval_batches', 'data.train', 'data.validation_fraction'],
    check({ data, train }, isWritten) {
      if (!data || !train || holdsOut(data)) return fine;
      const key = ['train.eval_every', 'train.eval_batches'].find(isWritten);
      return key ? unused(key, 'there is no validation data; name `data.validation`') : fine;
    },
  },
  {
    keys: ['train.sample_every', 'data.tokenizer'],
    check({ data, train }) {
      if (!train?.sample_every || data?.tokenizer !== 'none') return fine;
      return error(
        'sample-needs-tokenizer',
        'train.sample_every',
        'Samples are text, and `tokenizer: none` has no text. Use `sample_every: 0` or name a tokenizer.',
      );
    },
  },
  {
    keys: ['adapter.targets'],
    check({ adapter, model }) {
      const isFrom = model && 'from' in model;
      const linears = isFrom ? [...LINEAR_NAMES, ...OTHER_LINEAR_NAMES] : LINEAR_NAMES;
      return (adapter?.targets ?? []).flatMap((target, index) => {
        if (linears.some(name => name.includes(target))) return fine;
        const nearest = nearestTarget(target);
        const names = alternatives(TARGET_NAMES.slice(0, 5).map(name => `\`${name}\``));
        return error(
          'no-such-target',
          `adapter.targets.${index}`,
          `\`${target}\` is part of no linear layer's name. ${nearest ? `Did you mean \`${nearest}\`?` : `Use ${names}.`}`,
        );
      });
    },
  },
  {
    keys: ['adapter.r', 'model.n_embed'],
    check({ adapter, model }) {
      if (!adapter || !model || 'from' in model || adapter.r <= model.n_embed) return fine;
      return warning(
        'rank-too-high',
        'adapter.r',
        `Rank ${adapter.r} is more than the width ${model.n_embed}, which no adapter needs. Use ${Math.min(8, model.n_embed)}.`,
      );
    },
  },
  {
    keys: ['adapter', 'model'],
    check({ adapter, model }) {
      if (!adapter || !model || 'from' in model) return fine;
      return warning(
        'adapter-on-random',
        'adapter',
        'This adapts random weights: only the adapter learns. Start from a trained model with `model: { from: <folder> }`, or remove `adapter`.',
      );
    },
  },
  ...fineTuningRules,
  ...cacheStudyRules,
];

/** Names to offer where a target is expected. */
export const TARGET_NAMES = ['qkv', 'proj', 'fc', 'attn', 'mlp', ...LINEAR_NAMES] as const;

export const nearestTarget = (target: string): string | undefined =>
  nearestName(target, TARGET_NAMES);

const SMALLEST_BPE = 257;
const LARGEST_BPE = 2 ** 20;

/** Tokens a tokenizer has, as its name says; undefined for `none`. */
export function tokenizerVocabulary(tokenizer: string): number | undefined {
  if (tokenizer === 'gpt2') return 50257;
  if (tokenizer === 'bytes') return 257;
  return tokenizer.startsWith('bpe:') ? Number(tokenizer.slice('bpe:'.length)) : undefined;
}

/** Steps of linear warm-up, whichever key says so. */
export function warmupSteps({
  warmup_steps,
  warmup_ratio,
  max_steps,
}: Pick<TrainConfig, 'warmup_steps' | 'warmup_ratio' | 'max_steps'>): number {
  return warmup_steps ?? Math.floor((warmup_ratio ?? 0) * max_steps);
}

/** The widths around `width` that give every head an even size, nearest first. */
export function nearestWidths(width: number, heads: number): number[] {
  const unit = 2 * heads;
  const below = Math.floor(width / unit) * unit;
  return [below, below + unit]
    .filter(candidate => candidate > 0)
    .sort((a, b) => Math.abs(a - width) - Math.abs(b - width));
}
