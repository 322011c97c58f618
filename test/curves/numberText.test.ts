import { describe, expect, it } from 'vitest';
import * as numbers from '../../src/curves/numberText';

/** Thin spaces are written as ordinary ones here. */
const plain = (text: string) => text.replaceAll('\u2009', ' ');

type Case = readonly [format: keyof typeof numbers, value: number, text: string];

const cases: Case[] = [
  ['countText', 120775, '120 775'],
  ['countText', -1234567, '−1 234 567'],
  ['countText', 999, '999'],
  ['lossText', 2.6474, '2.647'],
  ['lossText', NaN, 'not a number'],
  ['lossText', Infinity, 'infinite'],
  ['gapText', 0.167, '+0.167'],
  ['gapText', -0.02, '−0.020'],
  ['gapText', -0.0001, '+0.000'],
  ['shortText', 4.5e-5, '4.5e−5'],
  ['shortText', 0.54, '0.54'],
  ['shortText', 0.0853, '0.0853'],
  ['shortText', 0.003, '0.003'],
  ['shortText', 2.314, '2.31'],
  ['shortText', 14.2, '14.2'],
  ['shortText', 9853.4, '9 853'],
  ['shortText', 0, '0'],
  ['amountText', 51_100_000, '51.1 M'],
  ['amountText', 999_600, '1.00 M'],
  ['amountText', 950, '950'],
  ['durationText', 0.6, '0.6 s'],
  ['durationText', 41, '41 s'],
  ['durationText', 3120, '52 min'],
  ['durationText', 8340, '2 h 19 min'],
  ['durationText', 7200, '2 h'],
  ['durationText', 273600, '3 d 4 h'],
  ['durationTickText', 1800, '30 min'],
  ['durationTickText', 5400, '1 h 30'],
  ['durationTickText', 86400, '1 d'],
];

describe('numbers read', () => {
  it.each(cases)('%s(%d) as %s', (format, value, text) => {
    expect(plain((numbers[format] as (value: number) => string)(value))).toBe(text);
  });

  it.each([
    [2.5, 0, '2.5'],
    [10, 0, '10'],
    [10000, 2000, '10 000'],
    [0.2, 0.2, '0.2'],
    [3e-4, 1e-4, '3e−4'],
    [-2.25, 0.25, '−2.25'],
    [2.62, 0.02, '2.62'],
    [12.5, 2.5, '12.5'],
    [1e6, 1e5, '1 M'],
    [1.25e6, 2.5e5, '1.25 M'],
    [1_000_250, 50, '1 000 250'],
    [5000, 5000, '5k', true],
    [7500, 2500, '7.5k', true],
    [5951, 1, '5 951', true],
    [500, 0, '500', true],
    [0.0075, 0.0025, '7.5e−3', true],
    [0.0075, 0.0025, '0.0075'],
    [0.01, 0.0025, '1e−2', true],
    [0.0125, 0.0025, '1.25e−2', true],
    [0.005, 0.005, '0.005', true],
    [0.101, 0.001, '0.101', true],
    [4.52e-4, 2e-6, '4.52e−4', true],
    [1e-3, 5e-4, '1e−3'],
    [1.5e-3, 5e-4, '1.5e−3'],
  ])('tick %d with step %d as %s', (value, step, text, compact = false) => {
    expect(plain(numbers.tickText(value, step, compact))).toBe(text);
  });
});
