/**
 * What a device says when a buffer does not fit, in the wordings of tt-metal's versions. Knows the
 * texts, not what they mean.
 */

export interface OomMessage {
  /** As the device names the memory: DRAM, L1. */
  readonly memory: string;
  readonly bytes: number;
  readonly banks: number;
  readonly perBankBytes: number;
  readonly bankBytes?: number;
  readonly allocatedBytes?: number;
  readonly freeBytes?: number;
  readonly largestFreeBlockBytes?: number;
  /** Where the device raised it, as `bank_manager.cpp:431`. */
  readonly raisedAt?: string;
  /** 1-based line of the text. */
  readonly line: number;
  /** How often the text says it. */
  readonly times: number;
}

const NUMBER = String.raw`([\d,_]+)`;
const BYTES = String.raw`\s*(?:B|bytes?)\b`;
/** Old versions print the words first and the numbers below; see `NUMBERS_BELOW`. */
const MESSAGE = new RegExp(
  String.raw`Not enough space[\s\S]{0,60}?(?:to )?allocate\s+${NUMBER}${BYTES}\s+(\w+)\s+buffer\s+across\s+${NUMBER}\s+banks,?\s+where\s+each\s+bank\s+needs\s+to\s+store\s+${NUMBER}${BYTES}` +
    String.raw`(?:,?\s+but\s+(?:the\s+)?bank\s+size\s+is\s+(?:only\s+)?${NUMBER}${BYTES})?` +
    String.raw`(?:\s*\((allocated[^)]{0,200})\))?`,
  'gi',
);
const NUMBERS_BELOW = new RegExp(
  String.raw`Not enough space to allocate \{\} B \{\} buffer across \{\} banks, where each bank needs to store \{\} B\s+${NUMBER}\s+(\w+)\s+${NUMBER}\s+${NUMBER}`,
  'gi',
);
const RAISED_AT = /([\w-]+\.[ch]pp:\d+)/g;

/** All of a text, each once, in order of appearance. */
export function findOomMessages(text: string): OomMessage[] {
  const found = [...text.matchAll(MESSAGE), ...text.matchAll(NUMBERS_BELOW)].map(match =>
    messageOf(match, text),
  );
  const distinct = new Map<string, OomMessage>();
  for (const message of found) {
    const { line, times, raisedAt, ...numbers } = message;
    const key = JSON.stringify(numbers);
    const known = distinct.get(key);
    distinct.set(
      key,
      known
        ? { ...message, ...known, ...(raisedAt && { raisedAt }), times: known.times + times }
        : { ...message, line },
    );
  }
  return [...distinct.values()].sort((a, b) => a.line - b.line);
}

/** In the wording of today's devices, on one line; `findOomMessages` reads the same numbers in it. */
export function oomText(message: OomMessage): string {
  const { memory, bytes, banks, perBankBytes, bankBytes } = message;
  const statistics = [
    ['allocated', message.allocatedBytes],
    ['free', message.freeBytes],
    ['largest free block', message.largestFreeBlockBytes],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value} B`]));
  return [
    `Not enough space to allocate ${bytes} B ${memory} buffer across ${banks} banks, where each bank needs to store ${perBankBytes} B`,
    bankBytes === undefined ? '' : `, but bank size is ${bankBytes} B`,
    statistics.length === 0 ? '' : ` (${statistics.join(', ')})`,
  ].join('');
}

function messageOf(match: RegExpMatchArray, text: string): OomMessage {
  const [, bytes = '', memory = '', banks = '', perBank = '', bankBytes, statistics = ''] = match;
  const raisedAt = lastRaised(text.slice(Math.max(0, match.index! - 400), match.index));
  const value = (name: string) =>
    new RegExp(String.raw`${name}:?\s*${NUMBER}`, 'i').exec(statistics)?.[1];
  const optional = {
    bankBytes,
    allocatedBytes: value('allocated'),
    freeBytes: value('free'),
    largestFreeBlockBytes: value('largest free block'),
  };
  const known = Object.entries(optional).flatMap(([key, text]) =>
    text === undefined ? [] : [[key, number(text)] as const],
  );
  return {
    memory: memory.toUpperCase(),
    bytes: number(bytes),
    banks: number(banks),
    perBankBytes: number(perBank),
    ...Object.fromEntries(known),
    ...(raisedAt !== undefined && { raisedAt }),
    line: text.slice(0, match.index).split('\n').length,
    times: 1,
  };
}

const number = (text: string): number => Number(text.replace(/[,_]/g, ''));

function lastRaised(before: string): string | undefined {
  const places = [...before.matchAll(RAISED_AT)].map(([, place]) => place);
  return places.at(-1);
}
