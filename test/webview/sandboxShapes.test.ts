/** What the sandbox's picture is computed from: comparison, ribbon, tint, words, places. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newColumn, newDocument, newOutcome } from '../../src/host/sandbox/sandboxDocument';
import type { Outcome, PickedModel, Token } from '../../src/protocol/sandboxView';
import { compare, leastLikely, meanProbability } from '../../webview/sandbox/comparison';
import { EditPosts } from '../../webview/sandbox/editPosts';
import { placeFor } from '../../webview/sandbox/popoverPlace';
import { axisLabels, barPath, slotAt, slotCount } from '../../webview/sandbox/ribbonShape';
import { tasteFrom } from '../../webview/sandbox/taste';
import { LEVELS, tintLevel } from '../../webview/sandbox/tint';
import { errorMap } from '../../webview/sandbox/errorMap';
import { probabilityText, shortNames, visibleText } from '../../webview/sandbox/words';

const model = (short: string): PickedModel => ({
  ...{ dir: short, adapters: [], name: short, short, path: short, contextLength: 8 },
});

const token = (id: number, probability = 0.5): Token => ({
  ...{ id, piece: String(id), shown: String(id), probability, survivors: 2 },
  ...{ entropy: 1, alternatives: [] },
});

function outcome(ids: readonly number[], isOver = true): Outcome {
  const empty = newOutcome(newColumn(model('m')), model('m'), newDocument().sampling);
  const status = isOver
    ? ({ kind: 'ended', reason: 'length' } as const)
    : { kind: 'streaming' as const };
  return { ...empty, tokens: ids.map(id => token(id)), status };
}

describe('a comparison', () => {
  it.each([
    [
      'the same',
      [1, 2, 3],
      [1, 2, 3],
      true,
      { equal: 3, divergesAt: null, endsFirst: null, isDecided: true },
    ],
    [
      'parts',
      [1, 2, 3],
      [1, 9, 3],
      true,
      { equal: 1, divergesAt: 1, endsFirst: null, isDecided: true },
    ],
    [
      'ends first',
      [1, 2, 3],
      [1, 2],
      true,
      { equal: 2, divergesAt: null, endsFirst: 1, isDecided: true },
    ],
    [
      'still grows',
      [1, 2, 3],
      [1, 2],
      false,
      { equal: 2, divergesAt: null, endsFirst: null, isDecided: false },
    ],
    ['not begun', [], [], false, { equal: 0, divergesAt: null, endsFirst: null, isDecided: false }],
  ] as const)('of one that is %s', (_, a, b, isOver, expected) => {
    expect(compare(outcome(a, isOver), outcome(b, isOver))).toEqual(expected);
  });

  it('names the least likely token and the mean', () => {
    const told = { ...outcome([]), tokens: [token(1, 0.9), token(2, 0.1), token(3, 0.5)] };
    expect(leastLikely(told)).toBe(1);
    expect(meanProbability(told)).toBeCloseTo(0.5);
    expect(leastLikely(outcome([]))).toBeUndefined();
  });
});

describe('the ribbon', () => {
  it('makes room by doubling while a text grows, and fits when it is over', () => {
    expect([1, 32, 33, 200].map(n => slotCount(n, true))).toEqual([32, 32, 64, 256]);
    expect([1, 75].map(n => slotCount(n, false))).toEqual([32, 75]);
  });

  it('finds the token under a place', () => {
    const slots = { width: 640, count: 64 };
    expect([-5, 0, 9.9, 10, 639, 900].map(x => slotAt(slots, x))).toEqual([0, 0, 0, 1, 63, 63]);
  });

  it('draws the least likely of the tokens that share a pixel', () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i === 501 ? 0.1 : 1));
    const path = barPath(values, { width: 100, count: 1000 }, { from: 0, to: 1000, height: -20 });
    expect(path.split('M')).toHaveLength(101);
    expect(path).toContain('v-2.00');
  });

  it('labels no place twice, and none beside the mark', () => {
    const slots = fc.record({
      width: fc.integer({ min: 100, max: 2000 }),
      count: fc.integer({ min: 32, max: 20_000 }),
    });
    fc.assert(
      fc.property(slots, fc.integer({ min: 0, max: 20_000 }), (of, marked) => {
        const labels = axisLabels(of, marked);
        const slot = of.width / of.count;
        expect(new Set(labels).size).toBe(labels.length);
        expect(labels.every(label => label >= 1 && label <= of.count)).toBe(true);
        expect(labels.every(label => Math.abs(label - 1 - marked) * slot > 20)).toBe(true);
      }),
    );
  });
});

describe('the tint', () => {
  it('is the stronger, the less likely the token', () => {
    const levels = [1, 0.6, 0.5, 0.3, 0.1, 0.01, 0].map(p => tintLevel(token(1, p), 'probability'));
    expect(levels).toEqual([0, 0, 1, 3, 5, 6, LEVELS]);
  });

  it('is the stronger, the more undecided the model, or none', () => {
    const of = (entropy: number) => tintLevel({ ...token(1), entropy }, 'entropy');
    expect([0, 1, 4, 9].map(of)).toEqual([0, 2, LEVELS, LEVELS]);
    expect(tintLevel(token(1, 0), 'none')).toBe(0);
  });
});

describe('words', () => {
  const columns = (...shorts: string[]) => shorts.map(short => newColumn(model(short)));

  it.each([
    [['alone'], ['alone']],
    [
      ['base', 'tuned'],
      ['base', 'tuned'],
    ],
    [
      ['demo, step 200', 'demo, step 600'],
      ['step 200', 'step 600'],
    ],
    [
      ['demo, step 200', 'demo, step 200'],
      ['1 demo, step 200', '2 demo, step 200'],
    ],
  ])('call the columns %j %j', (shorts, names) => {
    expect(shortNames(columns(...shorts))).toEqual(names);
  });

  it('puts layers of a model into cells, each with its worst error', () => {
    const { layout, cells, others } = errorMap([
      ['model.layers.0.mlp.up_proj.weight', 0.1],
      ['model.layers.1.mlp.up_proj.weight', 0.2],
      ['model.layers.1.mlp.down_proj.weight', 0.05],
      ['lm_head.weight', 0.3],
    ]);
    expect([layout.labels, layout.layers]).toEqual([
      ['up proj', 'down proj'],
      [
        [0, 0],
        [1, 1],
      ],
    ]);
    expect(cells.map(cell => cell?.[1])).toEqual([0.1, 0.2, undefined, 0.05]);
    expect(others).toEqual([{ label: 'lm head', error: ['lm_head.weight', 0.3] }]);
  });

  it('tells modules of one name apart', () => {
    const errors = ['attn.proj', 'mlp.proj', 'mlp.fc'].map(
      module => [`blocks.0.${module}.weight`, 0.1] as const,
    );
    expect(errorMap(errors).layout.labels).toEqual(['attn proj', 'mlp proj', 'fc']);
  });

  it('call columns of one model by how they run it', () => {
    const [a, b] = columns('m', 'm');
    expect(shortNames([a!, { ...b!, backend: 'nocache' }])).toEqual(['KV cache', 'no cache']);
    expect(shortNames([a!, { ...b!, bits: 4 }])).toEqual(['float', 'int4']);
    const nocache = { ...b!, backend: 'nocache' } as const;
    expect(shortNames([a!, nocache, { ...nocache, device: 'torch' }])).toEqual([
      'KV cache',
      'no cache',
      'PyTorch',
    ]);
  });

  it.each([
    [1, '1.00'],
    [0.9999, '0.99+'],
    [0.714, '0.71'],
    [0.0504, '0.050'],
    [0.00003, '3e−5'],
    [0, '0.00'],
  ])('write the probability %d as %s', (probability, text) => {
    expect(probabilityText(probability)).toBe(text);
  });

  it('show spaces and line breaks', () => {
    expect(visibleText(' a\n\tb')).toBe('·a↵⇥b');
  });
});

describe('the place of the alternatives', () => {
  const page = { left: 0, right: 1000, height: 800 };
  const popover = { width: 400, height: 300 };
  const at = (top: number, left = 100) => ({ top, bottom: top + 20, left });

  it.each([
    ['below the line', at(100), null, { top: 126, left: 84 }],
    ['below the newest text', at(100), 200, { top: 206, left: 84 }],
    ['above where there is no room below', at(700), null, { top: 394, left: 84 }],
    ['inside the page', at(100, 950), null, { top: 126, left: 592 }],
  ])('is %s', (_, token, newest, place) => {
    expect(placeFor(token, popover, page, newest)).toEqual(place);
  });

  it('never leaves the page', () => {
    const number = fc.integer({ min: 0, max: 780 });
    fc.assert(
      fc.property(number, number, fc.option(number), (top, left, newest) => {
        const place = placeFor(at(top, left), popover, page, newest);
        expect(place.top).toBeGreaterThanOrEqual(8);
        expect(place.top + popover.height).toBeLessThanOrEqual(page.height);
        expect(place.left).toBeGreaterThanOrEqual(8);
        expect(place.left + popover.width).toBeLessThanOrEqual(page.right);
      }),
    );
  });
});

describe('what was typed', () => {
  it('stands over what the host says until the host has it', async () => {
    let arrived = () => {};
    const edits = new EditPosts({
      edit: () => new Promise<void>(resolve => (arrived = resolve)),
      count: () => Promise.resolve(),
    });
    const old = newDocument();
    edits.add({ prompt: 'a' });
    expect(edits.over(old).prompt).toBe('a');
    edits.flush();
    edits.add({ mode: 'chat' });
    expect(edits.over(old)).toMatchObject({ prompt: 'a', mode: 'chat' });
    arrived();
    await Promise.resolve();
    expect(edits.over(old)).toMatchObject({ prompt: '', mode: 'chat' });
  });
});

describe('taste', () => {
  it('is what was remembered, as far as it is taste', () => {
    expect(tasteFrom({ tint: 'entropy', prompt: 'tokens', column: 'a' })).toEqual({
      ...{ tint: 'entropy', prompt: 'tokens', column: 'a', scrollTogether: true },
    });
    expect(tasteFrom({ tint: 'rainbow', prompt: 3, scrollTogether: 'x' })).toEqual(tasteFrom(null));
  });
});
