/**
 * Why a device ran out of memory, from its own message: the page that makes its numbers come true,
 * whether size or fragmentation is the cause, which tensor it may have been, what helps.
 */
import { bytesText, countText } from '../../curves/numberText';
import { inBanks, roundUp, TILE_BYTES, type TileFormat } from './bankMemory';
import type { OomMessage } from './oomMessage';
import { PUBLIC_MODELS } from './publicModels';

/** How the device split a buffer up, inferred: messages do not say it. */
export interface PageGuess {
  readonly pageBytes: number;
  readonly pages: number;
  /** What a page of that size is. */
  readonly layout: string;
  /** Bytes of an element, of rows and tiles of 16 or 32 bits. */
  readonly elementBytes: number;
}

export type OomCause =
  /** More than a whole bank. */
  | 'larger-than-bank'
  /** More than is free. */
  | 'size'
  /** Enough is free, in pieces that are too small. */
  | 'fragmentation'
  /** The message does not say what was free. */
  | 'unknown';

export interface OomExplanation extends OomMessage {
  /** Absent when no page makes the message's numbers come true. */
  readonly page?: PageGuess;
  /** By the formula, with that page. */
  readonly computedPerBankBytes?: number;
  readonly matches: boolean;
  readonly cause: OomCause;
  /** Bytes per bank that are missing: of all that is free, or of the largest free block. */
  readonly shortBytes?: number;
  /** What the buffer may be, likeliest first. */
  readonly tensors: readonly string[];
  readonly summary: string;
  readonly advice: readonly string[];
}

/** The alignments that devices have; 32 and 64 can rarely be told apart. */
const ALIGNMENTS = [32, 64] as const;

export interface KnownBuffer {
  readonly name: string;
  readonly bytes: number;
}

/** @param known buffers of a plan, of which it may be one */
export function explainOom(
  message: OomMessage,
  known: readonly KnownBuffer[] = [],
): OomExplanation {
  const page = guessPage(message);
  const computed =
    page &&
    inBanks({ bytes: message.bytes, pageBytes: page.pageBytes }, { ...message, alignment: 32 });
  const cause = causeOf(message);
  const shortBytes = shortOf(message, cause);
  const tensors = tensorsOf(message, page, known);
  return {
    ...message,
    ...(page && { page }),
    ...(computed && { computedPerBankBytes: computed.perBankBytes }),
    matches: computed?.perBankBytes === message.perBankBytes,
    cause,
    ...(shortBytes !== undefined && { shortBytes }),
    tensors,
    summary: summaryOf(message, cause, shortBytes),
    advice: adviceOf(message, cause, page),
  };
}

const tileLayouts: Record<TileFormat, { layout: string; elementBytes: number }> = {
  bfloat16: { layout: 'bf16 tiles of 32 × 32', elementBytes: 2 },
  bfloat8_b: { layout: 'bfp8_b tiles of 32 × 32', elementBytes: 1088 / 1024 },
  bfloat4_b: { layout: 'bfp4_b tiles of 32 × 32', elementBytes: 576 / 1024 },
  float32: { layout: '32-bit tiles of 32 × 32', elementBytes: 4 },
};
const tileFormats = Object.keys(TILE_BYTES) as TileFormat[];

/** Tiles first, then whole rows: the longest row, which is the fewest pages, is the simplest. */
function guessPage(message: OomMessage): PageGuess | undefined {
  for (const format of tileFormats) {
    const pageBytes = TILE_BYTES[format];
    if (message.bytes % pageBytes === 0 && fits(message, pageBytes))
      return { pageBytes, pages: message.bytes / pageBytes, ...tileLayouts[format] };
  }
  return guessRow(message);
}

const MOST_PAGES_PER_BANK = 65536;

