/** The mark of each strategy: shape and hue together, never hue alone. */
import { type SVGTemplateResult, type TemplateResult, html, svg } from 'lit/html.js';
import type { StrategyName } from '../../src/protocol/cacheStudy';
import { css } from '../theme/cssProperties';
import { strategyLooks } from './words';

/** A mark around (x, y) within an SVG; hollow when another way is better. */
export function markAt(
  strategy: StrategyName,
  { x, y, size = 5, isHollow = false }: { x: number; y: number; size?: number; isHollow?: boolean },
): SVGTemplateResult {
  const { shape, slot } = strategyLooks[strategy];
  const looks = css({ '--own': `var(--wr-series-${slot})` });
  const hollow = isHollow ? 'hollow' : '';
  switch (shape) {
    case 'square':
      return svg`<rect class="mark ${hollow}" ${looks} x=${x - size} y=${y - size} width=${2 * size} height=${2 * size} />`;
    case 'circle':
      return svg`<circle class="mark ${hollow}" ${looks} cx=${x} cy=${y} r=${size} />`;
    case 'triangle':
      return svg`<path class="mark ${hollow}" ${looks} d=${`M${x} ${y - size - 1}l${size + 1} ${2 * size + 1}h${-2 * size - 2}z`} />`;
    case 'diamond':
      return svg`<path class="mark ${hollow}" ${looks} d=${`M${x} ${y - size - 1}l${size + 1} ${size + 1}l${-size - 1} ${size + 1}l${-size - 1} ${-size - 1}z`} />`;
    case 'cross':
      return svg`<path class="mark cross ${hollow}" ${looks} d=${`M${x - size} ${y - size}L${x + size} ${y + size}M${x - size} ${y + size}L${x + size} ${y - size}`} />`;
  }
}

/** For legends and headings. */
export const markOf = (strategy: StrategyName): TemplateResult =>
  html`<svg class="mark-of" width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
    ${markAt(strategy, { x: 7, y: 7 })}
  </svg>`;
