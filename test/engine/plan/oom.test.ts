/** The explainer on public out-of-memory messages: its formula gives the numbers that they say. */
import { describe, expect, it } from 'vitest';
import { bankDevice, findBankDevice } from '../../../src/engine/devices/bankDevice';
import { BankSpace, inBanks } from '../../../src/engine/plan/bankMemory';
import { explainOom } from '../../../src/engine/plan/oomExplain';
import { findOomMessages } from '../../../src/engine/plan/oomMessage';

const only = (text: string) => {
  const found = findOomMessages(text);
  expect(found).toHaveLength(1);
  return explainOom(found[0]!);
};

interface PublicCase {
  where: string;
  text: string;
  perBank: number;
  page: number;
  cause: string;
  tensor?: RegExp;
}

const dram = (bytes: number, perBank: number, rest = '', banks = 12) =>
  `Out of Memory: Not enough space to allocate ${bytes} B DRAM buffer across ${banks} banks, where each bank needs to store ${perBank} B${rest}`;
const stats = (bank: number, allocated: number, free: number, largest: number) =>
  `, but bank size is ${bank} B (allocated: ${allocated} B, free: ${free} B, largest free block: ${largest} B)`;

const cases: PublicCase[] = [
  {
    where: 'the 8B model of the notebook',
    text: `TT_FATAL @ tt_metal/impl/allocator/bank_manager.cpp:431: address.has_value()\ninfo:\n${dram(117440512, 9787392, ', but bank size is only 1071181792 B')}`,
    perBank: 9787392,
    page: 2048,
    cause: 'unknown',
    tensor: /Llama-3.1-8B: 14 336 × 4 096/,
  },
  {
    where: 'tt-metal#31076',
    text: `2025-10-23 04:15:50.252 | critical |          Always | ${dram(117440512, 9787392, ', but bank size is only 1046181792 B')} (assert.hpp:103)`,
    perBank: 9787392,
    page: 2048,
    cause: 'unknown',
  },
  {
    where: 'tt-inference-server#451',
    text: dram(146575360, 12214976),
    perBank: 12214976,
    page: 1088,
    cause: 'unknown',
  },
  {
    where: 'tt-xla#4130',
    text: dram(58720256, 4894720, stats(1071821792, 888424448, 183397344, 3382944)),
    perBank: 4894720,
    page: 2048,
    cause: 'fragmentation',
  },
  {
    where: 'tt-xla#4685',
    text: dram(3294625792, 274686208, stats(1071821792, 784847680, 286974112, 216504544)),
    perBank: 274686208,
    page: 402176,
    cause: 'fragmentation',
    tensor: /gpt-oss-120b/,
  },
  {
    where: 'tt-xla#5535, first',
    text: dram(1073741824, 89479168, stats(1070773184, 1003628544, 67144640, 67140352)),
    perBank: 89479168,
    page: 2048,
    cause: 'size',
    tensor: /embedding or head of Ministral-8B/,
  },
  {
    where: 'tt-xla#5535, second',
    text: dram(1244659712, 103723008, stats(1070773184, 1054848640, 15924544, 15475264)),
    perBank: 103723008,
    page: 2048,
    cause: 'size',
    tensor: /embedding or head of Qwen3-8B/,
  },
  {
    where: 'tt-metal#19890',
    text: `                 Always | FATAL    | ${dram(536870912, 44740608)}\n                 Always | FATAL    | ${dram(536870912, 44740608)}`,
    perBank: 44740608,
    page: 2048,
    cause: 'unknown',
  },
  {
    where: 'tt-metal#9837',
    text: dram(1048576, 88064),
    perBank: 88064,
    page: 2048,
    cause: 'unknown',
  },
  {
    where: 'a buffer larger than a bank, tt-xla#4040',
    text: dram(44493176832, 5561647104, stats(4273390016, 2263928320, 2009461696, 2002774720), 8),
    perBank: 5561647104,
    page: 2048,
    cause: 'larger-than-bank',
  },
  {
    where: 'words first, numbers below, tt-metal#7933',
    text: 'info:\nOut of Memory: Not enough space to allocate {} B {} buffer across {} banks, where each bank needs to store {} B\n148897792\nDRAM\n8\n18612224\nbacktrace:',
    perBank: 18612224,
    page: 2048,
    cause: 'unknown',
  },
];