function guessRow(message: OomMessage): PageGuess | undefined {
  const { bytes, banks, perBankBytes } = message;
  for (let perBank = 1; perBank <= MOST_PAGES_PER_BANK; perBank++) {
    if (perBankBytes % perBank !== 0) continue;
    for (let pages = perBank * banks; pages > (perBank - 1) * banks; pages--) {
      const pageBytes = bytes / pages;
      // rows come in tens and more, and are of whole elements
      if (!Number.isInteger(pageBytes) || pageBytes % 2 !== 0 || pages % 32 !== 0) continue;
      if (fits(message, pageBytes))
        return {
          pageBytes,
          pages,
          layout: `row-major, rows of ${countText(pageBytes / 2)} elements of 16 bits`,
          elementBytes: 2,
        };
    }
  }
  return undefined;
}

const fits = (message: OomMessage, pageBytes: number): boolean =>
  ALIGNMENTS.some(
    alignment =>
      inBanks({ bytes: message.bytes, pageBytes }, { banks: message.banks, alignment })
        .perBankBytes === message.perBankBytes,
  );

function causeOf({
  perBankBytes,
  bankBytes,
  freeBytes,
  largestFreeBlockBytes,
}: OomMessage): OomCause {
  if (bankBytes !== undefined && perBankBytes > bankBytes) return 'larger-than-bank';
  if (freeBytes === undefined) return 'unknown';
  if (perBankBytes > freeBytes) return 'size';
  return (largestFreeBlockBytes ?? freeBytes) < perBankBytes ? 'fragmentation' : 'unknown';
}

function shortOf(
  { perBankBytes, bankBytes, freeBytes, largestFreeBlockBytes }: OomMessage,
  cause: OomCause,
): number | undefined {
  switch (cause) {
    case 'larger-than-bank':
      return perBankBytes - bankBytes!;
    case 'size':
      return perBankBytes - freeBytes!;
    case 'fragmentation':
      return perBankBytes - largestFreeBlockBytes!;
    case 'unknown':
      return undefined;
  }
}

function summaryOf(message: OomMessage, cause: OomCause, short: number | undefined): string {
  const { perBankBytes, bankBytes, freeBytes, largestFreeBlockBytes, memory } = message;
  const need = `Each bank needs ${countText(perBankBytes)} B`;
  switch (cause) {
    case 'larger-than-bank':
      return `${need} and has ${countText(bankBytes!)} B in all: this buffer fits in no ${memory} of this size, however empty. Short by ${bytesText(short!)} per bank.`;
    case 'size':
      return `${need}, ${countText(freeBytes!)} B are free: short by ${bytesText(short!)} per bank. Size is the cause, not fragmentation.`;
    case 'fragmentation':
      return `${need}, ${countText(freeBytes!)} B are free, but the largest free block has ${countText(largestFreeBlockBytes!)} B. Fragmentation is the cause: the buffer fits in what is free, and in no single piece of it.`;
    case 'unknown':
      return bankBytes === undefined
        ? `${need}. The message says neither how large a bank is nor how much was free, so size and fragmentation cannot be told apart.`
        : `${need} of ${countText(bankBytes)} B, so the buffer alone would fit: others hold at least ${bytesText(bankBytes - perBankBytes)} of each bank, or leave no piece of that size. The message does not say whether size or fragmentation is the cause.${wholeModel(message)}`;
  }
}

/** Whether all weights of the model that has such a matrix are more than one device holds. */
function wholeModel({ bytes, banks, bankBytes = Infinity }: OomMessage): string {
  const owner = PUBLIC_MODELS.find(({ inner, hidden }) => inner * hidden * 2 === bytes);
  const perBank = ((owner?.parameters ?? 0) * 2) / banks;
  return owner && perBank > bankBytes
    ? ` A matrix of this size is in ${owner.name}, whose weights in bf16 take ${bytesText(perBank)} of each bank, more than it has: on one device size is the cause.`
    : '';
}

