/** Words and numbers of the view. */
import { amountText, countText, shortText } from '../../src/curves/numberText';
import type { FileFacts, Problem } from '../../src/protocol/tensors';

const MINUS = '\u2212';

/** "2 048 × 512"; a single value has no shape. */
export const shapeText = (shape: readonly number[]): string =>
  shape.length === 0 ? 'scalar' : shape.map(countText).join(' × ');

/** Whole numbers in full, others with three digits, and what is no number by its name. */
export function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${MINUS}∞`;
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return countText(value);
  return shortText(value);
}

/** In at most seven signs, for a cell of the map. */
export function cellText(value: number): string {
  const text = valueText(value);
  if (text.length <= 7) return text;
  const [mantissa = '', power = ''] = value.toExponential(1).split('e');
  return `${Number(mantissa)}e${power.replace('+', '')}`.replaceAll('-', MINUS);
}

/** The number of a row or column, in six signs. */
export function indexLabel(index: number): string {
  const text = countText(index);
  return text.length <= 6 ? text : amountText(index);
}

/** Numbers of a cell: one, or the least and the largest. */
export const rangeText = (min: number, max: number): string =>
  min === max || Number.isNaN(min) ? valueText(min) : `${valueText(min)} to ${valueText(max)}`;

/** "12 %", "0.03 %", "< 0.01 %" */
export function shareText(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %';
  const percent = (part / whole) * 100;
  if (percent < 0.01) return '< 0.01 %';
  return `${Number(percent.toPrecision(percent >= 99.95 && part < whole ? 4 : 2))} %`;
}

const formatNames: Readonly<Record<string, string>> = {
  safetensors: 'safetensors',
  torch: 'PyTorch',
  npz: 'NumPy archive',
  npy: 'NumPy array',
  onnx: 'ONNX',
  tokens: 'Token bin',
};

export const formatName = (format: string): string => formatNames[format] ?? format;

/** What the numbers of a file are. */
export function elementsName(format: string): string {
  if (format === 'tokens') return 'Tokens';
  return format === 'npy' || format === 'npz' ? 'Elements' : 'Parameters';
}

interface Verdict {
  word: string;
  /** The part of the file that it is about. */
  of: string;
  detail: string;
}

/** What was done with the file to get here: the first thing one wants to know of it. */
export function verdictOf(format: string): Verdict {
  if (format === 'torch')
    return {
      word: 'Nothing run',
      of: 'Pickle',
      detail: 'Read as plain data; no code of the file was executed',
    };
  if (format === 'tokens')
    return { word: 'Sound', of: 'Size', detail: 'It holds whole tokens, as many as it says' };
  return {
    word: 'Sound',
    of: 'Header',
    detail: 'Header, names, shapes and offsets fit each other and the file',
  };
}

/** What the refusal of a file is about, before the words of the refusal. */
export function refusalTitle({ code }: Problem, { name }: FileFacts): string {
  if (code === 'torch.unsafe-global') return `${name} would run code`;
  if (code.startsWith('zip.') || code.endsWith('.truncated')) return `${name} is damaged`;
  if (code === 'disk.missing') return `${name} is not there`;
  if (code.startsWith('tensors.')) return `${name} could not be read to its end`;
  if (code.startsWith('file.')) return `${name} holds no tensors that can be read`;
  return `${name} cannot be opened`;
}
