/**
 * The editor's theme as the views see it: which of the three kinds it is, the `--wr-*` colours that
 * themes do not cover, and the colours that a canvas has to be told.
 */
import { type Theme, themeColours } from '../../src/curves/seriesStyle';

export interface Palette {
  theme: Theme;
  page: string;
  text: string;
  faint: string;
  /** Axis lines. */
  axis: string;
  /** Opacity of grid lines drawn in the text's colour. */
  gridOpacity: number;
  /** Opacity of min–max bands. */
  bandOpacity: number;
}

/** A high-contrast light theme has the white page for which the light colours are made. */
export function themeOf(body: HTMLElement): Theme {
  const has = (name: string) => body.classList.contains(name);
  if (has('vscode-high-contrast-light') || has('vscode-light')) return 'light';
  return has('vscode-high-contrast') ? 'highContrast' : 'dark';
}

/** Sets the `--wr-*` roles for the present theme, and returns what a canvas needs. */
export function applyTheme(): Palette {
  const theme = themeOf(document.body);
  const { series, ok, bad, warn } = themeColours[theme];
  const root = document.body.style;
  series.forEach((colour, slot) => root.setProperty(`--wr-series-${slot}`, colour));
  for (const [role, colour] of Object.entries({ ok, bad, warn }))
    root.setProperty(`--wr-${role}`, colour);
  const computed = getComputedStyle(document.body);
  const read = (name: string, otherwise: string) =>
    computed.getPropertyValue(`--vscode-${name}`).trim() || otherwise;
  const text = read('foreground', '#808080');
  const isHighContrast = document.body.classList.contains('vscode-high-contrast');
  return {
    theme,
    page: read('editor-background', 'transparent'),
    text,
    faint: read('descriptionForeground', text),
    axis: text,
    gridOpacity: isHighContrast ? 0.24 : 0.09,
    bandOpacity: theme === 'light' ? 0.28 : 0.26,
  };
}

/** Calls back whenever the editor's theme changes. */
export function onThemeChange(changed: () => void): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}

/** Whether the user wants no motion. */
export const prefersStill = (): boolean =>
  document.body.classList.contains('vscode-reduce-motion') ||
  matchMedia('(prefers-reduced-motion: reduce)').matches;
