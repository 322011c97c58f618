/** How things are called and written in this view. Pure. */
import { bytesText } from '../../src/curves/numberText';
import { shortName } from '../../src/protocol/pickedModel';
import type {
  Column,
  ColumnRun,
  Outcome,
  OutcomeStatus,
  Sampling,
} from '../../src/protocol/sandboxView';

export const backendWords: Readonly<Record<ColumnRun['backend'], string>> = {
  kv: 'KV cache',
  nocache: 'no cache',
  batch: 'batch',
};

export const deviceWords: Readonly<Record<ColumnRun['device'], string>> = {
  cpu: 'cpu',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
  dml: 'DirectML',
  coreml: 'Core ML',
  torch: 'PyTorch',
  'torch-cuda': 'PyTorch on a GPU',
  'torch-mps': 'PyTorch on an Apple GPU',
  tenstorrent: 'Tenstorrent’s layout',
  ttml: 'ttml',
};

export const bitsWord = (bits: ColumnRun['bits']): string =>
  bits === null ? 'as stored' : `int${bits}`;

/** "KV cache · cpu · int8" */
export function runText({ backend, device, bits }: Column, seed: number | null): string {
  const parts = [backendWords[backend], deviceWords[device], bits === null ? '' : `int${bits}`];
  const seeded = seed === null ? '' : `seed ${seed}`;
  return [...parts, seeded].filter(text => text !== '').join(' · ');
}

/** Words that tell columns apart where there is room for one: what differs between them. */
export function shortNames(columns: readonly Column[]): string[] {
  const names = columns.map(({ model }) => (model ? shortName(model) : 'none'));
  if (columns.length === 1) return names;
  if (new Set(names).size === columns.length) return withoutCommon(names);
  const ways: ((column: Column) => string)[] = [
    column => backendWords[column.backend],
    ({ bits }) => (bits === null ? 'float' : `int${bits}`),
    ({ device }) => deviceWords[device],
    ({ device, backend }) => (device === 'cpu' ? backendWords[backend] : deviceWords[device]),
  ];
  const telling = ways.find(way => new Set(columns.map(way)).size === columns.length);
  if (telling) return columns.map(telling);
  return names.map((name, i) => `${i + 1} ${name}`);
}

/** Without the words that all begin with: "demo, step 200" beside "demo, step 600" is "step 200". */
function withoutCommon(names: readonly string[]): string[] {
  const split = names.map(name => name.split(', '));
  const [first = []] = split;
  let common = 0;
  while (split.every(words => words.length > common + 1 && words[common] === first[common]))
    common++;
  return split.map(words => words.slice(common).join(', '));
}

/** Two or three digits: "0.71", "0.050", "0.0071"; 1 and 0 only when they are. */
export function probabilityText(probability: number): string {
  if (probability >= 0.995 && probability < 1) return '0.99+';
  if (probability >= 0.1 || probability === 0) return probability.toFixed(2);
  if (probability >= 0.001) return probability.toFixed(3);
  return probability.toExponential(0).replace('-', '−');
}

const spaces: Readonly<Record<string, string>> = { '\n': '↵', '\t': '⇥', ' ': '·', '\r': '␍' };

/** A token with its spaces made visible. */
export const visibleText = (text: string): string =>
  text.replace(/[\n\t\r]| /g, space => spaces[space] ?? space);

/** A token as a screen reader says it. */
export const spokenText = (text: string): string =>
  text.trim() === ''
    ? text.includes('\n')
      ? 'line break'
      : text === ''
        ? 'part of a character'
        : 'space'
    : text.trim();

export const secondsText = (seconds: number): string =>
  seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;

export const speedText = (speed: number): string =>
  speed === 0 ? '–' : `${speed < 100 ? speed.toFixed(1) : speed.toFixed(0)} tok/s`;

export const cacheText = (bytes: number): string => (bytes === 0 ? 'none' : bytesText(bytes));

export function statusText(status: OutcomeStatus): string {
  switch (status.kind) {
    case 'waiting':
      return 'waiting';
    case 'opening':
      return status.layer === null ? 'opening' : `quantising ${status.done + 1} of ${status.total}`;
    case 'streaming':
      return 'streaming';
    case 'failed':
      return 'failed';
    case 'ended':
      return {
        'end-token': 'end token',
        stop: 'stop string',
        length: 'length',
        cancelled: 'stopped',
      }[status.reason];
  }
}

/** The values of a cutting rule: "top-p 0.90". */
export const ruleText = (rule: 'top-k' | 'top-p' | 'min-p', sampling: Sampling): string =>
  ({
    'top-k': `top-k ${sampling.topK}`,
    'top-p': `top-p ${sampling.topP.toFixed(2)}`,
    'min-p': `min-p ${sampling.minP.toFixed(2)}`,
  })[rule];

export const writtenBy = ({ text, tokens }: Outcome): string =>
  text ?? tokens.map(token => token.shown).join('');
