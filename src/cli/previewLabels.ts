/** `weightroom preview-labels CONFIG`: which tokens of its examples a run would learn to write. */
import { InvalidArgumentError } from 'commander';
import { countOf, countText } from '../curves/numberText';
import { disk } from '../engine/files/fileSystem';
import {
  type LabelPreview,
  type PreviewedExample,
  previewLabels,
  type TokenMark,
} from '../engine/run/labelPreview';
import type { AddCommand, CommandContext } from './command';
import { readConfigFile } from './configFile';
import { exitCode } from './failure';
import { printable } from './terminal';

interface PreviewFlags {
  examples: number;
  from: number;
  json?: boolean;
}

export const addPreviewLabels: AddCommand = (program, context) => {
  program
    .command('preview-labels')
    .description('show which tokens of the examples would be trained, masked or cut')
    .argument('<config>', 'a Weightroom config with `format: chat` or `format: completion`')
    .option('--examples <n>', 'show so many', wholeNumber, 3)
    .option('--from <n>', 'the first one shown, from 0', wholeNumber, 0)
    .option('--json', 'print one JSON object an example, and one of totals')
    .action(async (path: string, flags: PreviewFlags) => {
      context.exit(await preview(path, flags, context));
    });
};

const wholeNumber = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
};

async function preview(
  path: string,
  { examples: count, from, json = false }: PreviewFlags,
  { out, err }: CommandContext,
): Promise<number> {
  const { config } = readConfigFile(path, err);
  const { examples, totals } = await previewLabels({
    ...{ config, configPath: path, fs: disk, count, from },
    onProgress: ({ file, done, total }) =>
      json || out.status(`${file}: ${countText(done)} of ${countText(total)} examples`),
  });
  out.status('');
  if (json) {
    for (const example of examples) out.print(JSON.stringify({ type: 'example', ...example }));
    out.print(JSON.stringify({ type: 'totals', ...totals }));
  } else {
    const show = out.columns > 0 ? coloured : plain;
    for (const example of examples) out.print(`${heading(example)}\n${show(example)}\n`);
    for (const line of summary(totals, out.columns > 0)) out.print(line);
  }
  const { unmarked, cutBefore } = totals;
  return unmarked + cutBefore === totals.examples ? exitCode.badInput : exitCode.done;
}

function heading({ index, tokens }: PreviewedExample): string {
  const of = (mark: TokenMark) => tokens.filter(token => token.mark === mark).length;
  const cut = of('cut') > 0 ? `, ${of('cut')} cut` : '';
  return `Example ${index}  ${countOf(tokens.length, 'token')}: ${of('trained')} trained, ${of('masked')} masked${cut}`;
}

/** Green and underlined, dim, struck out: never by colour alone. */
const STYLES: Record<TokenMark, string> = {
  trained: '\x1b[32;4m',
  masked: '\x1b[2m',
  cut: '\x1b[31;9m',
};

const coloured = ({ parts }: PreviewedExample): string =>
  parts.map(({ mark, text }) => `${STYLES[mark]}${printable(text)}\x1b[0m`).join('');

const BRACKETS: Record<TokenMark, [string, string]> = {
  trained: ['⟦', '⟧'],
  masked: ['', ''],
  cut: ['✂', '✂'],
};

const bracketed = (mark: TokenMark, text: string): string => BRACKETS[mark].join(text);

const plain = ({ parts }: PreviewedExample): string =>
  parts.map(({ mark, text }) => bracketed(mark, printable(text))).join('');

function summary(totals: LabelPreview['totals'], isColoured: boolean): string[] {
  const { examples, tokens, rows, rowLength, padding, unmarked, cutBefore, cut } = totals;
  const styled = (mark: TokenMark) =>
    isColoured ? `${STYLES[mark]}${mark}\x1b[0m` : bracketed(mark, mark);
  const all = tokens.trained + tokens.masked + tokens.cut;
  const share = (n: number) =>
    `${countText(n)} ${all === 0 ? '' : `(${((100 * n) / all).toFixed(1)} %)`}`;
  return [
    `${countOf(examples, 'example')}  ${styled('trained')} ${share(tokens.trained)}  ${styled('masked')} ${share(tokens.masked)}  ${styled('cut')} ${share(tokens.cut)}`,
    `${countOf(rows, 'row')} of ${rowLength} tokens, ${(100 * padding).toFixed(1)} % padding`,
    ...(unmarked > 0
      ? [`✗ ${countOf(unmarked, 'example')} without a trained token: left out`]
      : []),
    ...(cutBefore > 0
      ? [`✗ ${countOf(cutBefore, 'example')} cut before the answer begins: left out`]
      : []),
    ...(cut > cutBefore ? [`! ${countOf(cut - cutBefore, 'example')} cut in the answer`] : []),
  ];
}
