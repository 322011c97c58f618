/** The colours of heat maps, from low to high, in each kind of theme. */
import type { Theme } from '../../src/curves/seriesStyle';

type Colour = readonly [red: number, green: number, blue: number];

const colours = (list: string): Colour[] =>
  list.split(' ').map(hex => {
    const number = parseInt(hex, 16);
    return [number >> 16, (number >> 8) & 255, number & 255];
  });

const ramps: Readonly<Record<Theme, readonly Colour[]>> = {
  dark: colours('24303A 1F4F70 2C86B4 86C29A F4E64A'),
  light: colours('EEF4F8 B5D4E6 6AABCD 2A74A6 08355A'),
  highContrast: colours('101418 00486F 0086C4 6CC6A0 FFF04A'),
};

/** @param share 0 = lowest, 1 = highest; what lies beyond is the end itself */
export function rampColour(theme: Theme, share: number): Colour {
  const ramp = ramps[theme];
  const at = Math.min(1, Math.max(0, share)) * (ramp.length - 1);
  const below = Math.min(ramp.length - 2, Math.floor(at));
  const [from, to] = [ramp[below]!, ramp[below + 1]!];
  const mixed = (i: 0 | 1 | 2) => Math.round(from[i] + (to[i] - from[i]) * (at - below));
  return [mixed(0), mixed(1), mixed(2)];
}

export const cssColour = ([red, green, blue]: Colour): string => `rgb(${red} ${green} ${blue})`;

/** For a legend, from left to right. */
export const rampGradient = (theme: Theme): string =>
  `linear-gradient(to right, ${ramps[theme].map(cssColour).join(', ')})`;

/** Black or white, whichever can be read on a colour. Source: WCAG 2, relative luminance. */
export function textOn(colour: Colour): '#000000' | '#ffffff' {
  const [red, green, blue] = colour.map(channel => {
    const share = channel / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  // where black and white contrast equally
  return luminance > 0.179 ? '#000000' : '#ffffff';
}
