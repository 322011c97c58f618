/**
 * How a run looks for its whole life, in every view: a slot picks hue and dash together, so that a
 * series never depends on colour alone. Knows nothing of where the slots are kept.
 */

export type Theme = 'dark' | 'light' | 'highContrast';

/** Roles that editor themes do not cover. */
export interface ThemeColours {
  series: readonly string[];
  ok: string;
  bad: string;
  warn: string;
}

export const themeColours: Readonly<Record<Theme, ThemeColours>> = {
  dark: {
    series: hues('56B4E9 E69F00 2DB88C D98CB8 F0E442 EE7B43 7E9BE8 B8B8B8'),
    ok: '#73C991',
    bad: '#F2706A',
    warn: '#D9B11E',
  },
  light: {
    series: hues('0072B2 B36B00 007A5A A64D8A 857400 C24A00 4A62C4 5C5C5C'),
    ok: '#1A7F37',
    bad: '#C72E0F',
    warn: '#8A6100',
  },
  highContrast: {
    series: hues('56B4E9 FFB000 00E0A0 FF9FD5 F0E442 FF7F45 A9C1FF FFFFFF'),
    ok: '#89D185',
    bad: '#F48771',
    warn: '#FFD370',
  },
};

/** Dash patterns of slots 0–7, in pixels; empty = solid. */
export const dashes: readonly (readonly number[])[] = [
  [],
  [8, 4],
  [2, 3],
  [10, 3, 2, 3],
  [14, 4],
  [5, 2, 2, 2],
  [4, 2],
  [1, 4],
];

export const SLOTS = 8;

export const colourOf = (slot: number, theme: Theme): string =>
  themeColours[theme].series[slot % SLOTS]!;

export const dashOf = (slot: number): readonly number[] => dashes[slot % SLOTS]!;

/** Run id → slot. */
export type Slots = Readonly<Record<string, number>>;

/**
 * Gives every id without a slot the least used one among `ids`, the lowest of equals; those that
 * have one keep it.
 */
export function assignSlots(known: Slots, ids: readonly string[]): Slots {
  const slots: Record<string, number> = { ...known };
  const uses = new Array<number>(SLOTS).fill(0);
  for (const id of ids) {
    const slot = slots[id];
    if (slot !== undefined) uses[slot % SLOTS]!++;
  }
  for (const id of ids) {
    if (slots[id] !== undefined) continue;
    const slot = uses.indexOf(Math.min(...uses));
    slots[id] = slot;
    uses[slot]!++;
  }
  return slots;
}

function hues(list: string): string[] {
  return list.split(' ').map(hue => `#${hue}`);
}