function adviceOf(message: OomMessage, cause: OomCause, page: PageGuess | undefined): string[] {
  const narrower =
    page?.pageBytes === TILE_BYTES.bfloat16
      ? [
          `Hold this tensor in bfp8_b: ${countText(perBankIn(message, 'bfloat8_b'))} B per bank instead of ${countText(message.perBankBytes)} B.`,
        ]
      : page?.pageBytes === TILE_BYTES.float32
        ? [`Hold this tensor in bf16: ${countText(perBankIn(message, 'bfloat16'))} B per bank.`]
        : [];
  const rows =
    page && page.layout.startsWith('row-major')
      ? [
          'Keep it in tiles: a row-major row is one page, and the last round of pages leaves banks empty.',
        ]
      : [];
  const split = `Split it over more devices: over 2, each bank needs about ${countText(roundUp(message.perBankBytes / 2, 32))} B.`;
  const smaller =
    'Make it smaller: fewer rows in a batch, a shorter sequence, or blocks computed again instead of kept (`runner_type: memory_efficient`).';
  switch (cause) {
    case 'larger-than-bank':
      return [...rows, split, smaller, ...narrower];
    case 'size':
      return [smaller, ...narrower, split, ...rows];
    case 'fragmentation':
      return [
        'Allocate large buffers first, while memory is whole: the cache and the logits before the small activations.',
        'Free what is not needed any more before this step, and defragment by loading the model anew.',
        ...narrower,
        ...rows,
        split,
      ];
    case 'unknown':
      return [
        'Plan the config with this device: the plan names what holds the rest (`weightroom plan CONFIG --device …`).',
        smaller,
        ...narrower,
        split,
      ];
  }
}

function perBankIn({ bytes, banks }: OomMessage, format: TileFormat): number {
  const tiles = bytes / TILE_BYTES.bfloat16;
  const pageBytes = TILE_BYTES[format];
  return inBanks({ bytes: tiles * pageBytes, pageBytes }, { banks, alignment: 32 }).perBankBytes;
}

const MOST_TENSORS = 4;

/** Blocks are alike, and the message does not say which one it was. */
const ofAnyBlock = (name: string): string =>
  name.replace(/(_block_|blocks\/|layers\.|\bh\.|blocks\.|^block )\d+/, '$1*');

/** Buffers of a plan of exactly this size, else matrices of public models, else activations of them. */
function tensorsOf(
  { bytes }: OomMessage,
  page: PageGuess | undefined,
  known: readonly KnownBuffer[],
): string[] {
  const planned = known
    .filter(buffer => buffer.bytes === bytes)
    .map(({ name }) => ofAnyBlock(name));
  if (planned.length > 0) return [...new Set(planned)].slice(0, MOST_TENSORS);
  const elements = bytes / (page?.elementBytes ?? 2);
  if (!Number.isInteger(elements)) return [];
  const found = PUBLIC_MODELS.flatMap(({ name, hidden, inner, kv, vocabulary }) => {
    const padded = roundUp(vocabulary, 32);
    const matrices: [string, number, number][] = [
      ['a gate, up or down matrix', inner, hidden],
      ['the embedding or head', padded, hidden],
      ['gate and up in one', 2 * inner, hidden],
      ['a query or output matrix', hidden, hidden],
      ['keys and values in one', 2 * kv, hidden],
    ];
    return matrices
      .filter(([, rows, columns]) => rows * columns === elements)
      .map(([what, rows, columns]) => `${what} of ${name}: ${shape(rows, columns)}`);
  });
  if (found.length > 0) return found.slice(0, MOST_TENSORS);
  return activationsOf(elements).slice(0, MOST_TENSORS);
}

const shape = (rows: number, columns: number): string =>
  `${countText(rows)} × ${countText(columns)}`;

/** Tokens (a multiple of 32) times a width of a public model, the widest first. */
function activationsOf(elements: number): string[] {
  const widths = new Map<number, string>();
  for (const { name, hidden, inner, vocabulary } of PUBLIC_MODELS)
    for (const [what, width] of [
      ['hidden states', hidden],
      ['inner activations', inner],
      ['logits', roundUp(vocabulary, 32)],
    ] as const)
      if (elements % (width * 32) === 0 && !widths.has(width))
        widths.set(width, `${what} of ${name}`);
  return [...widths]
    .sort(([a], [b]) => b - a)
    .filter(([width]) => elements / width <= 2 ** 20)
    .map(([width, what]) => `${what}, ${shape(elements / width, width)}`);
}