describe('explains public messages', () => {
  it.each(cases)('$where', ({ text, perBank, page, cause, tensor }) => {
    const explained = only(text);
    expect(explained).toMatchObject({ perBankBytes: perBank, cause, matches: true });
    expect(explained.computedPerBankBytes).toBe(perBank);
    expect(explained.page?.pageBytes).toBe(page);
    expect(explained.advice.length).toBeGreaterThan(0);
    if (tensor) expect(explained.tensors.join('\n').replace(/\u2009/g, ' ')).toMatch(tensor);
  });

  it('counts a message that is said several times once', () => {
    expect(findOomMessages(cases[7]!.text)).toMatchObject([{ times: 2, line: 1 }]);
  });

  it('finds where the device raised it', () => {
    expect(findOomMessages(cases[0]!.text)).toMatchObject([
      { raisedAt: 'bank_manager.cpp:431', line: 3 },
    ]);
  });

  const wordings = [
    'Not enough space after considering dependencies to allocate 2048 B L1 buffer across 64 banks, where each bank needs to store 2048 B',
    'not enough space to allocate 117,440,512 B DRAM buffer across 12 banks where each bank needs to store 9,787,392 B, but the bank size is 1,071,181,792 B',
    'Not enough space to allocate\n117440512 bytes DRAM buffer across 12 banks,\n  where each bank needs to store 9787392 bytes',
  ];
  it.each(wordings)('reads the wording: %s', text => {
    expect(findOomMessages(text)).toHaveLength(1);
    expect(only(text).matches).toBe(true);
  });

  it('finds nothing in other text', () => {
    expect(findOomMessages('RuntimeError: out of memory on the other device')).toEqual([]);
  });

  it('does not claim numbers that no page gives', () => {
    expect(only(dram(117440512, 9787393))).toMatchObject({ matches: false });
  });

  it('names the buffer of a plan that has exactly this size', () => {
    const [message] = findOomMessages(cases[0]!.text);
    const known = [{ name: 'llama/llama_block_0/mlp/w1/weight', bytes: 117440512 }];
    expect(explainOom(message!, known).tensors).toEqual(['llama/llama_block_*/mlp/w1/weight']);
  });
});

describe('the formula', () => {
  it('is that of the seed case', () => {
    const wormhole = bankDevice('wormhole');
    expect(wormhole).toMatchObject({ banks: 12, bankBytes: 1071181792 });
    expect(inBanks({ bytes: 117440512, pageBytes: 2048 }, wormhole)).toMatchObject({
      pages: 57344,
      perBankBytes: 9787392,
      lostBytes: 9787392 * 12 - 117440512,
    });
  });

  it.each([
    ['12x1071181792', 12, 1071181792, 32],
    ['8x4273390016@64', 8, 4273390016, 64],
    ['N150', 12, 1071181792, 32],
    ['p150', 8, 4273390016, 64],
  ])('takes %s for a device', (name, banks, bankBytes, alignment) => {
    expect(bankDevice(name)).toMatchObject({ banks, bankBytes, alignment });
  });

  it('refuses what is no memory, and says what is', () => {
    expect(findBankDevice('cpu')).toBeUndefined();
    expect(() => bankDevice('gpu')).toThrow(/wormhole or blackhole/);
    expect(() => bankDevice('0x100')).toThrow(/at least one bank/);
    expect(() => bankDevice('4x100@48')).toThrow(/power of two/);
  });
});

describe('a bank', () => {
  it('takes the first block that is large enough, and joins what is freed', () => {
    const bank = new BankSpace(100);
    const [a, b, c] = [bank.allocate(30)!, bank.allocate(30)!, bank.allocate(30)!];
    expect([a, b, c]).toEqual([0, 30, 60]);
    bank.release(a, 30);
    bank.release(c, 30);
    expect([bank.freeBytes, bank.largestFree]).toEqual([70, 40]);
    expect(bank.allocate(50)).toBeUndefined(); // free enough, in pieces
    bank.release(b, 30);
    expect(bank.largestFree).toBe(100);
    expect(bank.allocate(100)).toBe(0);
  });
});
