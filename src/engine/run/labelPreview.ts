/**
 * What a run would learn from its examples, before it starts: the first ones token by token, trained,
 * masked or cut, and what is left out of all. Trains nothing.
 */
import { dirname } from 'node:path';
import { hasExamples } from '../config/dataKinds';
import { rowLength } from '../config/rowLength';
import { disk } from '../files/fileSystem';
import { type ExampleSet, exampleCount } from '../examples/exampleSet';
import { fail } from '../problem';
import { rowsOf } from '../train/exampleRows';
import { prepareRunData, type RunDataInput } from './prepareRunData';
import { modelSizes } from './runWeights';

/** `cut`: beyond the length of a row, so that the model never sees it. */
export type TokenMark = 'trained' | 'masked' | 'cut';

export interface PreviewedToken {
  readonly id: number;
  readonly text: string;
  readonly mark: TokenMark;
}

export interface PreviewedExample {
  /** Of the training examples, from 0. */
  readonly index: number;
  readonly tokens: readonly PreviewedToken[];
  /** The whole text, in stretches of tokens with the same mark. */
  readonly parts: readonly { readonly mark: TokenMark; readonly text: string }[];
}

export interface LabelPreview {
  readonly examples: readonly PreviewedExample[];
  readonly totals: {
    readonly examples: number;
    /** Tokens of all examples, by what becomes of them. */
    readonly tokens: Readonly<Record<TokenMark, number>>;
    /** Examples without a trained token. */
    readonly unmarked: number;
    /** Examples that are cut before the answer begins. */
    readonly cutBefore: number;
    /** Examples of which a part is cut. */
    readonly cut: number;
    readonly rows: number;
    /** Tokens of a row. */
    readonly rowLength: number;
    /** Of all tokens of rows, the share that holds nothing. */
    readonly padding: number;
  };
}

/** @param count of examples to show @throws `data.not-examples` and what preparing throws */
export async function previewLabels(
  input: RunDataInput & { count: number; from?: number },
): Promise<LabelPreview> {
  const { config, configPath, fs = disk, count, from = 0 } = input;
  if (!hasExamples(config.data))
    fail(
      'data.not-examples',
      'The data of this config is one stream of tokens, all of which are trained. Labels are those of `format: chat` and `format: completion`.',
      { key: 'data.format' },
    );
  const data = await prepareRunData(input);
  if (data.kind !== 'examples') throw new Error('examples were prepared as something else');
  const { train, tokenizer } = data;
  const time = rowLength(config, modelSizes(config, dirname(configPath), fs).block_size);
  const { rows, losses } = rowsOf(train, time, config.data.packing);
  const shown = Array.from(
    { length: Math.max(0, Math.min(count, exampleCount(train) - from)) },
    (_, i) => from + i,
  );
  return {
    examples: shown.map(index => {
      const marks = marksOf(train, index, time);
      const tokens = marks.map(({ id, mark }) => ({ id, text: tokenizer.tokenText(id), mark }));
      return { index, tokens, parts: partsOf(marks, ids => tokenizer.decode(ids)) };
    }),
    totals: {
      examples: exampleCount(train),
      tokens: countMarks(train, time),
      unmarked: losses.unmarked.length,
      cutBefore: losses.cutBefore.length,
      cut: losses.cut.length,
      rows: rows.length,
      rowLength: time,
      padding: rows.length === 0 ? 0 : losses.padding / (rows.length * time),
    },
  };
}

function marksOf({ tokens, trained, starts }: ExampleSet, index: number, time: number) {
  const [start, end] = [starts[index]!, starts[index + 1]!];
  return Array.from({ length: end - start }, (_, i) => {
    const isTrained = i > 0 && trained[start + i] === 1; // the first token follows nothing
    const mark: TokenMark = i >= time ? 'cut' : isTrained ? 'trained' : 'masked';
    return { id: tokens[start + i]!, mark };
  });
}

function partsOf(
  marks: readonly { id: number; mark: TokenMark }[],
  decode: (ids: readonly number[]) => string,
): PreviewedExample['parts'] {
  const parts: { mark: TokenMark; ids: number[] }[] = [];
  for (const { id, mark } of marks) {
    const last = parts.at(-1);
    if (last?.mark === mark) last.ids.push(id);
    else parts.push({ mark, ids: [id] });
  }
  return parts.map(({ mark, ids }) => ({ mark, text: decode(ids) }));
}

function countMarks(set: ExampleSet, time: number): Record<TokenMark, number> {
  const counts = { trained: 0, masked: 0, cut: 0 };
  for (let i = 0; i < exampleCount(set); i++)
    for (const { mark } of marksOf(set, i, time)) counts[mark]++;
  return counts;
}
