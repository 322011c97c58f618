/** Rules of examples, their templates, and of runs that are measured in epochs or end early. */
import { parseFieldTemplate } from '../data/fieldTemplate';
import { ProblemError } from '../problem';
import { hasExamples, holdsOut, isTokenBin } from './dataKinds';
import { error, fine, type Rule, unused } from './rule';

const exampleKeys = [
  ...(['prompt', 'completion', 'train_on', 'response_template', 'packing'] as const),
  'system',
] as const;

export const fineTuningRules: readonly Rule[] = [
  {
    keys: ['data.tokenizer', 'model'],
    check({ data, model }) {
      if (data?.tokenizer !== 'model' || !model || 'from' in model) return fine;
      return error(
        'no-model-folder',
        'data.tokenizer',
        '`tokenizer: model` is that of a folder, and this model starts from none. Name a tokenizer, or start with `model: { from: <folder> }`.',
      );
    },
  },
  {
    keys: ['data.max_length', 'model.block_size'],
    check({ data, model }) {
      if (!data?.max_length || !model || 'from' in model) return fine;
      if (data.max_length <= model.block_size) return fine;
      return error(
        'longer-than-context',
        'data.max_length',
        `Rows of ${data.max_length} tokens do not fit the model's \`block_size\` ${model.block_size}. Use at most that, or a larger \`block_size\`.`,
      );
    },
  },
  {
    keys: ['data.format', 'data.tokenizer', 'data.train'],
    check({ data }) {
      if (!data || !hasExamples(data)) return fine;
      const { tokenizer, train, format } = data;
      if (tokenizer === 'none')
        return error('text-needed', 'data.tokenizer', 'Examples are text. Name a tokenizer.');
      if (tokenizer.startsWith('bpe:'))
        return error(
          'text-needed',
          'data.tokenizer',
          'A vocabulary is not learnt from examples. Use `gpt2`, `bytes` or that of a `model`.',
        );
      if (!isTokenBin(train)) return fine;
      return error(
        'text-needed',
        'data.train',
        `\`format: ${format}\` reads records, and \`${train}\` is a token bin. Name a \`.jsonl\` or \`.parquet\` file.`,
      );
    },
  },
  {
    keys: ['data.format', 'data.train', 'data.validation'],
    check({ data }) {
      const parquet = [data?.train, data?.validation].find(file => file?.endsWith('.parquet'));
      if (!data || parquet === undefined || hasExamples(data)) return fine;
      return error(
        'format-needed',
        'data.format',
        `\`${parquet}\` has columns. Say with \`format: chat\` or \`format: completion\` what they are.`,
      );
    },
  },
  ...exampleKeys.map((name): Rule => ({
    keys: [`data.${name}`, 'data.format'],
    check({ data }, isWritten) {
      const key = `data.${name}`;
      const isUsed = name === 'system' ? data?.format === 'chat' : data && hasExamples(data);
      if (!data || isUsed || !isWritten(key)) return fine;
      return unused(
        key,
        `it is for \`format: chat\`${name === 'system' ? '' : ' and `completion`'}`,
      );
    },
  })),
  ...(['prompt', 'completion'] as const).map((name): Rule => ({
    keys: [`data.${name}`],
    check({ data }) {
      const text = data?.[name];
      const mistake = text === undefined ? undefined : templateMistake(text, `data.${name}`);
      return mistake === undefined ? fine : error('bad-template', `data.${name}`, mistake);
    },
  })),
  {
    keys: ['train.epochs', 'train.max_steps'],
    check({ train }, isWritten) {
      if (train?.epochs === undefined || !isWritten('train.max_steps')) return fine;
      return error(
        'length-twice',
        'train.max_steps',
        '`epochs` and `max_steps` both say how long to train. Remove one of them.',
      );
    },
  },
  ...(['eval', 'save'] as const).map((what): Rule => ({
    keys: [`train.${what}_strategy`, `train.${what}_every`],
    check({ train }, isWritten) {
      const strategy = train?.[`${what}_strategy`];
      const key = `train.${what}_every`;
      if (strategy === undefined || strategy === 'steps' || !isWritten(key)) return fine;
      return unused(key, `\`${what}_strategy: ${strategy}\` decides`);
    },
  })),
  {
    keys: ['train.early_stopping_patience', 'train.load_best_at_end', 'train.save_strategy'],
    check({ data, train }) {
      if (!data || !train || holdsOut(data)) return fine;
      const key =
        train.save_strategy === 'best'
          ? 'save_strategy'
          : train.load_best_at_end
            ? 'load_best_at_end'
            : 'early_stopping_patience';
      if (key === 'early_stopping_patience' && train[key] === undefined) return fine;
      return error(
        'validation-needed',
        `train.${key}`,
        'Without validation data nothing says which weights are best. Name `data.validation`, or raise `validation_fraction`.',
      );
    },
  },
];

function templateMistake(text: string, key: string): string | undefined {
  try {
    parseFieldTemplate(text, key);
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.message;
    throw error;
  }
}
