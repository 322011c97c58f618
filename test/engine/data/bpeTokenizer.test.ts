import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../../src/engine/data/tokenizer';
import { BPE_PIECES, trainBpe } from '../../../src/engine/data/trainBpe';
import { readCases } from '../../fixtures/data/ids';
import { scratchFolder } from '../../durability/scratchFolder';
import { refusalOf } from './refusal';

const file = 'test/fixtures/data/bpe400.tokenizer.json';
const huggingFace = readCases('bpe400Ids.json');
const texts = huggingFace.map(({ text }) => text);
const scratch = scratchFolder();

/** The definition of BPE training, counting everything anew for each merge. */
function trainSlowly(texts: string[], merges: number): [number, number][] {
  let words = texts
    .flatMap(text => text.match(new RegExp(BPE_PIECES, 'gu')) ?? [])
    .map(piece => [...Buffer.from(piece)]);
  const learnt: [number, number][] = [];
  for (let id = 256; id < 256 + merges; id++) {
    const counts = new Map<string, number>();
    for (const word of words)
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    const ranked = Array.from(counts, ([pair, count]) => ({
      pair: pair.split(' ').map(Number) as [number, number],
      count,
    }));
    ranked.sort((x, y) => y.count - x.count || x.pair[0] - y.pair[0] || x.pair[1] - y.pair[1]);
    const best = ranked[0];
    if (best === undefined || best.count < 2) break;
    learnt.push(best.pair);
    words = words.map(word => {
      const joined: number[] = [];
      for (let i = 0; i < word.length; i++) {
        const isPair = word[i] === best.pair[0] && word[i + 1] === best.pair[1];
        joined.push(isPair ? id : word[i]!);
        if (isPair) i++;
      }
      return joined;
    });
  }
  return learnt;
}

describe('bpe:<size>', () => {
  it('learns the same vocabulary from the same texts, byte for byte', async () => {
    const tokenizer = await openTokenizer('bpe:400', { trainOn: texts });
    expect(tokenizer.toJson?.()).toBe(readFileSync(file, 'utf8'));
  });

  it('merges the most frequent pair, the lowest ids first among equals', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '1', 'é'), maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), async texts => {
        expect(await trainBpe(texts, 257 + 20)).toEqual(trainSlowly(texts, 20));
      }),
      { numRuns: 60 },
    );
  });

  it('has the size of its name: bytes, merges, and the end of text as last id', async () => {
    const tokenizer = await openTokenizer('bpe:400', { file });
    expect(tokenizer).toMatchObject({ name: 'bpe:400', vocabSize: 400, endOfText: 399 });
    for (let byte = 0; byte < 256; byte++) expect([...tokenizer.bytesOf(byte)]).toEqual([byte]);
    expect(tokenizer.decode([399])).toBe('<|endoftext|>');
  });

  it('is smaller when no pair is left that occurs twice', async () => {
    const tokenizer = await openTokenizer('bpe:300', { trainOn: ['ab ab'] });
    expect(tokenizer).toMatchObject({ vocabSize: 258, endOfText: 257 });
  });

  it('keeps each digit a token of its own', async () => {
    const tokenizer = await openTokenizer('bpe:300', {
      trainOn: Array<string>(9).fill('1234 12 12'),
    });
    expect(tokenizer.encode('1234')).toEqual([...Buffer.from('1234')]);
    expect(tokenizer.encode(' 12')).toEqual([...Buffer.from(' 12')]);
  });

  it.each(['bpe:400', 'bytes'])('%s decodes what it encoded, for any text', async name => {
    const tokenizer = await openTokenizer(name, { file });
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
    );
  });

  it('gives the ids that Hugging Face gives for its tokenizer.json', async () => {
    const tokenizer = await openTokenizer('bpe:400', { file });
    for (const { text, ids } of huggingFace)
      expect(tokenizer.encode(text, { readSpecialTokens: true })).toEqual(ids);
  });

  it('is the same tokenizer after saving and loading', async () => {
    const trained = await openTokenizer('bpe:300', { trainOn: texts });
    const path = join(scratch, 'saved.json');
    writeFileSync(path, trained.toJson?.() ?? '');
    const loaded = await openTokenizer('bpe:300', { file: path });
    expect(loaded.hash).toBe(trained.hash);
    for (const text of texts) expect(loaded.encode(text)).toEqual(trained.encode(text));
  });

  const saved = readFileSync(file, 'utf8');
  const swap = (from: string, to: string) => saved.replace(from, to);
  it.each([
    ['nothing', ''],
    ['no JSON', saved.slice(0, -2)],
    ['other JSON', '{"model":null}'],
    ['another splitting rule', swap(String.raw`\\p{N}`, String.raw`\\p{L}`)],
    ['a merge of unknown tokens', swap('"merges": [', '"merges": [ "Ġ Ġnothing",')],
    ['a swapped vocabulary', swap('"A": 65', '"A": 66')],
    ['another end of text', swap('"id": 399', '"id": 398')],
  ])('refuses a tokenizer.json with %s', async (_, text) => {
    const path = join(scratch, 'bad.json');
    writeFileSync(path, text);
    expect(await refusalOf(() => openTokenizer('bpe:400', { file: path }))).toMatchObject({
      code: 'data.bad-tokenizer',
      where: { file: path },
    });
  });

  it.each([
    ['bpe:256', 'data.bad-tokenizer-size'],
    ['bpe:9999999', 'data.bad-tokenizer-size'],
    ['bpe:x', 'data.unknown-tokenizer'],
    ['word2vec', 'data.unknown-tokenizer'],
    ['none', 'data.no-tokenizer'],
  ])('refuses the name %s', async (name, code) => {
    expect((await refusalOf(() => openTokenizer(name, { trainOn: texts }))).code).toBe(code);
  });

  it('refuses to open untrained', async () => {
    expect((await refusalOf(() => openTokenizer('bpe:400'))).code).toBe('data.untrained-tokenizer');
  });

  it('stops training when cancelled', async () => {
    const problem = await refusalOf(() =>
      openTokenizer('bpe:400', { trainOn: texts, signal: AbortSignal.abort() }),
    );
    expect(problem.code).toBe('data.cancelled');
  });
});

describe('bytes', () => {
  it('is UTF-8, and 256 ends a text', async () => {
    const tokenizer = await openTokenizer('bytes');
    expect(tokenizer).toMatchObject({ vocabSize: 257, endOfText: 256 });
    expect(tokenizer.encode('aé')).toEqual([0x61, 0xc3, 0xa9]);
    expect(tokenizer.encode('a<|endoftext|>', { readSpecialTokens: true })).toEqual([0x61, 256]);
  });
});
