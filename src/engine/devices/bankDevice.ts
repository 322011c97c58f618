/**
 * Devices whose memory is split into banks over which the pages of every buffer go round: how many
 * banks, how large, and on which addresses pages start. Presets, and descriptions of one's own.
 */
import { fail } from '../problem';

export interface BankDevice {
  readonly name: string;
  readonly title: string;
  readonly banks: number;
  /** Bytes of a bank that buffers may use; firmware has taken its part. */
  readonly bankBytes: number;
  /** Bytes; the sizes of pages are rounded up to it. */
  readonly alignment: number;
}

/**
 * The size of a bank is what is left of it: different firmware leaves different sizes, and an
 * out-of-memory message says that of its machine. These are sizes that such messages said.
 */
export const BANK_DEVICES: readonly BankDevice[] = [
  {
    name: 'wormhole',
    title: 'Wormhole (N150, N300), each chip',
    banks: 12,
    bankBytes: 1_071_181_792,
    alignment: 32,
  },
  {
    name: 'blackhole',
    title: 'Blackhole (P150)',
    banks: 8,
    bankBytes: 4_273_390_016,
    alignment: 64,
  },
];

/** Other names of the presets. */
const ALIASES: Readonly<Record<string, string>> = {
  tenstorrent: 'wormhole',
  n150: 'wormhole',
  n300: 'wormhole',
  p150: 'blackhole',
};

/** `12x1071181792` or `12x1071181792@32`. */
const DESCRIPTION = /^(\d{1,4})\s*[x×]\s*(\d{1,15})(?:\s*@\s*(\d{1,6}))?$/i;

/** Undefined for what names no device with banks. */
export function findBankDevice(name: string): BankDevice | undefined {
  const known = ALIASES[name.toLowerCase()] ?? name.toLowerCase();
  const preset = BANK_DEVICES.find(device => device.name === known);
  if (preset) return preset;
  const [, banks, bankBytes, alignment = '32'] = DESCRIPTION.exec(name.trim()) ?? [];
  if (banks === undefined || bankBytes === undefined) return undefined;
  return checkedDevice({
    name,
    title: `${banks} banks of ${bankBytes} B`,
    banks: Number(banks),
    bankBytes: Number(bankBytes),
    alignment: Number(alignment),
  });
}

/** @throws `plan.unknown-device` */
export function bankDevice(name: string): BankDevice {
  return (
    findBankDevice(name) ??
    fail(
      'plan.unknown-device',
      `"${name}" is no device with memory banks. Name ${BANK_DEVICES.map(d => d.name).join(' or ')}, or describe yours: 12x1071181792 for 12 banks of so many bytes, 12x1071181792@64 with their alignment.`,
      { key: 'device' },
    )
  );
}

function checkedDevice(device: BankDevice): BankDevice {
  const { banks, bankBytes, alignment } = device;
  if (banks >= 1 && bankBytes >= alignment && Number.isInteger(Math.log2(alignment))) return device;
  return fail(
    'plan.bad-device',
    `${device.name} is no memory: it needs at least one bank, and an alignment that is a power of two and not larger than a bank.`,
    { key: 'device' },
  );
}
